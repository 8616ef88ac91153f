/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-image-cache.hpp"

#include <algorithm>

#include <drm/drm_fourcc.h>

#include "gl-egl-calls.hpp"

namespace red {

namespace {

/* Is the texture at least as large as announced? True if GL does not report its size (OpenGL ES
 * 3.0, external textures) */
bool texture_covers(const GlBoundImage &bound)
{
    if (epoxy_gl_version() < 31 || bound.target != GL_TEXTURE_2D) {
        return true;
    }
    GLint width = 0, height = 0;
    glGetTexLevelParameteriv(GL_TEXTURE_2D, 0, GL_TEXTURE_WIDTH, &width);
    glGetTexLevelParameteriv(GL_TEXTURE_2D, 0, GL_TEXTURE_HEIGHT, &height);
    return width >= 0 && height >= 0 &&
        static_cast<uint32_t>(width) >= bound.width &&
        static_cast<uint32_t>(height) >= bound.height;
}

/* Packed YUV with 8 or more bits for each of three components, which as a texture looks
 * like RGB */
bool is_yuv_444(uint32_t fourcc)
{
    switch (fourcc) {
    case DRM_FORMAT_AYUV:
    case DRM_FORMAT_XYUV8888:
    case DRM_FORMAT_VUY888:
    case DRM_FORMAT_VUY101010:
    case DRM_FORMAT_Y410:
    case DRM_FORMAT_Y412:
    case DRM_FORMAT_Y416:
    case DRM_FORMAT_XVYU2101010:
    case DRM_FORMAT_XVYU12_16161616:
    case DRM_FORMAT_XVYU16161616:
        return true;
    default:
        return false;
    }
}

/* Some drivers bind a YUV image as a plain texture, in which red and green are luma and chroma as
 * they lie in memory. Only external textures convert. */
bool shows_raw_yuv(const GlContext &context, const GlBoundImage &bound)
{
    int fourcc = 0, planes = 0;
    if (context.can_export() &&
        egl_calls().export_query(context.display(), bound.image, &fourcc, &planes, nullptr) &&
        is_yuv_444(fourcc)) {
        return true;
    }
    if (epoxy_gl_version() < 31) {
        return false;
    }
    GLint blue_bits = 0;
    glGetTexLevelParameteriv(GL_TEXTURE_2D, 0, GL_TEXTURE_BLUE_SIZE, &blue_bits);
    return blue_bits == 0;
}

void attach_framebuffer(GlBoundImage &bound, bool bgra_is_known)
{
    glGenFramebuffers(1, &bound.framebuffer);
    glBindFramebuffer(GL_FRAMEBUFFER, bound.framebuffer);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D,
                           bound.texture, 0);
    const bool complete =
        glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
    glBindFramebuffer(GL_FRAMEBUFFER, 0);
    gl_clear_errors();
    if (!complete) {
        glDeleteFramebuffers(1, &bound.framebuffer);
        bound.framebuffer = 0;
        return;
    }
    bound.read_bgra = bgra_is_known;
}

} // namespace

GlBoundImage::~GlBoundImage()
{
    if (framebuffer) {
        glDeleteFramebuffers(1, &framebuffer);
    }
    if (texture) {
        glDeleteTextures(1, &texture);
    }
}

GlImageCache::Binding GlImageCache::bind_texture(GlBoundImage &bound, GLenum target,
                                                 std::string *why) const
{
    bound.target = target;
    glGenTextures(1, &bound.texture);
    glBindTexture(target, bound.texture);
    /* the only values that external textures allow; the default ones need mipmaps */
    glTexParameteri(target, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(target, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(target, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(target, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    gl_clear_errors();
    glEGLImageTargetTexture2DOES(target, bound.image);
    const GLenum error = glGetError();
    Binding result = Binding::WRONG_TARGET;
    if (error != GL_NO_ERROR) {
        *why = std::string("glEGLImageTargetTexture2DOES: ") + gl_error_name(error);
    } else if (!texture_covers(bound)) {
        *why = "the image is smaller than announced";
        result = Binding::TOO_SMALL;
    } else if (target == GL_TEXTURE_2D && shows_raw_yuv(ctx, bound)) {
        *why = "the image is not RGB, and GL_OES_EGL_image_external_essl3 is not supported";
    } else {
        result = Binding::DONE;
    }
    glBindTexture(target, 0);
    if (result != Binding::DONE) {
        glDeleteTextures(1, &bound.texture);
        bound.texture = 0;
    }
    return result;
}

std::unique_ptr<GlBoundImage> GlImageCache::bind(const GlSource &source, std::string *why) const
{
    auto bound = std::make_unique<GlBoundImage>();
    bound->image_id = source.image_id;
    bound->image = source.image;
    bound->width = source.width;
    bound->height = source.height;
    const Binding binding = bind_texture(*bound, GL_TEXTURE_2D, why);
    if (binding == Binding::DONE) {
        attach_framebuffer(*bound, ctx.can_read_bgra());
        return bound;
    }
    /* YUV and the like can only be external textures */
    if (binding == Binding::WRONG_TARGET && ctx.can_sample_external() &&
        bind_texture(*bound, GL_TEXTURE_EXTERNAL_OES, why) == Binding::DONE) {
        return bound;
    }
    return nullptr;
}

GlBoundImage *GlImageCache::get(const GlSource &source, std::string *why)
{
    auto known = std::find_if(images.begin(), images.end(), [&](const auto &bound) {
        return bound->image_id == source.image_id;
    });
    if (known != images.end()) {
        const GlBoundImage &bound = **known;
        if (bound.image == source.image && bound.width == source.width &&
            bound.height == source.height) {
            std::rotate(known, known + 1, images.end());
            return images.back().get();
        }
    }
    auto bound = bind(source, why);
    if (!bound) {
        return nullptr;
    }
    if (known != images.end()) {
        images.erase(known);
    } else if (images.size() >= MAX_IMAGES) {
        images.erase(images.begin());
    }
    images.push_back(std::move(bound));
    return images.back().get();
}

void GlImageCache::forget(uint64_t image_id)
{
    images.erase(std::remove_if(images.begin(), images.end(), [&](const auto &bound) {
        return bound->image_id == image_id;
    }), images.end());
}

} // namespace red

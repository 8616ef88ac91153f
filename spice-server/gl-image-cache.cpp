/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-image-cache.hpp"

#include <algorithm>

namespace red {

namespace {

/* True where it cannot be asked (OpenGL ES 3.0, external textures) */
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

bool GlImageCache::bind_texture(GlBoundImage &bound, GLenum target, std::string *why) const
{
    bound.target = target;
    glGenTextures(1, &bound.texture);
    glBindTexture(target, bound.texture);
    /* the only ones external textures allow; the default ones want mipmaps */
    glTexParameteri(target, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(target, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(target, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(target, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    gl_clear_errors();
    glEGLImageTargetTexture2DOES(target, bound.image);
    const GLenum error = glGetError();
    const bool covers = error == GL_NO_ERROR && texture_covers(bound);
    glBindTexture(target, 0);
    if (covers) {
        return true;
    }
    glDeleteTextures(1, &bound.texture);
    bound.texture = 0;
    *why = error == GL_NO_ERROR ? "the image is smaller than announced" :
        std::string("glEGLImageTargetTexture2DOES: ") + gl_error_name(error);
    return false;
}

std::unique_ptr<GlBoundImage> GlImageCache::bind(const GlSource &source, std::string *why) const
{
    auto bound = std::make_unique<GlBoundImage>();
    bound->image_id = source.image_id;
    bound->image = source.image;
    bound->width = source.width;
    bound->height = source.height;
    if (bind_texture(*bound, GL_TEXTURE_2D, why)) {
        attach_framebuffer(*bound, ctx.can_read_bgra());
        return bound;
    }
    /* YUV and the like exist as external textures only */
    if (ctx.can_sample_external() && bind_texture(*bound, GL_TEXTURE_EXTERNAL_OES, why)) {
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

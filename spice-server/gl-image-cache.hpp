/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Textures and framebuffers made from EGLImages, kept per backing image. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gl-context.hpp"

namespace red {

/* The image to read from */
struct GlSource {
    uint64_t image_id = 0;      /* identity, never 0; EGL reuses EGLImage handles, ids are unique */
    EGLImage image = EGL_NO_IMAGE;
    uint32_t width = 0, height = 0; /* of the whole image, pixels, 1 to 32768 */
    bool y0_top = false;        /* first line in memory is the picture's top line */
};

/* The GL objects of an EGLImage; owns them, so the context must be current when it is destroyed */
struct GlBoundImage {
    uint64_t image_id = 0;
    EGLImage image = EGL_NO_IMAGE;
    uint32_t width = 0, height = 0;
    GLenum target = GL_TEXTURE_2D; /* or GL_TEXTURE_EXTERNAL_OES */
    GLuint texture = 0;
    GLuint framebuffer = 0;        /* 0: the image can only be sampled */
    bool read_bgra = false;        /* glReadPixels accepts GL_BGRA_EXT for the framebuffer */

    GlBoundImage() = default;
    ~GlBoundImage();
    GlBoundImage(const GlBoundImage &) = delete;
    GlBoundImage &operator=(const GlBoundImage &) = delete;
};

/* Used in one thread, with the context current there. */
class GlImageCache
{
public:
    static constexpr size_t MAX_IMAGES = 64; /* then the least recently used one is dropped */

    explicit GlImageCache(const GlContext &context): ctx(context) {}

    /* The texture of SOURCE, created if necessary. Valid until the next call. Null, with the reason
     * in *why, if GL refuses the image, or if it is smaller than SOURCE says. */
    GlBoundImage *get(const GlSource &source, std::string *why);
    void forget(uint64_t image_id);
    size_t size() const { return images.size(); }

private:
    enum class Binding { DONE, WRONG_TARGET, TOO_SMALL };

    std::unique_ptr<GlBoundImage> bind(const GlSource &source, std::string *why) const;
    Binding bind_texture(GlBoundImage &bound, GLenum target, std::string *why) const;

    const GlContext &ctx;
    std::vector<std::unique_ptr<GlBoundImage>> images; /* most recently used last */
};

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Textures and framebuffers made from EGLImages, kept per backing image. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gl-context.hpp"

namespace red {

/* What to read from */
struct GlSource {
    uint64_t image_id = 0;      /* never 0; identity: EGLImage handles are reused by EGL, ids never */
    EGLImage image = EGL_NO_IMAGE;
    uint32_t width = 0, height = 0; /* of the whole image, pixels, 1 to 32768 */
    bool y0_top = false;        /* first line in memory is the picture's top line */
};

/* An EGLImage in the context's terms; owns its GL names, so it goes with the context current */
struct GlBoundImage {
    uint64_t image_id = 0;
    EGLImage image = EGL_NO_IMAGE;
    uint32_t width = 0, height = 0;
    GLenum target = GL_TEXTURE_2D; /* or GL_TEXTURE_EXTERNAL_OES */
    GLuint texture = 0;
    GLuint framebuffer = 0;        /* 0: the image cannot be one, only be sampled */
    bool read_bgra = false;        /* glReadPixels knows the framebuffer as GL_BGRA_EXT */

    GlBoundImage() = default;
    ~GlBoundImage();
    GlBoundImage(const GlBoundImage &) = delete;
    GlBoundImage &operator=(const GlBoundImage &) = delete;
};

/* Used in one thread, with the context current there. */
class GlImageCache
{
public:
    static constexpr size_t MAX_IMAGES = 64; /* the one used longest ago makes room */

    explicit GlImageCache(const GlContext &context): ctx(context) {}

    /* The texture of SOURCE, made if need be. Valid until the next call.
     * Null with *why when GL does not take the image, or when it is smaller
     * than SOURCE says. */
    GlBoundImage *get(const GlSource &source, std::string *why);
    void forget(uint64_t image_id);
    size_t size() const { return images.size(); }

private:
    enum class Binding { DONE, WRONG_TARGET, TOO_SMALL };

    std::unique_ptr<GlBoundImage> bind(const GlSource &source, std::string *why) const;
    Binding bind_texture(GlBoundImage &bound, GLenum target, std::string *why) const;

    const GlContext &ctx;
    std::vector<std::unique_ptr<GlBoundImage>> images; /* last used last */
};

} // namespace red

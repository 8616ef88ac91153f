/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Reads a rectangle of an EGLImage into memory, asynchronously through a pixel buffer object. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "gl-context.hpp"
#include "gl-image-cache.hpp"
#include "gl-pixels.hpp"
#include "gl-rect.hpp"

namespace red {

/* One readback at a time: begin(), then ready() until it is true, then map() and unmap(). Used in
 * one thread, with the context current there. */
class GlReadback
{
public:
    explicit GlReadback(GlContext &context);
    ~GlReadback();
    GlReadback(const GlReadback &) = delete;
    GlReadback &operator=(const GlReadback &) = delete;

    /* Starts reading RECT (pixels of the picture, top left origin, inside the image).
     * Textures made from an image are kept until forget(). Images that cannot be a
     * framebuffer (YUV, external-only) are drawn through a sampler first. False, with the
     * reason in *why, if SOURCE cannot be read or a readback is in flight. */
    bool begin(const GlSource &source, const GlRect &rect, std::string *why);
    bool in_flight() const;
    /* Polls, does not wait */
    bool ready() const;
    /* Waits at most TIMEOUT_NS */
    bool wait(uint64_t timeout_ns) const;
    /* The rectangle's pixels, valid until unmap(). Waits if they are not ready. False, with the
     * reason in *why: there are none, and the readback is over. */
    bool map(GlPixels *pixels, std::string *why);
    /* Ends the readback. False, with the reason in *why: the mapped pixels may be garbage. */
    bool unmap(std::string *why);
    /* Cancels the readback in flight */
    void cancel();
    /* The image will not be read any more: drops its texture */
    void forget(uint64_t image_id);

private:
    struct Private;
    std::unique_ptr<Private> priv;
};

} // namespace red

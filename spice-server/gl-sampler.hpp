/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Draws part of an image that cannot be a framebuffer into a texture that can. */
#pragma once

#include <cstdint>
#include <string>

#include "gl-image-cache.hpp"
#include "gl-rect.hpp"

namespace red {

/* Used, and destroyed, in one thread with the context current there. */
class GlSampler
{
public:
    GlSampler() = default;
    ~GlSampler();
    GlSampler(const GlSampler &) = delete;
    GlSampler &operator=(const GlSampler &) = delete;

    /* Draws RECT (pixels of the image's memory, whose first line is line 0) to the lower left
     * corner of the returned RGBA8 framebuffer, first line at the bottom. The framebuffer belongs
     * to the sampler, and keeps the pixels until the next call. Returns 0, with the reason in
     * *why, on failure. */
    GLuint draw(const GlBoundImage &source, const GlRect &rect, std::string *why);

private:
    void drop_target();
    bool make_target(uint32_t width, uint32_t height, std::string *why);
    GLuint program_for(GLenum target, std::string *why);

    GLuint texture = 0, framebuffer = 0;
    uint32_t target_width = 0, target_height = 0;
    GLuint program_2d = 0, program_external = 0;
};

} // namespace red

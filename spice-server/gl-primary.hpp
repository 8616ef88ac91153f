/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The display channel's primary surface while a GL scanout is on the screen: what remote
 * clients see. Frames read back go in as drawables, so that the display channel does for them
 * what it does for 2D: drop what is covered, detect video, encode, compress, cache.
 *
 * Display worker's thread.
 */
#pragma once

#include <cstdint>

#include "display-channel.h"
#include "gl-rect.hpp"

namespace red {

class GlPrimary
{
public:
    /* Pixels each way; keeps every byte count of a surface below 2^31 */
    static constexpr uint32_t MAX_SIZE = 16384;

    bool exists() const { return w != 0; }
    uint32_t width() const { return w; }
    uint32_t height() const { return h; }
    bool fits(uint32_t width, uint32_t height) const { return w == width && h == height; }
    /* Replaces it by a black one of this size; clients are told. False: too large, no memory */
    bool create(DisplayChannel *display, uint32_t width, uint32_t height);
    void destroy(DisplayChannel *display);

    /* One frame, or part of it. PIXELS: rect.w * 4 bytes a line, no padding, B G R x, top line
     * first; from malloc(), taken over. */
    void draw(DisplayChannel *display, const GlRect &rect, uint8_t *pixels);

private:
    uint32_t w = 0, h = 0;
    uint32_t generation = 0;
    bool mark_pending = false;
};

} // namespace red

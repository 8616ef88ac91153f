/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The pixels of a readback, in the order in which GL delivers them. No GL, no spice types. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gl-rect.hpp"

namespace red {

struct GlPixels {
    static constexpr size_t BYTES = 4; /* of a pixel */

    const uint8_t *top = nullptr; /* the first line of the picture */
    ptrdiff_t stride = 0;         /* bytes; negative if memory begins with the bottom line */
    bool bgra = true;             /* in memory B, G, R, x; otherwise R, G, B, x */

    const uint8_t *line(uint32_t y) const { return top + ptrdiff_t(y) * stride; }

    /* Copies PART (relative to the top left corner) to DST, top line first, as B, G, R, 0xff.
     * DST_STRIDE: bytes, at least BYTES * part.w */
    void copy(const GlRect &part, uint8_t *dst, size_t dst_stride) const
    {
        for (uint32_t y = 0; y < part.h; y++) {
            const uint8_t *src = line(part.y + y) + part.x * BYTES;
            (bgra ? copy_bgrx : copy_rgbx)(dst + y * dst_stride, src, part.w);
        }
    }

private:
    /* The four bytes as a word, in memory order on any machine */
    static uint32_t word(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
    {
        const uint8_t bytes[] = { a, b, c, d };
        uint32_t value;
        memcpy(&value, bytes, sizeof(value));
        return value;
    }

    static void copy_bgrx(uint8_t *dst, const uint8_t *src, size_t pixels)
    {
        const uint32_t alpha = word(0, 0, 0, 0xff);
        for (size_t i = 0; i < pixels; i++) {
            uint32_t pixel;
            memcpy(&pixel, src + i * BYTES, BYTES);
            pixel |= alpha;
            memcpy(dst + i * BYTES, &pixel, BYTES);
        }
    }

    /* Rotating by half swaps the first and the third byte in either byte order */
    static void copy_rgbx(uint8_t *dst, const uint8_t *src, size_t pixels)
    {
        const uint32_t alpha = word(0, 0, 0, 0xff);
        const uint32_t green = word(0, 0xff, 0, 0), red_blue = word(0xff, 0, 0xff, 0);
        for (size_t i = 0; i < pixels; i++) {
            uint32_t pixel;
            memcpy(&pixel, src + i * BYTES, BYTES);
            const uint32_t exchanged = (pixel << 16) | (pixel >> 16);
            pixel = (exchanged & red_blue) | (pixel & green) | alpha;
            memcpy(dst + i * BYTES, &pixel, BYTES);
        }
    }
};

} // namespace red

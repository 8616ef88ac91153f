/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Rectangles in pixels, top left origin. No GL, no spice types: unit tests use it alone. */
#pragma once

#include <algorithm>
#include <cstdint>

namespace red {

struct GlRect {
    uint32_t x = 0, y = 0, w = 0, h = 0;

    bool empty() const { return w == 0 || h == 0; }
    bool operator==(const GlRect &o) const { return x == o.x && y == o.y && w == o.w && h == o.h; }

    /* The part of this rectangle inside 0,0 WIDTH x HEIGHT. Any values are safe:
     * they come from the guest. */
    GlRect clipped(uint32_t width, uint32_t height) const
    {
        if (x >= width || y >= height) {
            return {};
        }
        return { x, y, std::min(w, width - x), std::min(h, height - y) };
    }

    /* The smallest rectangle around both. Edges past 2^32 - 1 are cut off there, so that
     * even unclipped rectangles never shrink. */
    GlRect united(const GlRect &o) const
    {
        if (empty()) {
            return o;
        }
        if (o.empty()) {
            return *this;
        }
        const uint32_t left = std::min(x, o.x), top = std::min(y, o.y);
        const uint32_t right = std::max(end(x, w), end(o.x, o.w));
        const uint32_t bottom = std::max(end(y, h), end(o.y, o.h));
        return { left, top, right - left, bottom - top };
    }

private:
    static uint32_t end(uint32_t start, uint32_t length)
    {
        return length > UINT32_MAX - start ? UINT32_MAX : start + length;
    }
};

} // namespace red

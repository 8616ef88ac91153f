/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * A frame of a display in memory, as remote clients see it. Constant once it is published:
 * encoders in any thread read it without locks, and release it as soon as they have read it.
 *
 * No GL, no spice types: unit tests use it alone.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "gl-rect.hpp"

namespace red {

class GlFrame
{
public:
    static constexpr size_t BYTES = 4; /* of a pixel: B, G, R, 0xff */

    /* Null: no memory. The pixels are not initialised. */
    static std::shared_ptr<GlFrame> create(uint32_t width, uint32_t height);
    ~GlFrame();
    GlFrame(const GlFrame &) = delete;
    GlFrame &operator=(const GlFrame &) = delete;

    uint32_t width() const { return w; }
    uint32_t height() const { return h; }
    size_t stride() const { return size_t{w} * BYTES; } /* bytes */
    GlRect all() const { return { 0, 0, w, h }; }
    /* Top line first */
    const uint8_t *line(uint32_t y) const { return memory + y * stride(); }
    const uint8_t *pixel(uint32_t x, uint32_t y) const { return line(y) + x * BYTES; }
    uint8_t *writable_line(uint32_t y) { return memory + y * stride(); }

    /* One more than that of the display's previous frame; set by the publisher */
    uint64_t serial = 0;
    /* Monotonic, when the frame had been read back */
    uint64_t time_ns = 0;

private:
    GlFrame(uint32_t width, uint32_t height, uint8_t *memory);

    const uint32_t w, h;
    uint8_t *const memory; /* from mmap(), so that freeing it returns it to the system at once */
};

using GlFramePtr = std::shared_ptr<const GlFrame>;

} // namespace red

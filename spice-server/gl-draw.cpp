/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-draw.hpp"

#include <atomic>

#include "gl-frame.hpp"

namespace red {

/* Clients look up images by id. No other ids have this upper half, since QXL's groups are small
 * numbers. */
static uint64_t new_image_id()
{
    static std::atomic<uint32_t> last{ 0 };
    constexpr uint64_t OURS = 0x474c; // "GL"

    return OURS << 32 | ++last;
}

/* SPICE_MSG_DISPLAY_DRAW_COPY up to what depends on the image's type. SIZE: bytes that follow */
static GlBody draw_copy(const GlRect &area, SpiceImageType type, size_t size)
{
    constexpr uint32_t IMAGE = 57; /* offset of the image, bytes */
    GlBody body;

    body.reserve(IMAGE + 64 + size);
    body.u32(0) // surface
        .rect(area)
        .u8(SPICE_CLIP_TYPE_NONE)
        .u32(IMAGE)
        .rect({ 0, 0, area.w, area.h }) // of the image
        .u16(SPICE_ROPD_OP_PUT)
        .u8(SPICE_IMAGE_SCALE_MODE_NEAREST)
        .u8(0).u32(0).u32(0).u32(0); // no mask
    body.u64(new_image_id())
        .u8(type)
        .u8(0) // flags: not for the cache
        .u32(area.w).u32(area.h);
    return body;
}

GlBody gl_image_body(const GlRect &area, SpiceImageType type, size_t size)
{
    auto body = draw_copy(area, type, size);
    body.u32(size);
    return body;
}

GlBody gl_pixels_body(const GlRect &area)
{
    const uint32_t stride = area.w * GlFrame::BYTES;
    auto body = draw_copy(area, SPICE_IMAGE_TYPE_BITMAP, size_t{stride} * area.h);

    body.u8(SPICE_BITMAP_FMT_32BIT)
        .u8(SPICE_BITMAP_FLAGS_TOP_DOWN)
        .u32(area.w).u32(area.h).u32(stride)
        .u32(0); // no palette
    return body;
}

GlMessage gl_image_message(const GlRect &area, SpiceImageType type,
                           const std::vector<uint8_t> &data)
{
    return gl_image_body(area, type, data.size()).data(data.data(), data.size())
        .message(SPICE_MSG_DISPLAY_DRAW_COPY);
}

} // namespace red

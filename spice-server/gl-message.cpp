/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-message.hpp"

#include <spice/enums.h>

namespace red {

GlMessage gl_surface_create(uint32_t width, uint32_t height)
{
    return GlBody().u32(0).u32(width).u32(height).u32(SPICE_SURFACE_FMT_32_xRGB)
        .u32(SPICE_SURFACE_FLAGS_PRIMARY).message(SPICE_MSG_DISPLAY_SURFACE_CREATE);
}

GlMessage gl_surface_destroy()
{
    return GlBody().u32(0).message(SPICE_MSG_DISPLAY_SURFACE_DESTROY);
}

GlMessage gl_mark()
{
    return GlBody().message(SPICE_MSG_DISPLAY_MARK);
}

static GlBody &clip(GlBody &body, bool shown)
{
    return shown ? body.u8(SPICE_CLIP_TYPE_NONE) : body.u8(SPICE_CLIP_TYPE_RECTS).u32(0);
}

GlMessage gl_stream_create(uint32_t id, uint8_t codec, const GlRect &dest, bool top_down,
                           bool shown)
{
    GlBody body;
    body
        .u32(0) // surface
        .u32(id)
        .u8(top_down ? SPICE_STREAM_FLAGS_TOP_DOWN : 0)
        .u8(codec)
        .u64(0) // stamp: clients do not use it
        .u32(dest.w).u32(dest.h) // of the stream
        .u32(dest.w).u32(dest.h) // of its frames
        .rect(dest);
    return clip(body, shown).message(SPICE_MSG_DISPLAY_STREAM_CREATE);
}

GlMessage gl_stream_clip(uint32_t id, bool shown)
{
    GlBody body;
    body.u32(id);
    return clip(body, shown).message(SPICE_MSG_DISPLAY_STREAM_CLIP);
}

GlMessage gl_stream_data(uint32_t id, uint32_t stamp, const std::vector<uint8_t> &frame)
{
    GlBody body;
    body.reserve(12 + frame.size());
    return body.u32(id).u32(stamp).u32(frame.size()).data(frame.data(), frame.size())
        .message(SPICE_MSG_DISPLAY_STREAM_DATA);
}

GlMessage gl_stream_destroy(uint32_t id)
{
    return GlBody().u32(id).message(SPICE_MSG_DISPLAY_STREAM_DESTROY);
}

GlMessage gl_stream_activate_report(uint32_t id, uint32_t unique_id, uint32_t window,
                                    uint32_t timeout_ms)
{
    return GlBody().u32(id).u32(unique_id).u32(window).u32(timeout_ms)
        .message(SPICE_MSG_DISPLAY_STREAM_ACTIVATE_REPORT);
}

GlMessage gl_ping(uint32_t id, uint64_t timestamp)
{
    return GlBody().u32(id).u64(timestamp).message(SPICE_MSG_PING);
}

} // namespace red

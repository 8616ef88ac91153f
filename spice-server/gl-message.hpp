/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Messages of the display channel, complete except for their headers. Made in any thread, sent by
 * the display worker. */
#pragma once

#include <cstdint>
#include <vector>

#include "gl-rect.hpp"

namespace red {

struct GlMessage {
    uint16_t type = 0;         /* SPICE_MSG_* */
    std::vector<uint8_t> body; /* laid out as in spice.proto */
};

/* Writes a body: little-endian, without padding */
class GlBody
{
public:
    GlBody &u8(uint8_t value)
    {
        bytes.push_back(value);
        return *this;
    }
    GlBody &u16(uint16_t value) { return u8(value & 0xff).u8(value >> 8); }
    GlBody &u32(uint32_t value) { return u16(value & 0xffff).u16(value >> 16); }
    GlBody &u64(uint64_t value) { return u32(value & UINT32_MAX).u32(value >> 32); }
    GlBody &rect(const GlRect &r) { return u32(r.y).u32(r.x).u32(r.y + r.h).u32(r.x + r.w); }
    GlBody &data(const uint8_t *from, size_t size)
    {
        bytes.insert(bytes.end(), from, from + size);
        return *this;
    }
    void reserve(size_t size) { bytes.reserve(size); }
    GlMessage message(uint16_t type) { return { type, std::move(bytes) }; }

private:
    std::vector<uint8_t> bytes;
};

/* Messages about a remote client's screen, which is surface 0 */
GlMessage gl_surface_create(uint32_t width, uint32_t height);
GlMessage gl_surface_destroy();
GlMessage gl_mark();

/* Messages about a video stream. SHOWN: false if its frames are decoded but not visible. STAMP:
 * multimedia time, ms */
GlMessage gl_stream_create(uint32_t id, uint8_t codec, const GlRect &dest, bool top_down,
                           bool shown);
GlMessage gl_stream_clip(uint32_t id, bool shown);
GlMessage gl_stream_data(uint32_t id, uint32_t stamp, const std::vector<uint8_t> &frame);
GlMessage gl_stream_destroy(uint32_t id);
/* Asks for a report every WINDOW frames, or every TIMEOUT_MS */
GlMessage gl_stream_activate_report(uint32_t id, uint32_t unique_id, uint32_t window,
                                    uint32_t timeout_ms);
/* The client answers with the same ID once it has handled the messages before it */
GlMessage gl_ping(uint32_t id, uint64_t timestamp);

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Video encoded by the CPU: parts of frames in, the codec's frames out. No element that is used
 * here opens a GPU. Nothing waits for the encoder (gl-encoder.hpp).
 */
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <spice/enums.h>

#include "gl-encoder.hpp"
#include "gl-frame.hpp"
#include "gl-rect.hpp"

namespace red {

class GlSwEncoder
{
public:
    struct Format {
        SpiceVideoCodecType codec;
        /* Pixels, any size. What the codecs cannot do (odd sizes, and below 16) is encoded a
         * little larger, and clients, which scale what they decode to the stream's size, show the
         * right one; gl_even() spares both sides that. */
        uint32_t width, height;
        uint32_t frames_per_second;
        /* Bits a second. FRAMES_PER_SECOND frames take that much, in however long a time they are
         * pushed: a frame's share does not grow while none is pushed. */
        uint64_t bit_rate;
    };
    using Callbacks = GlEncoder::Callbacks;

    /* Returns at once; what goes wrong later is for Callbacks::failed. Null with *why when no
     * element that is installed encodes this codec, or the format is empty. */
    static std::unique_ptr<GlSwEncoder> create(const Format &format, Callbacks &&callbacks,
                                               std::string *why);
    ~GlSwEncoder();
    GlSwEncoder(const GlSwEncoder &) = delete;
    GlSwEncoder &operator=(const GlSwEncoder &) = delete;

    const Format &format() const { return form; }
    /* PART is inside the frame and of the format's size. It is read in another thread, and the
     * frame given back as soon as that is done. */
    void push(const GlFramePtr &frame, const GlRect &part);

    /* As GlEncoder's. The encoder goes on with a new bit rate: no restart, no key frame. */
    void force_key_frame();
    void set_bit_rate(uint64_t bits_per_second);
    unsigned pending() const;
    uint64_t replaced() const;
    static bool wait_ended(uint32_t ms);

private:
    GlSwEncoder(const Format &format, std::unique_ptr<GlEncoder> encoder);

    const Format form;
    const std::unique_ptr<GlEncoder> encoder;
};

/* Is there an element for it, and does GStreamer work here? Any thread; quick, but for the first
 * time where gl_codecs_load() has not been told of the codec */
bool gl_sw_can_encode(SpiceVideoCodecType codec);

/* RECT, grown to even width and height where WIDTH x HEIGHT, which it is inside, leaves room */
GlRect gl_even(const GlRect &rect, uint32_t width, uint32_t height);

/*
 * Two empty access units of H.264, to be sent in a message of their own behind each frame.
 * spice-gtk tells its parser nothing about where frames end, so that it shows a frame when it sees
 * the next one begin: without these one frame interval late, and the last frame before a pause not
 * at all.
 */
const std::vector<uint8_t> &gl_h264_flush_unit();

} // namespace red

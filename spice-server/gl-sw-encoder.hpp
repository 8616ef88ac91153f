/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Video encoded by the CPU: parts of frames in, encoded frames out. No element that is used here
 * opens a GPU. Nothing waits for the encoder (gl-encoder.hpp).
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
        /* Pixels, any size. Sizes that the codecs do not support (odd ones, and below 16) are
         * encoded a little larger; clients scale what they decode to the stream's size, so they
         * show the right one. gl_even() spares both sides the scaling. */
        uint32_t width, height;
        uint32_t frames_per_second;
        /* Bits/s. FRAMES_PER_SECOND frames take that many bits, however long it takes to push
         * them: a frame's share does not grow while none is pushed. */
        uint64_t bit_rate;
    };
    using Callbacks = GlEncoder::Callbacks;

    /* Returns at once; Callbacks::failed reports what fails later. Null, with the reason in *why,
     * if no installed element encodes this codec, or the format is empty. */
    static std::unique_ptr<GlSwEncoder> create(const Format &format, Callbacks &&callbacks,
                                               std::string *why);
    ~GlSwEncoder();
    GlSwEncoder(const GlSwEncoder &) = delete;
    GlSwEncoder &operator=(const GlSwEncoder &) = delete;

    const Format &format() const { return form; }
    /* PART must be inside the frame and of the format's size. It is read in another thread, and the
     * frame is released as soon as that is done. */
    void push(const GlFramePtr &frame, const GlRect &part);

    /* As in GlEncoder. A new bit rate causes neither a restart nor a key frame. */
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

/* Is there an element for CODEC, and does GStreamer work here? Any thread. Quick, except for the
 * first call if gl_codecs_load() has not been called for the codec */
bool gl_sw_can_encode(SpiceVideoCodecType codec);

/* RECT, which is inside WIDTH x HEIGHT, grown to even width and height where there is room */
GlRect gl_even(const GlRect &rect, uint32_t width, uint32_t height);

/*
 * Two empty access units of H.264, to be sent in a message of their own after each frame.
 * spice-gtk does not tell its parser where frames end, so it shows a frame when the parser sees the
 * next one begin. Without these units each frame would be one frame interval late, and the last one
 * before a pause would not be shown at all.
 */
const std::vector<uint8_t> &gl_h264_flush_unit();

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * One video stream of a remote client: a rectangle of its screen, encoded in software, and what the
 * client knows of it:
 *
 *   WARMING ──first frame out──▶ WARM ──told()──▶ READY ──begun()──▶ RUNNING
 *
 * Encoders and decoders take time to start. The client is told of the stream with its first frame,
 * which it decodes but does not show. Meanwhile it is served as before, so there is no gap.
 *
 * Display worker's thread.
 */
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gl-frame.hpp"
#include "gl-message.hpp"
#include "gl-sw-encoder.hpp"

namespace red {

class GlStream
{
public:
    enum class State { WARMING, WARM, READY, RUNNING };

    /* NEWS: called from any thread when there is something to take(), or a failure(). Null, with
     * the reason in *why, if there is no encoder for CODEC. */
    static std::unique_ptr<GlStream> create(uint32_t id, SpiceVideoCodecType codec, const GlRect &rect,
                                            uint32_t frames_per_second, uint64_t bit_rate,
                                            const GlFramePtr &frame, std::function<void()> news,
                                            std::string *why);
    GlStream(const GlStream &) = delete;
    GlStream &operator=(const GlStream &) = delete;

    State state() const { return now; }
    uint32_t id() const { return stream_id; }
    SpiceVideoCodecType codec() const { return video_codec; }
    const GlRect &rect() const { return area; }

    /* Encodes the next picture. Must be READY or RUNNING, and not busy(). */
    void push(const GlFramePtr &frame);
    bool busy() const { return frame_due; }
    /* The encoded frame of the picture pushed last, once it is there */
    std::optional<std::vector<uint8_t>> take();
    /* Why there will be no more frames; empty: there will be */
    std::string failure() const;
    /* From WARM: the first frame is being sent; the client is thought to be ready at READY_NS */
    void told(uint64_t ready_ns)
    {
        now = State::READY;
        expected_ns = ready_ns;
    }
    bool is_told() const { return now == State::READY || now == State::RUNNING; }
    bool can_begin(uint64_t now_ns) const { return now == State::READY && now_ns >= expected_ns; }
    /* From READY: the client shows the frame that is being sent */
    void begun() { now = State::RUNNING; }

    /* RATE: bits/s. Changes that are small, or come too soon, are ignored. */
    void set_bit_rate(uint64_t rate, uint64_t now_ns);

private:
    struct Inbox; /* filled by the encoder's threads, may outlive the stream */

    GlStream(uint32_t id, SpiceVideoCodecType codec, const GlRect &rect, uint64_t bit_rate);

    const uint32_t stream_id;
    const SpiceVideoCodecType video_codec;
    const GlRect area;
    State now = State::WARMING;
    bool frame_due = false;
    uint64_t bit_rate, rate_set_ns = 0;
    uint64_t expected_ns = 0;
    std::shared_ptr<Inbox> inbox;
    std::unique_ptr<GlSwEncoder> encoder;
};

} // namespace red

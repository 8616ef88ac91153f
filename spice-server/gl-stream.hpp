/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One video stream of a remote client: a rectangle of its screen, encoded in software, and what the
 * client has been told of it:
 *
 *   WARMING ──first frame out──▶ WARM ──told()──▶ READY ──begun()──▶ RUNNING
 *
 * Encoders and decoders take their time to start. The client is told of the stream with the first
 * frame, which it decodes but does not show, and is served in another way meanwhile, without a gap.
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

    /* NEWS: called from any thread when there is something to take(). Null with *why if there is no
     * encoder for CODEC. */
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

    /* READY or RUNNING, and not busy(): the next picture */
    void push(const GlFramePtr &frame);
    bool busy() const { return frame_due; }
    /* The frame of the picture pushed last, once it is there */
    std::optional<std::vector<uint8_t>> take();
    /* Why there will be no more frames; empty: there will */
    std::string failure() const;
    /* WARM: the first frame is being sent; the client is expected to show others from READY_NS on */
    void told(uint64_t ready_ns)
    {
        now = State::READY;
        expected_ns = ready_ns;
    }
    bool is_told() const { return now == State::READY || now == State::RUNNING; }
    bool can_begin(uint64_t now_ns) const { return now == State::READY && now_ns >= expected_ns; }
    /* READY: the client is shown the frame that is being sent */
    void begun() { now = State::RUNNING; }

    /* bits/s; small changes, and those that come too soon, are left out */
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

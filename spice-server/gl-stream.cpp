/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-stream.hpp"

#include <mutex>
#include <utility>

namespace red {

/* Least time after one change of the bit rate until the next, if that lowers or raises it */
static constexpr uint64_t FALL_NS = 50000000;
static constexpr uint64_t RISE_NS = 250000000;

struct GlStream::Inbox {
    std::mutex lock;
    std::optional<std::vector<uint8_t>> frame;
    std::string failure;
};

GlStream::GlStream(uint32_t id, SpiceVideoCodecType codec, const GlRect &rect, uint64_t rate):
    stream_id(id),
    video_codec(codec),
    area(rect),
    bit_rate(rate),
    inbox(std::make_shared<Inbox>())
{
}

std::unique_ptr<GlStream> GlStream::create(uint32_t id, SpiceVideoCodecType codec,
                                           const GlRect &rect, uint32_t frames_per_second, uint64_t rate,
                                           const GlFramePtr &frame, std::function<void()> news,
                                           std::string *why)
{
    std::unique_ptr<GlStream> self(new GlStream(id, codec, rect, rate));
    auto inbox = self->inbox;
    GlSwEncoder::Callbacks callbacks;

    callbacks.encoded = [inbox, news](std::vector<uint8_t> &&encoded, bool) {
        {
            std::lock_guard<std::mutex> guard(inbox->lock);
            inbox->frame = std::move(encoded);
        }
        news();
    };
    callbacks.failed = [inbox, news](const std::string &reason) {
        {
            std::lock_guard<std::mutex> guard(inbox->lock);
            inbox->failure = reason;
        }
        news();
    };
    self->encoder = GlSwEncoder::create({ codec, rect.w, rect.h, frames_per_second, rate },
                                        std::move(callbacks), why);
    if (!self->encoder) {
        return {};
    }
    self->push(frame);
    return self;
}

void GlStream::push(const GlFramePtr &frame)
{
    frame_due = true;
    encoder->push(frame, area);
}

std::optional<std::vector<uint8_t>> GlStream::take()
{
    std::optional<std::vector<uint8_t>> frame;
    {
        std::lock_guard<std::mutex> guard(inbox->lock);
        frame.swap(inbox->frame);
    }
    if (frame) {
        frame_due = false;
    }
    if (frame && now == State::WARMING) {
        now = State::WARM;
    }
    return frame;
}

std::string GlStream::failure() const
{
    std::lock_guard<std::mutex> guard(inbox->lock);
    return inbox->failure;
}

void GlStream::set_bit_rate(uint64_t rate, uint64_t now_ns)
{
    const bool falls = rate < bit_rate;
    const uint64_t difference = falls ? bit_rate - rate : rate - bit_rate;

    if (difference * 20 > bit_rate && now_ns - rate_set_ns > (falls ? FALL_NS : RISE_NS)) {
        bit_rate = rate;
        rate_set_ns = now_ns;
        encoder->set_bit_rate(rate);
    }
}

} // namespace red

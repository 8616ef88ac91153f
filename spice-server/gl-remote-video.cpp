/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* GlRemote's video: how moving parts are sent, and the streams for them */
#include <config.h>

#include "gl-remote.hpp"

#include <algorithm>
#include <utility>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "main-channel-client.h"
#include "red-client.h"
#include "reds.h"

namespace red {

static constexpr uint64_t MS = 1000000;
/* Stream ids are reused as late as possible: reports do not say which stream of an id they mean */
static constexpr uint32_t STREAM_IDS = 16;
static constexpr uint32_t REPORT_FRAMES = 5, REPORT_MS = 500;
static constexpr uint64_t MIN_BIT_RATE = 200 * 1000;
/* A client's decoder is assumed to be ready this long after the client was told of the stream; the
 * first decoder takes longer. Clients do not report it; until then they get JPEG. */
static constexpr uint64_t DECODER_NS = 120 * MS, FIRST_DECODER_NS = 400 * MS;
/* A moving rectangle is worth a stream once it has been the same for this long */
static constexpr uint64_t STEADY_NS = 200 * MS;

/* ---- what the client can be sent ---- */

static bool has_codec(DisplayChannelClient *dcc, const RedVideoCodec &codec)
{
    if (!dcc->test_remote_cap(SPICE_DISPLAY_CAP_MULTI_CODEC)) {
        return codec.type == SPICE_VIDEO_CODEC_TYPE_MJPEG; // all old clients have it
    }
    return dcc->test_remote_cap(codec.cap);
}

GlRemote::Codecs GlRemote::codecs() const
{
    Codecs found;

    found.video = display_channel_get_stream_video(DCC_TO_DC(dcc)) != SPICE_STREAM_VIDEO_OFF;
    if (!found.video) {
        return found;
    }
    auto list = dcc_get_preferred_video_codecs_for_encoding(dcc);
    for (guint i = 0; i < list->len; i++) {
        const auto &codec = g_array_index(list, RedVideoCodec, i);
        if (!has_codec(dcc, codec)) {
            continue;
        }
        if (codec.type == SPICE_VIDEO_CODEC_TYPE_MJPEG) {
            found.fixed_jpeg = found.fixed_jpeg || !found.inter;
            found.jpeg = true;
        } else if (!found.inter && !((screen.failed_codecs | refused_codecs) & (1u << codec.type)) &&
                   gl_sw_can_encode(codec.type)) {
            found.fixed_inter = !found.jpeg;
            found.inter = codec.type;
        }
    }
    found.video = found.jpeg || found.inter; // without a codec, no JPEG images either
    /* The order decides if the client has stated a preference; otherwise the link does */
    const bool chosen = dcc->priv->client_preferred_video_codecs;
    found.fixed_jpeg = found.jpeg && (!found.inter || (chosen && found.fixed_jpeg));
    found.fixed_inter = found.inter && (!found.jpeg || (chosen && found.fixed_inter));
    return found;
}

uint64_t GlRemote::video_bit_rate(const GlRect &rect) const
{
    /* More than 0.2 bit per pixel of each frame makes no visible difference */
    const uint64_t useful = uint64_t{rect.w} * rect.h * max_rate() / 5;
    return std::max(MIN_BIT_RATE, std::min(rate.video_rate() * 8, std::max<uint64_t>(useful, 2000000)));
}

/* For all moving parts of one frame. The time that a frame takes on the link, and to be encoded and
 * decoded, is latency: it is made better than good only if it takes at most 1 ms of the link. */
size_t GlRemote::jpeg_bytes() const
{
    const size_t most = rate.video_rate() / max_rate();
    const size_t good = maker.jpeg_size(size_t{w} * h);
    return good ? std::min(most, std::max<size_t>(good, rate.bandwidth() / 1000)) : most / 2;
}

/* ---- streams ---- */

void GlRemote::end_stream()
{
    if (running) {
        spice_debug("client %p: stream %u ends", dcc, running->id());
        send(gl_stream_destroy(running->id()));
        plan.blurred(running->rect());
        running.reset();
    }
}

void GlRemote::drop_next()
{
    if (next && next->is_told()) {
        send(gl_stream_destroy(next->id()));
    }
    next.reset();
    next_first.reset();
}

/* Tells the client of the stream: it sets up its decoder, but does not show the frame */
void GlRemote::tell_next(uint64_t now_ns)
{
    spice_debug("client %p: stream %u of codec %d warms up, %ux%u at %u,%u", dcc, next->id(),
                next->codec(), next->rect().w, next->rect().h, next->rect().x, next->rect().y);
    send(gl_stream_create(next->id(), next->codec(), next->rect(), true, false));
    if (dcc->test_remote_cap(SPICE_DISPLAY_CAP_STREAM_REPORT)) {
        send(gl_stream_activate_report(next->id(), next->id(), REPORT_FRAMES, REPORT_MS));
    }
    send_frame(*next, *next_first, now_ns);
    next_first.reset();
    next->told(now_ns + rate.rtt_ns() + (has_decoded ? DECODER_NS : FIRST_DECODER_NS));
    has_decoded = true;
}

void GlRemote::stream_failed(std::unique_ptr<GlStream> *stream, const std::string &why)
{
    spice_warning("display %d: client %u: video encoder failed: %s", screen.display_id,
                  dcc->get_client()->get_main()->get_connection_id(), why.c_str());
    if (!(refused_codecs & (1u << (*stream)->codec()))) {
        screen.failed_codecs |= 1u << (*stream)->codec();
    }
    if (pending && pending->video == stream->get()) {
        plan.changed((*stream)->rect());
        pending->video = nullptr;
        pending->frame.reset();
    }
    if (stream == &running) {
        end_stream();
        changes_because("the encoder failed");
    } else {
        drop_next();
    }
}

void GlRemote::look_at_streams(uint64_t now_ns)
{
    for (auto stream : { &running, &next }) {
        if (!*stream) {
            continue;
        }
        const std::string why = (*stream)->failure();
        if (!why.empty()) {
            stream_failed(stream, why);
            continue;
        }
        (*stream)->set_bit_rate(video_bit_rate((*stream)->rect()), now_ns);
        auto frame = (*stream)->take();
        if (frame && stream == &next && next->state() == GlStream::State::WARM) {
            next_first = std::move(frame);
        } else if (frame && pending && pending->video == stream->get()) {
            pending->frame = std::move(frame);
        }
    }
}

/* Decides whether moving parts are sent as a stream, and of which rectangle */
void GlRemote::choose_stream(const Codecs &can, uint64_t now_ns)
{
    const GlRect moving = screen.motion.moving(now_ns);
    bool inter = can.fixed_inter && !expects_other;

    if (moving.empty()) {
        drop_next();
        /* The stream's last frame has been shown by now: the last change was STILL_NS ago, and has
         * arrived */
        if (running && !plan.lacks(running->rect()) && receipts.arrived() >= last_frame_number) {
            end_stream();
        }
        return;
    }
    codec_reason = can.fixed_jpeg || can.fixed_inter ?
        "the only codec possible, or the client's choice" : nullptr;
    const bool chooses = can.inter && can.jpeg && !can.fixed_inter && !can.fixed_jpeg;
    if (chooses && !expects_other) {
        const size_t size = maker.jpeg_size(size_t{moving.w} * moving.h);
        inter = size && choice.choose(rate.share(), rate.fell_ns(), max_rate(), size,
                                      now_ns) == GlCodecChoice::Codec::INTER;
        codec_reason = choice.why();
        if (stamps.playing()) { // images are shown when they arrive, not at a given time
            inter = true;
            codec_reason = "the client plays audio, and only a stream stays in sync with it";
        }
    }
    if (!inter) {
        drop_next();
        end_stream();
        return;
    }
    if (!(moving == steady)) { // a dragged window would need a new stream for each frame
        steady = moving;
        steady_ns = now_ns;
    }
    auto fits = [&](const std::unique_ptr<GlStream> &stream) {
        return stream && stream->codec() == can.inter && stream->rect() == moving;
    };
    if (fits(running)) {
        drop_next();
    } else if (!fits(next) && now_ns >= steady_ns + STEADY_NS) {
        std::string why;
        drop_next();
        next = GlStream::create(streams_made++ % STREAM_IDS, can.inter, moving,
                                max_rate(), video_bit_rate(moving), screen.frame, wake, &why);
        if (!next) {
            spice_warning("display %d: cannot create a video encoder: %s", screen.display_id,
                          why.c_str());
            screen.failed_codecs |= 1u << can.inter;
        }
    }
}

void GlRemote::send_video(const std::vector<uint8_t> &frame, uint64_t now_ns)
{
    if (pending->video == next.get()) {
        end_stream();
        running = std::move(next);
        running->begun();
        spice_debug("client %p: stream %u begins", dcc, running->id());
        send(gl_stream_clip(running->id(), true));
    }
    send_frame(*running, frame, pending->captured_ns);
    last_frame_number = UINT64_MAX; // until it is sent
    frame_captured_ns = pending->captured_ns;
    plan.blurred(running->rect(), now_ns);
}

void GlRemote::send_frame(const GlStream &stream, const std::vector<uint8_t> &frame,
                          uint64_t captured_ns)
{
    send(gl_stream_data(stream.id(), stamp(captured_ns), frame));
    if (stream.codec() == SPICE_VIDEO_CODEC_TYPE_H264) {
        /* spice-gtk's parser shows a frame when it sees the next one begin */
        send(gl_stream_data(stream.id(), stamp(captured_ns), gl_h264_flush_unit()));
    }
}

void GlRemote::shows_by_other(uint32_t codec)
{
    last_video_ns = spice_get_monotonic_time_ns();
    shown(QXL_GL_PATH_HARDWARE, codec, "the picture is moving, and the GPU encodes it");
}

uint32_t GlRemote::stamp(uint64_t captured_ns)
{
    return stamps.stamp(reds_get_mm_time() - (spice_get_monotonic_time_ns() - captured_ns) / MS);
}

bool GlRemote::report(const SpiceMsgcDisplayStreamReport &report)
{
    if (report.stream_id >= STREAM_IDS) {
        return false;
    }
    for (auto stream : { &running, &next }) { // else it is about a stream that has ended
        if (*stream && (*stream)->is_told() && report.stream_id == (*stream)->id()) {
            if (report.num_frames == 0 && report.num_drops == UINT32_MAX) {
                refused_codecs |= 1u << (*stream)->codec();
                stream_failed(stream, "the client reported that it cannot play the stream");
            } else {
                heard(report);
            }
            break;
        }
    }
    return true;
}

void GlRemote::heard(const SpiceMsgcDisplayStreamReport &report)
{
    stamps.reported(report.end_frame_mm_time, report.last_frame_delay, report.num_frames,
                    report.num_drops, report.audio_delay);
}

} // namespace red

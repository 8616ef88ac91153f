/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-hardware.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-render-node.hpp"
#include "gl-item.hpp"
#include "main-channel-client.h"
#include "red-client.h"
#include "reds.h"

namespace red {

static constexpr uint32_t CHECK_MS = 25;
/* Not one of GlRemote's */
static constexpr uint32_t STREAM_ID = 100;
static constexpr uint32_t REPORT_FRAMES = 5, REPORT_MS = 500;

static constexpr uint64_t MIN_BIT_RATE = 512 * 1024;

using State = GlHwClient::State;

GlHardware::GlHardware(User &user_, GlPath &path_, const GlContext &context_):
    user(user_),
    path(path_),
    context(context_)
{
}

GlHardware::~GlHardware() = default;

void GlHardware::open(int display_id)
{
    std::string why;

    id = display_id;
    if (!context.can_export()) {
        why = "the EGLDisplay cannot export dma-bufs";
    } else {
        va = GlVaEncoders::open(gl_render_node_of(context.display()), &why);
    }
    if (va) {
        g_message("display %d: found the hardware encoders of %s", id, va->node().c_str());
    } else {
        g_message("display %d: no hardware encoders: %s", id, why.c_str());
    }
}

/* ---- clients ---- */

void GlHardware::add(GlClient &client)
{
    if (va) {
        client.hardware = std::make_unique<GlHwClient>();
    }
}

void GlHardware::leave(GlClient &client)
{
    if (client.hardware) {
        end(client);
        client.hardware.reset();
    }
}

bool GlHardware::any() const
{
    return std::any_of(path.all().begin(), path.all().end(),
                       [](const GlClient &c) { return c.hardware != nullptr; });
}

unsigned int GlHardware::num_moving() const
{
    return std::count_if(path.all().begin(), path.all().end(), [](const GlClient &c) {
        return c.hardware && c.hardware->state == State::MOVING;
    });
}

/* The first codec, in the server's and client's order, that client and GPU support; 0: none */
SpiceVideoCodecType GlHardware::codec_for(DisplayChannelClient *dcc) const
{
    constexpr auto none = static_cast<SpiceVideoCodecType>(0);

    if (!va || display_channel_get_stream_video(DCC_TO_DC(dcc)) == SPICE_STREAM_VIDEO_OFF ||
        !dcc->test_remote_cap(SPICE_DISPLAY_CAP_MULTI_CODEC)) {
        return none;
    }
    auto codecs = dcc_get_preferred_video_codecs_for_encoding(dcc);
    for (guint i = 0; i < codecs->len; i++) {
        const auto &codec = g_array_index(codecs, RedVideoCodec, i);
        if (dcc->test_remote_cap(codec.cap) && va->encoder(codec.type)) {
            return codec.type;
        }
    }
    return none;
}

bool GlHardware::serves(const GlClient &client) const
{
    return client.hardware && codec_for(client.dcc);
}

bool GlHardware::reported(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport &report)
{
    if (report.stream_id != STREAM_ID) {
        return false;
    }
    auto client = path.find(dcc);
    if (client && client->hardware && client->hardware->state == State::MOVING) {
        if (report.num_frames == 0 && report.num_drops == UINT32_MAX) {
            fail(*client, "the client reported that it cannot play the stream");
        } else {
            client->remote->heard(report);
        }
    }
    return true;
}

/* ---- motion ---- */

void GlHardware::changed(uint64_t pixels)
{
    if (any()) {
        motion.changed(pixels, spice_get_monotonic_time_ns());
    }
}

void GlHardware::note_guest_draw(uint64_t pixels)
{
    motion.note_draw(pixels, spice_get_monotonic_time_ns());
}

void GlHardware::frame_rendered(const GlScanout &scanout)
{
    if (!any() || !scanout.image) {
        return;
    }
    const bool starts = motion.starts(spice_get_monotonic_time_ns());
    if (starts && !scanout.image->export_tried()) {
        user.hardware_wants_dmabufs(true);
        return; // the next draw brings it
    }
    shown = scanout;
    for (auto &client : path.all()) {
        if (client.hardware && client.hardware->state == State::STILL && starts) {
            begin(client, scanout);
        }
        push(client, scanout);
    }
    schedule_check();
}

void GlHardware::scanout_changes()
{
    motion.begin_anew();
    shown = {};
    for (auto &client : path.all()) {
        if (end(client)) {
            client.remote->set_shown_by_other(false);
        }
    }
}

void GlHardware::schedule_check()
{
    const auto busy = std::find_if(path.all().begin(), path.all().end(), [](const GlClient &c) {
        return c.hardware && c.hardware->state != State::STILL;
    });

    if (busy == path.all().end()) {
        shown = {}; // no client needs the image
        user.hardware_wants_dmabufs(false);
        return;
    }
    if (!timer) {
        timer = DCC_TO_DC(busy->dcc)->get_core_interface()->timer_new(check, this);
    }
    red_timer_start(timer, CHECK_MS);
}

/* Checks whether motion has stopped, and whether clients can take pictures that they missed */
void GlHardware::check(GlHardware *self)
{
    const bool still = self->motion.has_ended(spice_get_monotonic_time_ns());
    std::list<DisplayChannelClient *> back;

    for (auto &client : self->path.all()) {
        if (!client.hardware || client.hardware->state == State::STILL) {
            continue;
        }
        if (!still) {
            client.remote->link().tick(spice_get_monotonic_time_ns());
        } else if (self->end(client)) {
            back.push_back(client.dcc);
        }
    }
    self->push_missed();
    if (still) {
        self->motion.begin_anew();
    }
    if (!back.empty()) {
        self->user.hardware_gave_back(back);
    }
    self->schedule_check();
}

/* ---- one client's encoder ---- */

/* More is of no use: 0.1 bit per pixel of each frame */
static uint64_t useful_bit_rate(const GlRemote &remote, const GlRect &visible)
{
    const uint64_t rate = uint64_t{visible.w} * visible.h * remote.max_rate() / 10;
    return std::max<uint64_t>(rate, 2 * 1024 * 1024);
}

static uint64_t bit_rate_for(GlRemote &remote, const GlRect &visible)
{
    return std::max(MIN_BIT_RATE, std::min(remote.link().video_rate() * 8,
                                           useful_bit_rate(remote, visible)));
}

void GlHardware::begin(GlClient &client, const GlScanout &scanout)
{
    auto &hw = *client.hardware;
    const auto codec = codec_for(client.dcc);
    bool exported;
    std::string why;

    if (!codec || !client.remote->has_surface(scanout.visible.w, scanout.visible.h)) {
        return; // a stream needs a surface to be drawn on
    }
    auto dmabuf = scanout.image->dmabuf(context, &exported, &why);
    if (!dmabuf) {
        fail(client, why);
        return;
    }
    if (exported) {
        user.hardware_exported();
    }
    hw.state = State::STARTING;
    hw.bit_rate.begin(bit_rate_for(*client.remote, scanout.visible),
                      spice_get_monotonic_time_ns());
    hw.missed = false;
    hw.y0_top = scanout.y0_top;
    hw.inbox = std::make_shared<GlHwInbox>();

    auto inbox = hw.inbox;
    GlHwEncoder::Callbacks callbacks;
    callbacks.encoded = [&user = user, inbox](std::vector<uint8_t> &&frame, bool) {
        {
            std::lock_guard<std::mutex> guard(inbox->lock);
            inbox->frames.push_back(std::move(frame));
        }
        user.hardware_has_news();
    };
    callbacks.failed = [&user = user, inbox](const std::string &reason) {
        {
            std::lock_guard<std::mutex> guard(inbox->lock);
            inbox->failure = reason;
        }
        user.hardware_has_news();
    };
    hw.encoder = GlHwEncoder::create(va, {
        codec, scanout.visible.w, scanout.visible.h, dmabuf->fourcc, dmabuf->modifier,
        client.remote->max_rate(), hw.bit_rate.bits_per_second() }, std::move(callbacks), &why);
    if (!hw.encoder) {
        fail(client, why);
    } else if (!hw.encoder->takes(*dmabuf, scanout.in_memory())) {
        fail(client, "the scanout is part of an image whose layout is not linear");
    }
}

/* True: too early for a picture, since the user has limited the rate */
bool GlHardware::is_early(const GlClient &client, uint64_t now_ns) const
{
    const uint32_t rate = client.remote->max_rate();
    return rate < GlScreen::READ_RATE && now_ns < client.hardware->pushed_ns + NSEC_PER_SEC / rate;
}

/* If the picture may be pushed later, it is noted as missed */
void GlHardware::push(GlClient &client, const GlScanout &scanout)
{
    bool exported;
    std::string why;

    if (!client.hardware || client.hardware->state == State::STILL || !scanout.image) {
        return;
    }
    auto &hw = *client.hardware;
    hw.missed = is_early(client, spice_get_monotonic_time_ns()) ||
        !client.remote->link().room(spice_get_monotonic_time_ns()) ||
        !client.dcc->pipe_is_empty() || client.dcc->is_blocked();
    if (hw.bit_rate.follow(bit_rate_for(*client.remote, shown.visible),
                           spice_get_monotonic_time_ns())) {
        hw.encoder->set_bit_rate(hw.bit_rate.bits_per_second());
    }
    if (hw.missed) {
        return;
    }
    auto dmabuf = scanout.image->dmabuf(context, &exported, &why);
    if (!dmabuf) {
        fail(client, why);
        return;
    }
    if (exported) {
        user.hardware_exported();
    }
    if (!hw.encoder->takes(*dmabuf, scanout.in_memory()) || hw.y0_top != scanout.y0_top) {
        /* another format: a new stream begins with the next draw */
        if (end(client)) {
            user.hardware_gave_back({ client.dcc });
        }
        return;
    }
    hw.pushed_ns = spice_get_monotonic_time_ns();
    hw.encoder->push(*dmabuf, scanout.in_memory(), scanout.image);
}

/* Pushes missed pictures once there is room */
void GlHardware::push_missed()
{
    for (auto &client : path.all()) {
        if (client.hardware && client.hardware->missed) {
            push(client, shown);
        }
    }
}

void GlHardware::send_encoded()
{
    for (auto &client : path.all()) {
        if (!client.hardware || !client.hardware->inbox) {
            continue;
        }
        std::string failure;
        {
            std::lock_guard<std::mutex> guard(client.hardware->inbox->lock);
            failure = client.hardware->inbox->failure;
        }
        if (failure.empty()) {
            send_frames(client);
        } else {
            fail(client, failure);
        }
    }
    push_missed();
}

void GlHardware::send_frames(GlClient &client)
{
    auto &hw = *client.hardware;
    std::vector<std::vector<uint8_t>> frames;
    {
        std::lock_guard<std::mutex> guard(hw.inbox->lock);
        frames.swap(hw.inbox->frames);
    }
    if (frames.empty()) {
        return;
    }
    const auto &format = hw.encoder->format();
    auto send = [&client](GlMessage &&message) { gl_send(client.dcc, std::move(message)); };
    if (hw.state == State::STARTING) {
        hw.state = State::MOVING;
        spice_debug("display %d: hardware path for client %p", id, client.dcc);
        user.hardware_took_over(client.dcc); // its other streams end first
        send(gl_stream_create(STREAM_ID, format.codec, { 0, 0, format.width, format.height },
                              !hw.y0_top, true));
        if (client.dcc->test_remote_cap(SPICE_DISPLAY_CAP_STREAM_REPORT)) {
            send(gl_stream_activate_report(STREAM_ID, STREAM_ID, REPORT_FRAMES, REPORT_MS));
        }
    }
    for (auto &frame : frames) {
        client.remote->shows_by_other(format.codec);
        send(gl_stream_data(STREAM_ID, client.remote->stamp(hw.pushed_ns), frame));
        if (format.codec == SPICE_VIDEO_CODEC_TYPE_H264) {
            send(gl_stream_data(STREAM_ID, client.remote->stamp(hw.pushed_ns),
                                gl_h264_flush_unit()));
        }
    }
}

/* Ends the client's encoder and stream. True: it had a stream. */
bool GlHardware::end(GlClient &client)
{
    if (!client.hardware) {
        return false;
    }
    auto &hw = *client.hardware;
    const bool moved = hw.state == State::MOVING;

    hw.encoder.reset();
    hw.inbox.reset();
    hw.missed = false;
    hw.state = State::STILL;
    if (moved) {
        gl_send(client.dcc, gl_stream_destroy(STREAM_ID));
    }
    return moved;
}

/* Serves the client in software from now on, beginning with what the encoder did not show */
void GlHardware::fail(GlClient &client, const std::string &why)
{
    spice_warning("display %d: client %u: hardware path failed, falling back to software: %s", id,
                  client.connection_id, why.c_str());
    if (end(client)) {
        client.remote->changes_because("the GPU's encoder failed");
    }
    client.hardware.reset();
    user.hardware_gave_back({ client.dcc });
}

void GlHardware::stop()
{
    if (timer) {
        red_timer_remove(timer);
        timer = nullptr;
    }
    for (auto &client : path.all()) {
        client.hardware.reset();
    }
    shown = {};
}

} // namespace red

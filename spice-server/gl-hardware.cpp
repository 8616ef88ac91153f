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

static constexpr uint32_t LOOK_MS = 25;
/* Not one of GlRemote's */
static constexpr uint32_t STREAM_ID = 100;
static constexpr uint32_t REPORT_FRAMES = 5, REPORT_MS = 500;

static constexpr uint64_t MIN_BIT_RATE = 512 * 1024;
/* Least time after one change of the bit rate until the next, if that lowers or raises it */
static constexpr uint64_t FALL_NS = 50 * NSEC_PER_MILLISEC;
static constexpr uint64_t RISE_NS = 250 * NSEC_PER_MILLISEC;

/* Filled by the encoder's threads, may outlive the client */
struct GlHardware::Inbox {
    std::mutex lock;
    std::vector<std::vector<uint8_t>> frames;
    std::string failure;
};

struct GlHardware::Client {
    DisplayChannelClient *dcc;
    GlRemote *remote;
    bool moving = false;             /* the client has been told of the stream */
    std::unique_ptr<GlHwEncoder> encoder;
    std::shared_ptr<Inbox> inbox;
    bool y0_top = false;
    bool missed = false;             /* a picture came too early, or the link had no room for it */
    uint64_t bit_rate = 0;
    uint64_t rate_set_ns = 0;
    uint64_t pushed_ns = 0;          /* when the last picture was pushed */
};

GlHardware::GlHardware(User &user_, const GlContext &context_):
    user(user_),
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

void GlHardware::add(DisplayChannelClient *dcc, GlRemote *remote)
{
    if (!va) {
        return;
    }
    auto client = std::make_unique<Client>();
    client->dcc = dcc;
    client->remote = remote;
    clients.push_back(std::move(client));
}

void GlHardware::remove(DisplayChannelClient *dcc)
{
    clients.remove_if([dcc](const std::unique_ptr<Client> &c) { return c->dcc == dcc; });
}

void GlHardware::leave(DisplayChannelClient *dcc)
{
    if (auto client = find(dcc)) {
        end(*client);
        remove(dcc);
    }
}

GlHardware::Client *GlHardware::find(const DisplayChannelClient *dcc)
{
    for (auto &client : clients) {
        if (client->dcc == dcc) {
            return client.get();
        }
    }
    return nullptr;
}

/* For iterating over clients that may fail, and leave the list, meanwhile */
std::list<DisplayChannelClient *> GlHardware::all() const
{
    std::list<DisplayChannelClient *> dccs;
    for (const auto &client : clients) {
        dccs.push_back(client->dcc);
    }
    return dccs;
}

bool GlHardware::moves(const DisplayChannelClient *dcc) const
{
    return std::any_of(clients.begin(), clients.end(), [dcc](const std::unique_ptr<Client> &c) {
        return c->dcc == dcc && c->moving;
    });
}

unsigned int GlHardware::num_moving() const
{
    return std::count_if(clients.begin(), clients.end(),
                         [](const std::unique_ptr<Client> &c) { return c->moving; });
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

bool GlHardware::serves(DisplayChannelClient *dcc)
{
    return find(dcc) && codec_for(dcc);
}

bool GlHardware::reported(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport &report)
{
    if (report.stream_id != STREAM_ID) {
        return false;
    }
    auto client = find(dcc);
    if (client && client->moving) {
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
    if (!clients.empty()) {
        motion.changed(pixels, spice_get_monotonic_time_ns());
    }
}

void GlHardware::note_guest_draw(uint64_t pixels)
{
    motion.note_draw(pixels, spice_get_monotonic_time_ns());
}

void GlHardware::frame_rendered(const GlScanout &scanout)
{
    if (clients.empty() || !scanout.image) {
        return;
    }
    const bool starts = motion.starts(spice_get_monotonic_time_ns());
    if (starts && !scanout.image->export_tried()) {
        user.hardware_wants_dmabufs(true);
        return; // the next draw brings it
    }
    shown = scanout;
    for (auto dcc : all()) {
        auto client = find(dcc);
        if (client && !client->encoder && starts) {
            begin(*client, scanout);
            client = find(dcc);
        }
        if (client && client->encoder) {
            push(*client, scanout);
        }
    }
    watch();
}

void GlHardware::scanout_changes()
{
    motion.begin_anew();
    shown = {};
    for (auto &client : clients) {
        const bool was_moving = client->moving;
        end(*client);
        if (was_moving) {
            client->remote->set_shown_by_other(false);
        }
    }
}

void GlHardware::watch()
{
    const bool busy = std::any_of(clients.begin(), clients.end(),
        [](const std::unique_ptr<Client> &c) { return c->encoder != nullptr; });

    if (!busy) {
        shown = {}; // no client needs the image
        user.hardware_wants_dmabufs(false);
        return;
    }
    if (!timer) {
        auto dcc = clients.front()->dcc;
        timer = DCC_TO_DC(dcc)->get_core_interface()->timer_new(look, this);
    }
    red_timer_start(timer, LOOK_MS);
}

/* Checks whether motion has stopped, and whether clients can take pictures that they missed */
void GlHardware::look(GlHardware *self)
{
    const bool still = self->motion.has_ended(spice_get_monotonic_time_ns());
    std::list<DisplayChannelClient *> back;

    for (auto dcc : self->all()) {
        auto client = self->find(dcc);
        if (!client || !client->encoder) {
            continue;
        }
        if (still) {
            if (client->moving) {
                back.push_back(dcc);
            }
            self->end(*client);
        } else {
            client->remote->link().tick(spice_get_monotonic_time_ns());
        }
    }
    self->push_missed();
    if (still) {
        self->motion.begin_anew();
    }
    if (!back.empty()) {
        self->user.hardware_gave_back(back);
    }
    self->watch();
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

void GlHardware::begin(Client &client, const GlScanout &scanout)
{
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
    client.bit_rate = bit_rate_for(*client.remote, scanout.visible);
    client.rate_set_ns = spice_get_monotonic_time_ns();
    client.missed = false;
    client.y0_top = scanout.y0_top;
    client.inbox = std::make_shared<Inbox>();

    auto inbox = client.inbox;
    GlHwEncoder::Callbacks callbacks;
    callbacks.encoded = [this, inbox](std::vector<uint8_t> &&frame, bool) {
        {
            std::lock_guard<std::mutex> guard(inbox->lock);
            inbox->frames.push_back(std::move(frame));
        }
        user.hardware_has_news();
    };
    callbacks.failed = [this, inbox](const std::string &reason) {
        {
            std::lock_guard<std::mutex> guard(inbox->lock);
            inbox->failure = reason;
        }
        user.hardware_has_news();
    };
    client.encoder = GlHwEncoder::create(va, {
        codec, scanout.visible.w, scanout.visible.h, dmabuf->fourcc, dmabuf->modifier,
        client.remote->max_rate(), client.bit_rate }, std::move(callbacks), &why);
    if (!client.encoder) {
        fail(client, why);
    } else if (!client.encoder->takes(*dmabuf, scanout.in_memory())) {
        fail(client, "the scanout is part of an image whose layout is not linear");
    }
}

/* True: too early for a picture, since the user has limited the rate */
bool GlHardware::is_early(const Client &client, uint64_t now_ns) const
{
    const uint32_t rate = client.remote->max_rate();
    return rate < GlScreen::READ_RATE && now_ns < client.pushed_ns + NSEC_PER_SEC / rate;
}

/* False: the picture was not pushed; if it may be pushed later, it is noted as missed */
bool GlHardware::push(Client &client, const GlScanout &scanout)
{
    bool exported;
    std::string why;

    if (!scanout.image) {
        return false;
    }
    client.missed = is_early(client, spice_get_monotonic_time_ns()) ||
        !client.remote->link().room(spice_get_monotonic_time_ns()) ||
        !client.dcc->pipe_is_empty() || client.dcc->is_blocked();
    follow_link(client);
    if (client.missed) {
        return false;
    }
    auto dmabuf = scanout.image->dmabuf(context, &exported, &why);
    if (!dmabuf) {
        fail(client, why);
        return false;
    }
    if (exported) {
        user.hardware_exported();
    }
    if (!client.encoder->takes(*dmabuf, scanout.in_memory()) || client.y0_top != scanout.y0_top) {
        /* another format: a new stream begins with the next draw */
        const bool was_moving = client.moving;
        end(client);
        if (was_moving) {
            user.hardware_gave_back({ client.dcc });
        }
        return false;
    }
    client.pushed_ns = spice_get_monotonic_time_ns();
    client.encoder->push(*dmabuf, scanout.in_memory(), scanout.image);
    return true;
}

void GlHardware::follow_link(Client &client)
{
    const uint64_t now = spice_get_monotonic_time_ns();
    const uint64_t wanted = bit_rate_for(*client.remote, shown.visible);
    const bool falls = wanted < client.bit_rate;
    const uint64_t difference = falls ? client.bit_rate - wanted : wanted - client.bit_rate;

    if (difference * 20 > client.bit_rate &&
        now > client.rate_set_ns + (falls ? FALL_NS : RISE_NS)) {
        client.bit_rate = wanted;
        client.rate_set_ns = now;
        client.encoder->set_bit_rate(wanted);
    }
}

/* Pushes missed pictures once there is room */
void GlHardware::push_missed()
{
    for (auto dcc : all()) {
        auto client = find(dcc);
        if (client && client->encoder && client->missed) {
            push(*client, shown);
        }
    }
}

void GlHardware::work()
{
    for (auto dcc : all()) {
        auto client = find(dcc);
        if (!client || !client->inbox) {
            continue;
        }
        std::string failure;
        {
            std::lock_guard<std::mutex> guard(client->inbox->lock);
            failure = client->inbox->failure;
        }
        if (failure.empty()) {
            send_frames(*client);
        } else {
            fail(*client, failure);
        }
    }
    push_missed();
}

void GlHardware::send_frames(Client &client)
{
    std::vector<std::vector<uint8_t>> frames;
    {
        std::lock_guard<std::mutex> guard(client.inbox->lock);
        frames.swap(client.inbox->frames);
    }
    if (frames.empty()) {
        return;
    }
    const auto &format = client.encoder->format();
    auto send = [&client](GlMessage &&message) { gl_send(client.dcc, std::move(message)); };
    if (!client.moving) {
        client.moving = true;
        spice_debug("display %d: hardware path for client %p", id, client.dcc);
        user.hardware_took_over(client.dcc); // its other streams end first
        send(gl_stream_create(STREAM_ID, format.codec, { 0, 0, format.width, format.height },
                              !client.y0_top, true));
        if (client.dcc->test_remote_cap(SPICE_DISPLAY_CAP_STREAM_REPORT)) {
            send(gl_stream_activate_report(STREAM_ID, STREAM_ID, REPORT_FRAMES, REPORT_MS));
        }
    }
    for (auto &frame : frames) {
        client.remote->shows_by_other(format.codec);
        send(gl_stream_data(STREAM_ID, client.remote->stamp(client.pushed_ns), frame));
        if (format.codec == SPICE_VIDEO_CODEC_TYPE_H264) {
            send(gl_stream_data(STREAM_ID, client.remote->stamp(client.pushed_ns),
                                gl_h264_flush_unit()));
        }
    }
}

/* Ends the client's encoder and stream */
void GlHardware::end(Client &client)
{
    client.encoder.reset();
    client.inbox.reset();
    client.missed = false;
    if (client.moving) {
        client.moving = false;
        gl_send(client.dcc, gl_stream_destroy(STREAM_ID));
    }
}

/* Serves the client in software from now on, beginning with what the encoder did not show */
void GlHardware::fail(Client &client, const std::string &why)
{
    auto dcc = client.dcc;

    spice_warning("display %d: client %u: hardware path failed, falling back to software: %s", id,
                  dcc->get_client()->get_main()->get_connection_id(), why.c_str());
    if (client.moving) {
        client.remote->changes_because("the GPU's encoder failed");
    }
    end(client);
    remove(dcc);
    user.hardware_gave_back({ dcc });
}

void GlHardware::stop()
{
    if (timer) {
        red_timer_remove(timer);
        timer = nullptr;
    }
    clients.clear();
    shown = {};
}

} // namespace red

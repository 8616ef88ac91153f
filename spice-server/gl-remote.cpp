/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* GlRemote: when a client is sent something, and what comes back. Video: gl-remote-video.cpp. */
#include <config.h>

#include "gl-remote.hpp"

#include <algorithm>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-item.hpp"
#include "gl-playing.hpp"
#include "main-channel-client.h"
#include "red-client.h"
#include "reds.h"

namespace red {

static constexpr uint64_t MS = 1000000;
/* Lossless images sent at once: time that they may take on the link, and bytes, which also limit
 * the CPU time */
static constexpr uint64_t SHARP_MS = 12;
static constexpr size_t MIN_SHARP = 4096, MAX_SHARP = 512 * 1024;
/* Lossless refinement at a time: with nothing else to send, and beside other changes */
static constexpr uint64_t REFINE_MS = 20, REFINE_BESIDE_MS = 3;
/* Later changes wait behind it in the queue: it is sent only if the queue is shorter than this */
static constexpr uint64_t REFINE_QUEUE_NS = 30 * MS, REFINE_BESIDE_QUEUE_NS = 10 * MS;
static constexpr size_t MAX_REFINE = 1024 * 1024;
/* While messages are in flight, GlRate::tick() is called this often, and less often the longer
 * nothing comes back: a client that is stuck must not keep the processor awake */
static constexpr uint64_t TICK_NS = 10 * MS;
static constexpr uint64_t TICKS_OF_SILENCE = 8;
/* Blurred parts and running streams are checked this often */
static constexpr uint64_t LOOK_NS = 25 * MS;
/* A ping follows a picture this often, and each picture if the client does not acknowledge every
 * message */
static constexpr uint64_t PING_NS = 200 * MS;
/* While another codec is in use, the size of a JPEG is determined this often */
static constexpr uint64_t TRIAL_NS = 2000 * MS;
static constexpr uint64_t TUNE_NS = 50 * MS;

static uint64_t start_rate(DisplayChannelClient *dcc)
{
    auto mcc = dcc->get_client()->get_main();
    return mcc->is_network_info_initialized() ? mcc->get_bitrate_per_sec() / 8 : 0;
}

static uint64_t start_rtt(DisplayChannelClient *dcc)
{
    auto mcc = dcc->get_client()->get_main();
    return mcc->is_network_info_initialized() ? uint64_t(mcc->get_roundtrip_ms()) * MS : 0;
}

GlRemote::GlRemote(GlScreen &screen_, DisplayChannelClient *dcc_, std::function<void()> wake_,
                   Shown shown_):
    screen(screen_),
    dcc(dcc_),
    wake(std::move(wake_)),
    shown(std::move(shown_)),
    rate(start_rate(dcc_), start_rtt(dcc_)),
    maker(screen.jpegs, wake),
    /* It was sent some before it introduced itself, or as a local client */
    receipts(std::min(dcc->ack_get_acknowledged(), dcc->ack_get_sent())),
    link_share(GlLinkUse::of(dcc->get_client()))
{
}

GlRemote::~GlRemote() = default;

/* ---- the screen ---- */

void GlRemote::resized()
{
    end_stream();
    drop_next();
    pending.reset(); // its results have the former size
    plan.reset({ 0, 0, w, h });
    if (!screen.dark || !w || leaving) {
        return; // the next picture creates its surface
    }
    send(gl_surface_destroy());
    dcc->priv->surface_client_created[0] = false;
    w = h = 0;
}

/* Creates a surface of the frame's size, unless the client has one. True: it has one now */
bool GlRemote::show_surface()
{
    const auto &frame = *screen.frame;

    if (w == frame.width() && h == frame.height()) {
        return true;
    }
    if (w) {
        send(gl_surface_destroy());
    }
    w = frame.width();
    h = frame.height();
    send(gl_surface_create(w, h));
    dcc->priv->surface_client_created[0] = true; // for migration
    dcc_push_monitors_config(dcc);
    mark_due = true;
    plan.reset(frame.all());
    return true;
}

void GlRemote::set_shown_by_other(bool other)
{
    elsewhere = other;
    end_stream();
    drop_next();
    pending.reset();
    plan.blurred(GlRect{ 0, 0, w, h });
    plan.refresh();
}

void GlRemote::leave()
{
    end_stream();
    drop_next();
    pending.reset();
    leaving = true;
}

/* ---- what is sent ---- */

bool GlRemote::ready_to_send() const
{
    return !pending && !elsewhere && !leaving && screen.frame && dcc->pipe_is_empty() &&
        !dcc->is_blocked();
}

uint64_t GlRemote::work(uint64_t now_ns)
{
    const uint64_t silent_ns = now_ns - std::min(now_ns, heard_ns);
    const uint64_t interval_ns = std::max(TICK_NS, silent_ns / TICKS_OF_SILENCE);

    if (rate.in_flight() && now_ns >= tick_ns + interval_ns) {
        tick_ns = now_ns;
        note_others(now_ns);
        rate.tick(now_ns);
    }
    look_at_streams(now_ns);
    if (pending && !send_pending(now_ns)) {
        return now_ns + TICK_NS;
    }
    if ((!receipts.counts_messages() || now_ns >= std::max(heard_ns, pinged_ns) + PING_NS) &&
        rate.in_flight() && !receipts.pinging() && dcc->pipe_is_empty()) {
        /* Nothing else would report that what is in flight has arrived: the client acknowledges
         * several messages at a time, or an acknowledgement is missing for good */
        send_ping(now_ns);
    }
    if (maker.busy() && !pending) {
        maker.take(); // the result of a job that is no longer wanted
    }
    uint64_t again = rate.in_flight() ? now_ns + interval_ns : NEVER;
    if (!ready_to_send() || maker.busy() || !show_surface()) {
        return again;
    }
    tune_socket(now_ns);
    if (now_ns < turns.opens_ns()) {
        if (plan.lacks_something()) {
            turns.waits(screen.frame->time_ns);
        }
        return std::min(again, turns.opens_ns());
    }
    if (!rate.room(now_ns)) {
        return std::min(again, rate.room_at(now_ns));
    }
    if (plan.is_blurred() || running || next) {
        again = std::min(again, now_ns + LOOK_NS);
    }
    if (next_first) {
        tell_next(now_ns);
        return again;
    }
    begin(now_ns);
    return pending ? std::min(again, now_ns + TICK_NS) : again;
}

void GlRemote::begin(uint64_t now_ns)
{
    const Codecs can = codecs();
    const uint64_t bandwidth = rate.bandwidth();
    auto bytes_in = [bandwidth](uint64_t ms, size_t least, size_t most) {
        return std::min<uint64_t>(std::max<uint64_t>(bandwidth * ms / 1000, least), most);
    };

    stamps.set_playing(gl_playing());
    choose_stream(can, now_ns);
    auto stream = next && next->can_begin(now_ns) ? next.get() : running.get();

    GlTerms terms;
    terms.video = can.video;
    terms.stream = stream ? stream->rect() : GlRect{};
    /* If everything has to be lossless, a picture is sent at once, however long it takes: otherwise
     * clients would show parts of several */
    terms.sharp_bytes = can.video ? bytes_in(SHARP_MS, MIN_SHARP, MAX_SHARP) : SIZE_MAX;
    terms.moving_bytes = jpeg_bytes();
    const bool beside = plan.lacks_something();
    if (!rate.in_flight() ||
        rate.queue_ns() < (beside ? REFINE_BESIDE_QUEUE_NS : REFINE_QUEUE_NS)) {
        terms.refine_bytes = bytes_in(beside ? REFINE_BESIDE_MS : REFINE_MS, MIN_SHARP / 2,
                                      MAX_REFINE);
    }
    GlJob job = plan.next(screen.frame, screen.motion, terms, now_ns);
    if (running && can.jpeg && !can.fixed_inter && now_ns > tried_ns + TRIAL_NS) {
        tried_ns = now_ns;
        job.trial = running->rect();
    }
    if (job.empty()) {
        return;
    }
    pending.emplace();
    pending->captured_ns = job.frame->time_ns;
    pending->moves = !job.moving.empty() || !job.streamed.empty();
    if (!job.streamed.empty()) {
        pending->video = stream;
        stream->push(screen.frame);
    }
    job.streamed = {};
    if (!job.empty()) {
        pending->images = maker.start(std::move(job), { dcc->priv->image_compression,
            bool(dcc->test_remote_cap(SPICE_DISPLAY_CAP_LZ4_COMPRESSION)) });
        if (!pending->images) { // no thread can be created now
            plan.refresh();
        }
    }
    turns.goes(now_ns, 1000 * MS / max_rate());
}

/* Sends the results that are there: the echo of a key does not wait for a video beside it. False:
 * some are still missing. */
bool GlRemote::send_pending(uint64_t now_ns)
{
    if (pending->frame) {
        send_video(*pending->frame, now_ns);
        pending->frame.reset();
        pending->video = nullptr;
        pending->sent = true;
    }
    auto batch = pending->images ? maker.take() : std::nullopt;
    if (batch) {
        pending->sent = pending->sent || !batch->messages.empty();
        for (auto &message : batch->messages) {
            send(std::move(message));
        }
        plan.done(batch->sent, now_ns);
        pending->images = false;
    }
    if (pending->images || pending->video) {
        return false;
    }
    if (!pending->sent) {
        pending.reset(); // it was only a trial
        return true;
    }
    if (mark_due) {
        send(gl_mark());
        mark_due = false;
    }
    if (!receipts.counts_messages() || now_ns >= pinged_ns + PING_NS) {
        send_ping(now_ns);
    }
    tell_way(*pending, now_ns);
    pending.reset();
    return true;
}

void GlRemote::send(GlMessage &&message)
{
    gl_send(dcc, std::move(message));
}

void GlRemote::send_ping(uint64_t now_ns)
{
    const uint32_t id = receipts.ping();
    if (id) {
        pinged_ns = now_ns;
        send(gl_ping(id, now_ns));
    }
}

void GlRemote::tell_way(const Pending &sent, uint64_t now_ns)
{
    shown_ns.push_back(now_ns);
    while (shown_ns.front() + 1000 * MS < now_ns) {
        shown_ns.erase(shown_ns.begin());
    }
    if (sent.moves) {
        last_video_ns = now_ns;
        shown(QXL_GL_PATH_SOFTWARE, running ? running->codec() : SPICE_VIDEO_CODEC_TYPE_MJPEG,
              next_reason ? next_reason : "the picture is moving");
        next_reason = nullptr;
    } else if (last_video_ns && !screen.motion.moving(now_ns).empty()) {
        /* other pictures may be sent beside a video that continues */
        shown(QXL_GL_PATH_SOFTWARE, 0, nullptr);
    } else {
        shown(QXL_GL_PATH_IMAGE, 0, next_reason ? next_reason :
              last_video_ns ? "the picture has stopped moving" : "the picture is not moving");
        next_reason = nullptr;
    }
}

/* ---- what comes back ---- */

void GlRemote::sending(uint64_t number, size_t size, uint64_t now_ns)
{
    if (!rate.in_flight()) {
        heard_ns = now_ns;
    }
    note_others(now_ns);
    link_share.sent(size);
    rate.sent(number, size, now_ns);
    if (last_frame_number == UINT64_MAX && dcc->pipe_is_empty()) {
        last_frame_number = number;
    }
    receipts.sending(number, dcc->pipe_is_empty());
}

/* What the client's other heads have been sent meanwhile takes room on the same link */
void GlRemote::note_others(uint64_t now_ns)
{
    if (const uint64_t bytes = link_share.others()) {
        rate.other(bytes, now_ns);
    }
}

void GlRemote::acknowledged(uint64_t sent, uint64_t now_ns)
{
    const uint64_t before = receipts.arrived();
    receipts.acknowledged(sent);
    if (receipts.arrived() > before) {
        arrived(now_ns);
    }
}

bool GlRemote::pong(uint32_t id, uint64_t now_ns)
{
    const uint64_t before = receipts.arrived();
    if (!receipts.pong(id)) {
        return false;
    }
    if (receipts.arrived() > before) {
        arrived(now_ns);
    }
    return true;
}

void GlRemote::arrived(uint64_t now_ns)
{
    heard_ns = now_ns;
    rate.arrived(receipts.arrived(), now_ns);
    if (frame_captured_ns && receipts.arrived() >= last_frame_number) {
        const uint64_t took = now_ns - frame_captured_ns;
        stamps.acknowledged(reds_get_mm_time() - took / MS,
                            (took - std::min(took, rate.rtt_min_ns())) / MS);
        frame_captured_ns = 0;
    }
}

GlRemote::Stats GlRemote::stats(uint64_t now_ns) const
{
    Stats s{};
    s.bit_rate = rate.video_rate() * 8;
    s.rtt_ns = rate.rtt_ns();
    s.codec_reason = codec_reason;
    s.in_flight = rate.in_flight();
    s.dropped = stamps.drops();
    s.frames_per_second = std::count_if(shown_ns.begin(), shown_ns.end(), [now_ns](uint64_t ns) {
        return ns + 1000 * MS > now_ns;
    });
    return s;
}

/* Makes the kernel pace messages, and asks it for the number of retransmissions. Sockets other than
 * TCP's do without. */
void GlRemote::tune_socket(uint64_t now_ns)
{
    if (now_ns < tuned_ns + TUNE_NS) {
        return;
    }
    tuned_ns = now_ns;
    const int fd = dcc->get_stream()->socket;
    const uint64_t wanted = rate.pacing_rate();
    if (wanted > pacing + pacing / 10 || wanted + pacing / 10 < pacing) {
        const unsigned long bytes = std::min<uint64_t>(wanted, UINT32_MAX - 1);
        setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &bytes, sizeof(bytes));
        pacing = wanted;
    }
    tcp_info info{};
    socklen_t size = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
        rate.retransmitted(info.tcpi_total_retrans);
    }
}

} // namespace red

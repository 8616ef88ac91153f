/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "gl-remote.hpp"

#include <algorithm>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-hooks.h"
#include "gl-item.hpp"
#include "main-channel-client.h"
#include "red-client.h"
#include "reds.h"

namespace red {

static constexpr uint64_t MS = 1000000;
/* What a screen shows */
static constexpr uint32_t FRAMES_PER_SECOND = 60;
static constexpr uint64_t FRAME_NS = 1000 * MS / FRAMES_PER_SECOND;
/* A picture that comes that much before its turn does not wait for it */
static constexpr uint64_t EARLY_NS = 4 * MS;
/* What goes lossless at once takes so long on the link, and at most so many bytes: an upper bound
 * for the processor's time, too */
static constexpr uint64_t SHARP_MS = 12;
static constexpr size_t MIN_SHARP = 4096, MAX_SHARP = 512 * 1024;
/* What is made lossless at a time, with nothing else to send, and beside it */
static constexpr uint64_t REFINE_MS = 20, REFINE_BESIDE_MS = 3;
/* What comes next waits for what is in the queue then: up to that, with nothing else to send */
static constexpr uint64_t REFINE_QUEUE_NS = 30 * MS, REFINE_BESIDE_QUEUE_NS = 10 * MS;
static constexpr size_t MAX_REFINE = 1024 * 1024;
/* While messages are on their way, the rate is told the time that often; the less often the longer
 * nothing comes back: a client that is stuck keeps nobody awake */
static constexpr uint64_t TICK_NS = 10 * MS;
static constexpr uint64_t TICKS_OF_SILENCE = 8;
/* What blurs or runs is looked at that often */
static constexpr uint64_t LOOK_NS = 25 * MS;
/* A link without anything on it answers a ping each so often; one whose client does not count its
 * messages does so for each frame */
static constexpr uint64_t PING_NS = 200 * MS;
static constexpr size_t MAX_PINGS = 64;
static constexpr uint32_t PING_ID = 0x474c0000, PING_MASK = 0xffff;
/* Streams' ids are used again as late as possible: reports about an old one do not say so */
static constexpr uint32_t STREAM_IDS = 16;
static constexpr uint32_t REPORT_FRAMES = 5, REPORT_MS = 500;
static constexpr uint64_t MIN_BIT_RATE = 200 * 1000;
/* A client's decoder is taken to be there so long after it heard of the stream, the first one later:
 * nothing says so, and until then it gets JPEG */
static constexpr uint64_t DECODER_NS = 120 * MS, FIRST_DECODER_NS = 400 * MS;
/* A rectangle that moves is worth a stream when it has been the same for that long */
static constexpr uint64_t STEADY_NS = 200 * MS;
/* While another codec is in use, how large JPEG would be is tried that often */
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
    maker(screen.jpegs, wake)
{
}

GlRemote::~GlRemote() = default;

/* ---- what the client can be sent ---- */

static bool has_codec(DisplayChannelClient *dcc, const RedVideoCodec &codec)
{
    if (!dcc->test_remote_cap(SPICE_DISPLAY_CAP_MULTI_CODEC)) {
        return codec.type == SPICE_VIDEO_CODEC_TYPE_MJPEG; // all old ones have it
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
    found.video = found.jpeg || found.inter; // one that knows no codec gets no JPEG images either
    /* The order is a choice where the client has made one; else the link decides */
    const bool chosen = dcc->priv->client_preferred_video_codecs;
    found.fixed_jpeg = found.jpeg && (!found.inter || (chosen && found.fixed_jpeg));
    found.fixed_inter = found.inter && (!found.jpeg || (chosen && found.fixed_inter));
    return found;
}

uint64_t GlRemote::video_bit_rate(const GlRect &rect) const
{
    /* More than a fifth of a bit for each pixel of each frame is not seen */
    const uint64_t useful = uint64_t{rect.w} * rect.h * FRAMES_PER_SECOND / 5;
    return std::max(MIN_BIT_RATE, std::min(rate.video_rate() * 8, std::max<uint64_t>(useful, 2000000)));
}

/* For all that moves in one frame. What a frame takes on the link is latency: a good one is not made
 * better than half of the link carries. */
size_t GlRemote::jpeg_bytes() const
{
    const size_t most = rate.video_rate() / FRAMES_PER_SECOND;
    return std::max(most / 2, std::min(most, maker.jpeg_size(size_t{w} * h)));
}

/* ---- the screen ---- */

void GlRemote::resized()
{
    end_stream();
    drop_next();
    pending.reset(); // what comes of it is of the former size
    plan.reset({ 0, 0, w, h });
    if (!screen.dark || !w || leaving) {
        return; // the next picture brings its surface
    }
    send(gl_surface_destroy());
    dcc->priv->surface_client_created[0] = false;
    w = h = 0;
}

/* True: the client has a surface of the frame's size */
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
    dcc->priv->surface_client_created[0] = true; // for a migration's sake
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

void GlRemote::shows_by_other(uint32_t codec)
{
    last_video_ns = spice_get_monotonic_time_ns();
    shown(QXL_GL_PATH_HARDWARE, codec, "the picture moves, and the card encodes");
}

uint32_t GlRemote::stamp(uint64_t captured_ns)
{
    return stamps.stamp(reds_get_mm_time() - (spice_get_monotonic_time_ns() - captured_ns) / MS);
}

void GlRemote::leave()
{
    end_stream();
    drop_next();
    pending.reset();
    leaving = true;
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

/* The client sets its decoder up, and does not show what comes out */
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
    spice_warning("display %d: client %u: an encoder fails: %s", screen.display_id,
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

/* Whether what moves is to be a stream, and of which rectangle */
void GlRemote::choose_stream(const Codecs &can, uint64_t now_ns)
{
    const GlRect moving = screen.motion.moving(now_ns);
    bool inter = can.fixed_inter && !expects_other;

    if (moving.empty()) {
        drop_next();
        /* Its last frame has been shown by now: what changed last did so STILL_NS ago, and has
         * arrived */
        if (running && !plan.lacks(running->rect()) && arrived_number >= last_frame_number) {
            end_stream();
        }
        return;
    }
    codec_reason = can.fixed_jpeg || can.fixed_inter ? "the only one, or the client's choice" :
        nullptr;
    const bool chooses = can.inter && can.jpeg && !can.fixed_inter && !can.fixed_jpeg;
    if (chooses && !expects_other) {
        const size_t size = maker.jpeg_size(size_t{moving.w} * moving.h);
        inter = size && choice.choose(rate.share(), rate.fell_ns(), FRAMES_PER_SECOND, size,
                                      now_ns) == GlCodecChoice::Codec::INTER;
        codec_reason = choice.why();
        if (stamps.playing()) { // images have no time at which they are shown
            inter = true;
            codec_reason = "the client plays audio, which video is to be in step with";
        }
    }
    if (!inter) {
        drop_next();
        end_stream();
        return;
    }
    if (!(moving == steady)) { // a window that is dragged would be a stream for each frame
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
                                video_bit_rate(moving), screen.frame, wake, &why);
        if (!next) {
            spice_warning("display %d: no encoder: %s", screen.display_id, why.c_str());
            screen.failed_codecs |= 1u << can.inter;
        }
    }
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
        rate.tick(now_ns);
    }
    look_at_streams(now_ns);
    if (pending && !send_pending(now_ns)) {
        return now_ns + TICK_NS;
    }
    if (!counts_messages && rate.in_flight() && pings.empty() && dcc->pipe_is_empty()) {
        send_ping(now_ns); // nothing else would say that what is on its way has arrived
    }
    if (maker.busy() && !pending) {
        maker.take(); // of a job that nobody waits for any more
    }
    uint64_t again = rate.in_flight() ? now_ns + interval_ns : NEVER;
    if (!ready_to_send() || maker.busy() || !show_surface()) {
        return again;
    }
    tune_socket(now_ns);
    if (now_ns + EARLY_NS < next_ns) {
        return std::min(again, next_ns - EARLY_NS);
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
    /* Where all has to be lossless, a picture goes in one piece, however long it takes: else clients
     * would show parts of several */
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
        if (!pending->images) { // there is no thread to be had, now
            plan.refresh();
        }
    }
    next_ns = now_ns < next_ns + FRAME_NS ? next_ns + FRAME_NS : now_ns + FRAME_NS;
}

/* False: not everything is there yet */
bool GlRemote::send_pending(uint64_t now_ns)
{
    if (pending->images && !pending->batch) {
        pending->batch = maker.take();
    }
    if ((pending->images && !pending->batch) || (pending->video && !pending->frame)) {
        return false;
    }
    if (pending->frame) {
        send_video(*pending->frame);
    }
    if (pending->batch) {
        for (auto &message : pending->batch->messages) {
            send(std::move(message));
        }
        plan.done(pending->batch->sent);
    }
    if (!pending->frame && (!pending->batch || pending->batch->messages.empty())) {
        pending.reset(); // it was for nothing but a trial
        return true;
    }
    if (mark_due) {
        send(gl_mark());
        mark_due = false;
    }
    if (!counts_messages || now_ns >= pinged_ns + PING_NS) {
        send_ping(now_ns);
    }
    tell_way(*pending, now_ns);
    pending.reset();
    return true;
}

void GlRemote::send_video(const std::vector<uint8_t> &frame)
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
    plan.blurred(running->rect());
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

void GlRemote::send(GlMessage &&message)
{
    gl_send(dcc, std::move(message));
}

void GlRemote::send_ping(uint64_t now_ns)
{
    if (pings.size() >= MAX_PINGS) {
        return;
    }
    pinged_ns = now_ns;
    pings.push_back({ PING_ID | (pings_sent++ & PING_MASK), 0 });
    send(gl_ping(pings.back().id, now_ns));
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
              next_reason ? next_reason : "the picture moves");
        next_reason = nullptr;
    } else if (last_video_ns && !screen.motion.moving(now_ns).empty()) {
        /* beside a video, which goes on, there may be other pictures */
        shown(QXL_GL_PATH_SOFTWARE, 0, nullptr);
    } else {
        shown(QXL_GL_PATH_IMAGE, 0, next_reason ? next_reason :
              last_video_ns ? "the picture stands still" : "the picture is no video");
        next_reason = nullptr;
    }
}

/* ---- what comes back ---- */

void GlRemote::sending(uint64_t number, size_t size, uint64_t now_ns)
{
    sent_number = number;
    if (!rate.in_flight()) {
        heard_ns = now_ns;
    }
    rate.sent(number, size, now_ns);
    if (last_frame_number == UINT64_MAX && dcc->pipe_is_empty()) {
        last_frame_number = number;
    }
    if (!pings.empty() && dcc->pipe_is_empty() && !pings.back().number) {
        pings.back().number = number; // it is the last message of its batch
    }
}

void GlRemote::acknowledged(uint64_t sent, uint64_t now_ns)
{
    /* Some clients acknowledge the very message that asks them to, which is not counted */
    acknowledged_number = std::min(acknowledged_number + 1, sent);
    if (acknowledged_number > arrived_number) {
        arrived(acknowledged_number, now_ns);
    }
}

void GlRemote::arrived(uint64_t number, uint64_t now_ns)
{
    arrived_number = number;
    heard_ns = now_ns;
    rate.arrived(number, now_ns);
    if (frame_captured_ns && number >= last_frame_number) {
        const uint64_t took = now_ns - frame_captured_ns;
        stamps.acknowledged(reds_get_mm_time() - took / MS,
                            (took - std::min(took, rate.rtt_min_ns())) / MS);
        frame_captured_ns = 0;
    }
}

/* The client has handled all that was sent before, whatever its acknowledgements say: some are for
 * twenty messages at a time, whatever they were asked for */
bool GlRemote::pong(uint32_t id, uint64_t now_ns)
{
    auto ping = std::find_if(pings.begin(), pings.end(), [id](const Ping &p) { return p.id == id; });
    if (ping == pings.end()) {
        return false;
    }
    const uint64_t number = ping->number;
    pings.erase(pings.begin(), ping + 1);
    if (number) {
        if (acknowledged_number + 2 < number) {
            counts_messages = false;
        }
        if (number > arrived_number) {
            arrived(number, now_ns);
        }
    }
    return true;
}

bool GlRemote::report(const SpiceMsgcDisplayStreamReport &report)
{
    if (report.stream_id >= STREAM_IDS) {
        return false;
    }
    for (auto stream : { &running, &next }) { // else it is about one that has ended
        if (*stream && (*stream)->is_told() && report.stream_id == (*stream)->id()) {
            if (report.num_frames == 0 && report.num_drops == UINT32_MAX) {
                refused_codecs |= 1u << (*stream)->codec();
                stream_failed(stream, "the client cannot show this stream");
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

/* The kernel lets messages out evenly, and says whether it had to send some again. Not all sockets
 * are TCP's: the others go without. */
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

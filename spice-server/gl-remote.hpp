/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * One remote client: whenever its link has room, it is sent what it lacks of the newest frame.
 * Nothing is queued for it.
 *
 *   gl-plan                     what the client lacks, and what it is sent next
 *   gl-rate, gl-receipts        whether the link has room, and how much
 *   gl-link-use                 what the client's other heads need of the same link
 *   gl-turns                    when the next picture may be sent
 *   gl-codec-choice, gl-stamps  the codec of a video, and when the client shows its frames
 *   gl-maker, gl-stream         make the messages, in threads of their own
 *
 * Display worker's thread.
 */
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dcc.h"
#include "gl-codec-choice.hpp"
#include "gl-frame.hpp"
#include "gl-link-use.hpp"
#include "gl-maker.hpp"
#include "gl-motion.hpp"
#include "gl-plan.hpp"
#include "gl-rate.hpp"
#include "gl-receipts.hpp"
#include "gl-stamps.hpp"
#include "gl-stream.hpp"
#include "gl-turns.hpp"

namespace red {

/* Shared by all remote clients of a display */
struct GlScreen {
    GlFramePtr frame; /* the newest; null: there is none, or not yet */
    bool dark = true; /* nothing is scanned out */
    GlMotion motion;
    std::shared_ptr<GlJpegShare> jpegs = std::make_shared<GlJpegShare>();
    int display_id = 0;
    uint32_t failed_codecs = 0; /* bits: codecs whose encoder failed, which are not tried again */
    /* Most pictures that a client is sent per second; any thread. By default as many as the reader
     * reads of a fast guest */
    static constexpr uint32_t READ_RATE = 60;
    std::atomic<uint32_t> max_rate{READ_RATE};
};

class GlRemote
{
public:
    /* A picture is being sent; arguments as for GlPath::shown() */
    using Shown = std::function<void(uint32_t path, uint32_t codec, const char *reason)>;
    static constexpr uint64_t NEVER = UINT64_MAX;

    /* WAKE: called from any thread when work() has something to do */
    GlRemote(GlScreen &screen, DisplayChannelClient *dcc, std::function<void()> wake, Shown shown);
    ~GlRemote();
    GlRemote(const GlRemote &) = delete;
    GlRemote &operator=(const GlRemote &) = delete;

    /* The screen has another size, or is dark */
    void resized();
    void changed(const GlRegion &region) { plan.changed(region); }
    /* Sends what there is room for. Returns when it wants to be called again if nothing else
     * happens, monotonic ns. */
    uint64_t work(uint64_t now_ns);

    /* Message NUMBER, from 1, of SIZE bytes is being sent to the client; any message counts */
    void sending(uint64_t number, size_t size, uint64_t now_ns);
    /* The client has acknowledged one more of the SENT messages */
    void acknowledged(uint64_t sent, uint64_t now_ns);
    /* False: ID is not that of a ping sent from here */
    bool pong(uint32_t id, uint64_t now_ns);
    /* False: the report is not about a stream of this class */
    bool report(const SpiceMsgcDisplayStreamReport &report);
    /* A report about the other stream that shows the screen (gl-hardware) */
    void heard(const SpiceMsgcDisplayStreamReport &report);

    /* While another stream shows the whole screen (gl-hardware), the client gets no pictures;
     * afterwards it gets the whole present frame */
    void set_shown_by_other(bool other);
    bool has_surface(uint32_t width, uint32_t height) const { return w == width && h == height; }
    bool shown_by_other() const { return elsewhere; }
    /* The other stream will show what moves: no video stream is begun here */
    void expect_other(bool expected) { expects_other = expected; }
    /* A frame of the other stream is being sent */
    void shows_by_other(uint32_t codec);
    /* The multimedia time, ms, at which a frame captured at CAPTURED_NS is to be shown */
    uint32_t stamp(uint64_t captured_ns);
    /* Why the path changes next, if not for the usual reason: a literal */
    void changes_because(const char *reason) { next_reason = reason; }
    /* The client has been told to switch to another server: ends its streams, sends nothing more */
    void leave();

    GlRate &link() { return rate; }
    uint32_t max_rate() const { return screen.max_rate; }
    struct Stats {
        const char *codec_reason; /* a literal, or null */
        uint64_t bit_rate, rtt_ns, in_flight, dropped;
        uint32_t frames_per_second;
    };
    Stats stats(uint64_t now_ns) const;

private:
    struct Codecs {
        bool video = false;                /* the server allows it, and the client can show some */
        bool jpeg = false;                 /* the client can be sent MJPEG */
        SpiceVideoCodecType inter{};       /* the first other one that both have; 0: none */
        bool fixed_jpeg = false, fixed_inter = false; /* the only one, or the client's choice */
    };
    /* A job whose results are not complete yet */
    struct Pending {
        Pending() {} // clang does not see the implicit one in an optional of this class
        uint64_t captured_ns = 0;
        bool images = false;         /* some are being made */
        GlStream *video = nullptr;   /* its frame has not been sent yet */
        std::optional<std::vector<uint8_t>> frame;
        bool sent = false;           /* a part of it has been sent */
        bool moves = false;
    };

    Codecs codecs() const;
    bool ready_to_send() const;
    bool show_surface();
    void choose_stream(const Codecs &codecs, uint64_t now_ns);
    void look_at_streams(uint64_t now_ns);
    void stream_failed(std::unique_ptr<GlStream> *stream, const std::string &why);
    void end_stream();
    void drop_next();
    void tell_next(uint64_t now_ns);
    void begin(uint64_t now_ns);
    bool send_pending(uint64_t now_ns);
    void send_video(const std::vector<uint8_t> &frame, uint64_t now_ns);
    void send_frame(const GlStream &stream, const std::vector<uint8_t> &frame,
                    uint64_t captured_ns);
    void arrived(uint64_t now_ns);
    void send(GlMessage &&message);
    void send_ping(uint64_t now_ns);
    void note_others(uint64_t now_ns);
    void tell_way(const Pending &sent, uint64_t now_ns);
    void tune_socket(uint64_t now_ns);
    uint64_t video_bit_rate(const GlRect &rect) const;
    size_t jpeg_bytes() const;

    GlScreen &screen;
    DisplayChannelClient *const dcc;
    const std::function<void()> wake;
    const Shown shown;

    GlPlan plan;
    GlRate rate;
    GlStamps stamps;
    GlCodecChoice choice;
    GlMaker maker;
    std::unique_ptr<GlStream> running, next; /* what the client is shown, and what warms up */
    std::optional<std::vector<uint8_t>> next_first; /* the first frame of NEXT */
    uint64_t frame_captured_ns = 0; /* of LAST_FRAME_NUMBER */
    const char *codec_reason = nullptr; /* a literal */
    const char *next_reason = nullptr;  /* for the next change of path; a literal */
    uint32_t streams_made = 0;
    uint32_t refused_codecs = 0; /* bits: codecs that the client failed to play */
    bool has_decoded = false;    /* the client has been sent a stream before */
    std::optional<Pending> pending;

    uint32_t w = 0, h = 0;       /* of the client's surface; 0: it has none */
    bool mark_due = false;
    bool elsewhere = false, expects_other = false, leaving = false;
    GlRect steady;               /* the rectangle that moves, the same since STEADY_NS */
    uint64_t steady_ns = 0;
    uint64_t tried_ns = 0;       /* when JPEG was last tried */
    GlTurns turns;
    uint64_t last_video_ns = 0, last_frame_number = 0;
    GlReceipts receipts;
    GlLinkShare link_share;
    uint64_t pinged_ns = 0;
    uint64_t pacing = 0, tuned_ns = 0;
    uint64_t tick_ns = 0, heard_ns = 0;
    std::vector<uint64_t> shown_ns; /* times of the last second's pictures */
};

} // namespace red

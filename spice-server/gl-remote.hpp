/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One remote client: it is sent what it lacks of the newest picture whenever there is room on its
 * link, and nothing is queued for it.
 *
 *   gl-plan                     what that is
 *   gl-rate, gl-receipts        whether there is room, and for how much
 *   gl-turns                    when it is the next picture's turn
 *   gl-codec-choice, gl-stamps  how a video goes, and when the client shows it
 *   gl-maker, gl-stream         make messages of it, in threads of their own
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
#include "gl-maker.hpp"
#include "gl-motion.hpp"
#include "gl-plan.hpp"
#include "gl-rate.hpp"
#include "gl-receipts.hpp"
#include "gl-stamps.hpp"
#include "gl-stream.hpp"
#include "gl-turns.hpp"

namespace red {

/* What all remote clients of a display look at */
struct GlScreen {
    GlFramePtr frame; /* the newest; null: there is none, or not yet */
    bool dark = true; /* nothing is scanned out */
    GlMotion motion;
    std::shared_ptr<GlJpegShare> jpegs = std::make_shared<GlJpegShare>();
    int display_id = 0;
    uint32_t failed_codecs = 0; /* bits: encoders that have failed are not tried again */
    /* Pictures a second: the screen is read that often at most, and each is sent; any thread */
    static constexpr uint32_t READ_RATE = 60;
    std::atomic<uint32_t> max_rate{READ_RATE};
};

class GlRemote
{
public:
    /* How it is served: QXL_GL_PATH_*, SpiceVideoCodecType, and why (a literal), or null where that
     * is not another way than before */
    using Shown = std::function<void(uint32_t path, uint32_t codec, const char *reason)>;
    static constexpr uint64_t NEVER = UINT64_MAX;

    /* WAKE: any thread: work() has something to do */
    GlRemote(GlScreen &screen, DisplayChannelClient *dcc, std::function<void()> wake, Shown shown);
    ~GlRemote();
    GlRemote(const GlRemote &) = delete;
    GlRemote &operator=(const GlRemote &) = delete;

    /* The screen has another size, or (0x0) is dark */
    void resized();
    void changed(const GlRegion &region) { plan.changed(region); }
    /* Sends what there is room for. Returns when it wants to be called again, if nothing else
     * happens, monotonic ns. */
    uint64_t work(uint64_t now_ns);

    /* Message NUMBER, from 1, of SIZE bytes is being sent to the client, whoever's it is */
    void sending(uint64_t number, size_t size, uint64_t now_ns);
    /* The client has acknowledged one more of the SENT messages */
    void acknowledged(uint64_t sent, uint64_t now_ns);
    /* False: it is not an answer to a ping of ours */
    bool pong(uint32_t id, uint64_t now_ns);
    /* False: it is not about a stream of ours */
    bool report(const SpiceMsgcDisplayStreamReport &report);
    /* About the other stream that shows the screen */
    void heard(const SpiceMsgcDisplayStreamReport &report);

    /* While another stream shows the whole screen (gl-hardware), it gets no pictures; after that,
     * all of the present one */
    void set_shown_by_other(bool other);
    bool has_surface(uint32_t width, uint32_t height) const { return w == width && h == height; }
    bool shown_by_other() const { return elsewhere; }
    /* What moves will be shown by that: no video stream is begun here */
    void expect_other(bool expected) { expects_other = expected; }
    /* The other stream shows a frame */
    void shows_by_other(uint32_t codec);
    /* The multimedia time for a frame of what was there at CAPTURED_NS, ms */
    uint32_t stamp(uint64_t captured_ns);
    /* Why it is served in another way from now on, where that is no matter of course: a literal */
    void changes_because(const char *reason) { next_reason = reason; }
    /* It has been told to go to another server: what it has been told of ends, nothing follows */
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
        bool fixed_jpeg = false, fixed_inter = false; /* a preference says so */
    };
    /* A job of which not everything is there yet */
    struct Pending {
        Pending() {} // clang takes the implicit one for none in an optional of this class
        uint64_t captured_ns = 0;
        bool images = false;         /* some are being made */
        GlStream *video = nullptr;   /* its frame is not sent yet */
        std::optional<std::vector<uint8_t>> frame;
        bool sent = false;           /* something of it */
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
    std::unique_ptr<GlStream> running, next; /* the client knows the first; the second warms up */
    std::optional<std::vector<uint8_t>> next_first; /* its first frame */
    uint64_t frame_captured_ns = 0; /* of LAST_FRAME_NUMBER */
    const char *codec_reason = nullptr; /* a literal */
    const char *next_reason = nullptr;  /* of the next change; a literal */
    uint32_t streams_made = 0;
    uint32_t refused_codecs = 0; /* bits: the client cannot show them, whatever it says */
    bool has_decoded = false;    /* it has shown a stream before */
    std::optional<Pending> pending;

    uint32_t w = 0, h = 0;       /* of the client's surface; 0: it has none */
    bool mark_due = false;
    bool elsewhere = false, expects_other = false, leaving = false;
    GlRect steady;               /* what moved last, since STEADY_NS */
    uint64_t steady_ns = 0;
    uint64_t tried_ns = 0;       /* when JPEG was tried last */
    GlTurns turns;
    uint64_t last_video_ns = 0, last_frame_number = 0;
    GlReceipts receipts;
    uint64_t pinged_ns = 0;
    uint64_t pacing = 0, tuned_ns = 0;
    uint64_t tick_ns = 0, heard_ns = 0;
    std::vector<uint64_t> shown_ns; /* the last second's frames */
};

} // namespace red

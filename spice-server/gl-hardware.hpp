/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * The hardware path: remote clients whose picture moves while the display's GPU encodes it:
 *
 *   still ──motion──▶ starting ──first frame──▶ moving ──motion stops──▶ still
 *     ▲                   │                        │
 *     └── software for good ◀── the path fails ────┘
 *
 * A moving client gets the stream and no pictures; any other gets pictures like software clients.
 * Encoders deliver frames in threads of their own; send_encoded() sends them.
 *
 * Display worker's thread, unless stated otherwise.
 */
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "display-channel.h"
#include "gl-context.hpp"
#include "gl-drawn-motion.hpp"
#include "gl-va-encoders.hpp"
#include "gl-image.hpp"
#include "gl-path.hpp"

namespace red {

class GlHardware
{
public:
    class User
    {
    public:
        /* Any thread: send_encoded() has something to do */
        virtual void hardware_has_news() = 0;
        /* These clients get pictures again, and must be sent the whole present frame */
        virtual void hardware_gave_back(const std::list<DisplayChannelClient *> &clients) = 0;
        /* A client gets the stream now, and no pictures */
        virtual void hardware_took_over(DisplayChannelClient *dcc) = 0;
        virtual void hardware_exported() = 0;
        /* Whether images that the guest draws into are to be exported from now on */
        virtual void hardware_wants_dmabufs(bool wants) = 0;

    protected:
        ~User() = default;
    };

    /* PATH has the clients */
    GlHardware(User &user, GlPath &path, const GlContext &context);
    ~GlHardware();

    /* Main thread, before any client connects: opens the encoders of the display's GPU */
    void open(int display_id);

    /* A client is served remotely from now on */
    void add(GlClient &client);
    /* Ends the client's stream; the client gets no pictures afterwards */
    void leave(GlClient &client);
    /* Must frame_rendered() be called? */
    bool any() const;
    /* Clients that get the stream, and no pictures */
    unsigned int num_moving() const;
    /* True: the GPU can encode for this client, which is to get no other stream */
    bool serves(const GlClient &client) const;

    /* A readback has found this many changed pixels */
    void changed(uint64_t pixels);
    /* Any thread: the guest draws this many pixels */
    void note_guest_draw(uint64_t pixels);
    /* The GPU has finished what the guest drew into SCANOUT */
    void frame_rendered(const GlScanout &scanout);
    /* False: the report is not about one of these streams */
    bool reported(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport &report);
    /* The scanout's size changes, or it is disabled: ends all streams. Must be called before
     * clients are told. */
    void scanout_changes();
    void send_encoded();
    /* Must be called before the worker ends, which waits for encoders */
    void stop();

private:
    SpiceVideoCodecType codec_for(DisplayChannelClient *dcc) const;
    void begin(GlClient &client, const GlScanout &scanout);
    bool is_early(const GlClient &client, uint64_t now_ns) const;
    void push(GlClient &client, const GlScanout &scanout);
    void send_frames(GlClient &client);
    bool end(GlClient &client);
    void fail(GlClient &client, const std::string &why);
    void push_missed();
    void schedule_check();
    static void check(GlHardware *hardware);

    User &user;
    GlPath &path; /* its clients that have a GlHwClient: those for which the path has not failed */
    const GlContext &context;
    int id = 0;
    std::shared_ptr<GlVaEncoders> va;
    GlDrawnMotion motion;
    GlScanout shown;                            /* set while something moves */
    SpiceTimer *timer = nullptr;
};

} // namespace red

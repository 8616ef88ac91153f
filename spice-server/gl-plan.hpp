/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * What one remote client lacks of the newest frame, and what it is sent next. Nothing is queued: a
 * part that changes again before there was room to send it is sent once, in its latest state.
 *
 *   changed and moving         JPEG, or the client's video stream
 *   changed otherwise          lossless if that is small, else JPEG
 *   blurred, and stands still  lossless, in small pieces, the most recent changes first
 *
 * Some clients (spice-html5) decode JPEG in the background: what was sent after a JPEG may be drawn
 * before it, and is then covered by it. So what is sent lossless on top of a JPEG within SETTLE_NS
 * is sent again later.
 *
 * Time is an argument (monotonic, ns). No GL, no spice types, no threads.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gl-frame.hpp"
#include "gl-motion.hpp"
#include "gl-region.hpp"

namespace red {

/* What is to be made of one frame and sent together */
struct GlJob {
    GlFramePtr frame;

    /* Lossless if all of it takes at most SHARP_BYTES; otherwise JPEG if LOSSY, or else as much of
     * it lossless as fits */
    std::vector<GlRect> sharp;
    size_t sharp_bytes = 0;
    bool lossy = false;

    /* JPEG, about MOVING_BYTES in total */
    std::vector<GlRect> moving;
    size_t moving_bytes = 0;

    /* The part that the video stream shows; empty: none */
    GlRect streamed;

    /* To be compressed as JPEG only to learn its size; empty: nothing */
    GlRect trial;

    /* Lossless, as many from the front as fit into REFINE_BYTES; at least one if that is all */
    std::vector<GlRect> refine;
    size_t refine_bytes = 0;

    bool empty() const
    {
        return sharp.empty() && moving.empty() && streamed.empty() && refine.empty() &&
            trial.empty();
    }
};

/* The result of a job */
struct GlSent {
    GlRegion lossless, lossy; /* sent */
    GlRegion unsent;          /* neither */
};

/* The client's circumstances when a job is made */
struct GlTerms {
    bool video = true;        /* may pictures be lossy at all? */
    bool jpeg = true;         /* are moving parts sent as JPEG where no stream covers them? */
    GlRect stream;            /* covered by the running video stream; empty: there is none */
    size_t sharp_bytes = 0;   /* may be sent lossless at once */
    size_t moving_bytes = 0;  /* for the moving parts of one frame */
    size_t refine_bytes = 0;  /* for lossless refinement; 0: none now */
};

class GlPlan
{
public:
    /* A client has this long for decoding a JPEG, or up to STEP_NS longer */
    static constexpr uint64_t SETTLE_NS = 175000000, STEP_NS = 25000000;

    /* The client has a black screen of this size */
    void reset(const GlRect &screen);
    void changed(const GlRegion &region) { dirty += region; }
    /* The whole screen has to be sent again */
    void refresh() { dirty += GlRegion(all); }
    /* REGION is blurred at the client, or may be. SENT_NS: when it was sent; 0: long ago */
    void blurred(const GlRegion &region, uint64_t sent_ns = 0);

    /* The next job for FRAME, possibly empty. What it covers no longer counts as lacking. */
    GlJob next(const GlFramePtr &frame, GlMotion &motion, const GlTerms &terms, uint64_t now_ns);
    void done(const GlSent &sent, uint64_t sent_ns = 0);

    bool lacks_something() const { return !dirty.empty(); }
    bool lacks(const GlRegion &region) const { return !(dirty & region).empty(); }
    bool is_blurred() const { return !lossy.empty(); }

private:
    void refine(GlJob *job, const GlMotion &motion, const GlRegion &moves, uint64_t now_ns) const;
    GlRegion settling(uint64_t now_ns) const;

    GlRect all;
    GlRegion dirty; /* changed since it was sent, or never sent */
    GlRegion lossy; /* blurred at the client; what is dirty as well counts as dirty */
    /* Budget for lossless refinement, bytes. Beside something that changes all the time, one job's
     * share may be too small for any piece; it is saved up until a piece fits. */
    size_t saved = 0;
    GlRegion refining; /* in the last job */
    /* What was sent blurred recently: within STEP_NS from SENT_NS on; oldest first */
    struct Fresh {
        uint64_t sent_ns;
        GlRegion region;
    };
    std::vector<Fresh> fresh;
};

/* At most MOST rectangles that cover REGION and little else */
std::vector<GlRect> gl_cover(const GlRegion &region, size_t most);

} // namespace red

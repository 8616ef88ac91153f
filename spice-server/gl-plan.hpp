/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one remote client lacks of the newest picture, and what it is sent next. Nothing is queued:
 * a part that has changed again before there was room to send it is sent once, as it is by then.
 *
 *   what has changed and moves        JPEG, or the client's video stream
 *   what else has changed             lossless where that is small, else JPEG
 *   what is blurred and stands still  lossless, in small pieces, what has changed last first
 *
 * Some clients (spice-html5) decode JPEG beside everything else: what was sent after it is shown before
 * it, and is lost below it. So nothing that is sent lossless on top of a JPEG within SETTLE_NS is the
 * last that is sent there.
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

    /* Lossless if all of it takes at most SHARP_BYTES, else JPEG if LOSSY, else as much of it
     * lossless as that holds */
    std::vector<GlRect> sharp;
    size_t sharp_bytes = 0;
    bool lossy = false;

    /* JPEG of about MOVING_BYTES in all */
    std::vector<GlRect> moving;
    size_t moving_bytes = 0;

    /* A picture for the video stream; empty: none */
    GlRect streamed;

    /* To be tried as JPEG and not sent: how large it would be; empty: nothing */
    GlRect trial;

    /* Lossless, as many from the front as REFINE_BYTES hold; one at least if that is all */
    std::vector<GlRect> refine;
    size_t refine_bytes = 0;

    bool empty() const
    {
        return sharp.empty() && moving.empty() && streamed.empty() && refine.empty() &&
            trial.empty();
    }
};

/* What has become of a job */
struct GlSent {
    GlRegion lossless, lossy; /* sent */
    GlRegion unsent;          /* neither */
};

/* The client's circumstances when a job is made */
struct GlTerms {
    bool video = true;        /* may pictures be lossy at all? */
    bool jpeg = true;         /* is what moves sent as JPEG, where no stream covers it? */
    GlRect stream;            /* what the running video stream covers; empty: there is none */
    size_t sharp_bytes = 0;   /* that may go lossless at once */
    size_t moving_bytes = 0;  /* for one frame of what moves */
    size_t refine_bytes = 0;  /* for pieces made lossless; 0: not now */
};

class GlPlan
{
public:
    /* So long at least, and STEP_NS more at most, a client has for decoding a JPEG */
    static constexpr uint64_t SETTLE_NS = 175000000, STEP_NS = 25000000;

    /* The client has a black screen of this size */
    void reset(const GlRect &screen);
    void changed(const GlRegion &region) { dirty += region; }
    /* All of it has to be sent again */
    void refresh() { dirty += GlRegion(all); }
    /* The client has REGION blurred, or may have; it was sent at SENT_NS, 0: long ago */
    void blurred(const GlRegion &region, uint64_t sent_ns = 0);

    /* The next job for FRAME, maybe empty. What it is of does not count as lacking any more. */
    GlJob next(const GlFramePtr &frame, GlMotion &motion, const GlTerms &terms, uint64_t now_ns);
    void done(const GlSent &sent, uint64_t sent_ns = 0);

    bool lacks_something() const { return !dirty.empty(); }
    bool lacks(const GlRegion &region) const { return !(dirty & region).empty(); }
    bool is_blurred() const { return !lossy.empty(); }

private:
    void refine(GlJob *job, const GlMotion &motion, const GlRegion &moves, uint64_t now_ns) const;
    GlRegion settling(uint64_t now_ns) const;

    GlRect all;
    GlRegion dirty; /* has changed, or was never sent */
    GlRegion lossy; /* as the client has it; what is dirty as well counts as dirty */
    /* What may go for pieces in one job may be too little for any, beside something else that
     * changes all the time: it is saved up until one fits. Bytes. */
    size_t saved = 0;
    GlRegion refining; /* in the last job */
    /* What was sent blurred of late: within STEP_NS from then on, the oldest first */
    struct Fresh {
        uint64_t sent_ns;
        GlRegion region;
    };
    std::vector<Fresh> fresh;
};

/* At most MOST rectangles that cover REGION, with little around it */
std::vector<GlRect> gl_cover(const GlRegion &region, size_t most);

} // namespace red

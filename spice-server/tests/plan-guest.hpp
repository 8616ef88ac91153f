/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* For tests of GlPlan: a guest that draws, and a client's plan. */
#pragma once

#include <algorithm>
#include <vector>

#include "gl-plan.hpp"

namespace red {

inline constexpr uint64_t MS = 1000000, SECOND = 1000 * MS;

inline bool overlap(const GlRegion &a, const GlRegion &b)
{
    return !(a & b).empty();
}

inline GlRegion region_of(const std::vector<GlRect> &rects)
{
    GlRegion region;
    for (const auto &rect : rects) {
        region += rect;
    }
    return region;
}

/* A guest's screen as a number for each pixel, which differs with each change, and its plan */
class Guest
{
public:
    Guest(uint32_t width, uint32_t height):
        w(width), h(height), pixels(size_t{width} * height, 1)
    {
        motion.reset(w, h);
        plan.reset(all());
        frame = GlFrame::create(w, h);
        terms.refine_bytes = 1;
    }

    GlRect all() const { return { 0, 0, w, h }; }
    void draw(const GlRegion &region)
    {
        const uint32_t number = ++drawn;
        for (const auto &rect : region.rects()) {
            for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
                std::fill_n(&pixels[size_t{y} * w + rect.x], rect.w, number);
            }
        }
        motion.changed(region, now);
        plan.changed(region);
    }
    /* Changes each pixel of RECT for this long, this many times per second */
    void play(const GlRect &rect, uint64_t ms, unsigned fps = 60)
    {
        for (const uint64_t end = now + ms * MS; now < end; now += SECOND / fps) {
            draw(rect);
        }
    }
    GlJob next() { return plan.next(frame, motion, terms, now); }
    /* All of JOB's images have been sent, and none blurred but what moves and what may be */
    void sent(const GlJob &job)
    {
        plan.done({ region_of(job.refine) + (job.lossy ? GlRegion() : region_of(job.sharp)),
                    region_of(job.moving) + (job.lossy ? region_of(job.sharp) : GlRegion()), {} }, now);
    }
    /* As if JOB's changes had been sent lossless */
    void sent_lossless(const GlJob &job)
    {
        plan.done({ region_of(job.refine) + region_of(job.sharp) + region_of(job.moving), {}, {} }, now);
    }

    uint32_t w, h;
    std::vector<uint32_t> pixels;
    uint32_t drawn = 1;
    GlMotion motion;
    GlPlan plan;
    GlTerms terms;
    std::shared_ptr<GlFrame> frame;
    uint64_t now = 1000 * SECOND;
};

} // namespace red

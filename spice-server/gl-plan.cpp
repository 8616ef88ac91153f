/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-plan.hpp"

#include <algorithm>
#include <utility>

namespace red {

/* Each rectangle is a separate message */
static constexpr size_t MAX_SHARP = 16;
static constexpr size_t MAX_MOVING = 4;
/* Pieces that are made lossless, pixels: smaller ones if few bytes may be sent at a time. A pixel
 * takes about two bytes. */
static constexpr uint32_t MAX_PIECE_WIDTH = 256, MIN_PIECE_WIDTH = 64, PIECE_HEIGHT = 64;
static constexpr size_t BYTES_PER_PIXEL = 2;
/* Most bytes that are saved up for a piece: any piece fits into that */
static constexpr size_t MAX_SAVED = MAX_PIECE_WIDTH * PIECE_HEIGHT * (GlFrame::BYTES + 1);
/* Most pieces considered for one job */
static constexpr size_t MAX_PIECES = 512;

static uint64_t area(const GlRect &r)
{
    return uint64_t{r.w} * r.h;
}

static uint64_t area_of(const std::vector<GlRect> &rects)
{
    uint64_t pixels = 0;
    for (const auto &rect : rects) {
        pixels += area(rect);
    }
    return pixels;
}

std::vector<GlRect> gl_cover(const GlRegion &region, size_t most)
{
    /* Two are merged if that sends few unchanged pixels: about as many as another message costs */
    constexpr uint64_t FREE = 2048;
    std::vector<GlRect> cover;

    for (auto rect : region.rects()) {
        for (bool merged = true; merged; ) {
            merged = false;
            for (auto other = cover.begin(); other != cover.end(); ++other) {
                const GlRect both = rect.united(*other);
                if (area(both) <= (area(rect) + area(*other)) * 5 / 4 + FREE) {
                    rect = both;
                    cover.erase(other);
                    merged = true;
                    break;
                }
            }
        }
        cover.push_back(rect);
        if (cover.size() > most * 4) {
            return { region.bounds() };
        }
    }
    if (cover.size() > most) {
        return { region.bounds() };
    }
    return cover;
}

/* Does REGION fill at least PERCENT of the rectangle around it? */
static bool fills(const GlRegion &region, unsigned percent)
{
    return region.area() * 100 >= area(region.bounds()) * percent;
}

/* A client may draw one message before the next arrives, and so show parts of two frames. If nearly
 * all of a rectangle has changed, it is sent as one message. */
static void in_one_piece(GlJob *job)
{
    constexpr unsigned MOST = 75, NEARLY_ALL = 88;
    GlRegion sharp, moving;

    for (const auto &rect : job->sharp) {
        sharp += rect;
    }
    for (const auto &rect : job->moving) {
        moving += rect;
    }
    /* As JPEG in one piece, which blurs little that does not move */
    const GlRegion both = sharp + moving;
    if (!moving.empty() && !sharp.empty() && fills(both, NEARLY_ALL)) {
        job->moving = { both.bounds() };
        job->sharp.clear();
        return;
    }
    if (job->moving.size() > 1 && fills(moving, MOST) && (moving.bounds() & sharp).empty()) {
        job->moving = { moving.bounds() };
    }
    if (job->sharp.size() > 1 && fills(sharp, MOST) && (sharp.bounds() & moving).empty()) {
        job->sharp = { sharp.bounds() };
    }
}

static uint32_t piece_width(size_t bytes)
{
    uint32_t width = MAX_PIECE_WIDTH;
    while (width > MIN_PIECE_WIDTH && width * PIECE_HEIGHT * BYTES_PER_PIXEL > bytes) {
        width /= 2;
    }
    return width;
}

static void add_pieces(const GlRect &rect, uint32_t width, std::vector<GlRect> *pieces)
{
    for (uint32_t y = rect.y; y < rect.y + rect.h; ) {
        const uint32_t bottom = std::min((y / PIECE_HEIGHT + 1) * PIECE_HEIGHT, rect.y + rect.h);
        for (uint32_t x = rect.x; x < rect.x + rect.w; ) {
            const uint32_t right = std::min((x / width + 1) * width, rect.x + rect.w);
            pieces->push_back({ x, y, right - x, bottom - y });
            x = right;
        }
        y = bottom;
    }
}

void GlPlan::reset(const GlRect &screen)
{
    all = screen;
    dirty = screen;
    lossy.clear();
    fresh.clear();
}

GlJob GlPlan::next(const GlFramePtr &frame, GlMotion &motion, const GlTerms &terms, uint64_t now_ns)
{
    GlJob job;
    GlRegion due = dirty, moves = terms.stream;

    while (!fresh.empty() && fresh.front().sent_ns + STEP_NS + SETTLE_NS <= now_ns) {
        fresh.erase(fresh.begin());
    }
    job.frame = frame;
    if (!terms.stream.empty()) {
        if (lacks(terms.stream)) {
            job.streamed = terms.stream;
        }
        due -= terms.stream;
    }
    if (terms.video && terms.jpeg) {
        const GlRect moving = motion.moving(now_ns);
        if (!moving.empty()) {
            moves += moving;
            job.moving = gl_cover(due & GlRegion(moving), MAX_MOVING);
            job.moving_bytes = terms.moving_bytes;
            due -= moving;
        }
    }
    job.sharp = gl_cover(due, MAX_SHARP);
    if (!moves.empty()) { // it may lie within the rectangles that cover the rest
        GlRegion beside;
        for (const auto &rect : job.sharp) {
            beside += rect;
        }
        job.sharp = (beside - moves).rects();
    }
    const bool all_fits = terms.video || area_of(job.sharp) <= terms.sharp_bytes / GlFrame::BYTES;
    if (terms.stream.empty() && all_fits) {
        in_one_piece(&job);
    }
    if (!all_fits) { // the rest waits
        std::vector<GlRect> pieces;
        for (const auto &rect : job.sharp) {
            add_pieces(rect, piece_width(terms.sharp_bytes), &pieces);
        }
        /* The covering rectangles may include what was sent before, which would be sent forever */
        pieces.erase(std::remove_if(pieces.begin(), pieces.end(), [&due](const GlRect &piece) {
            return (due & piece).empty();
        }), pieces.end());
        job.sharp = std::move(pieces);
    }
    job.sharp_bytes = terms.sharp_bytes;
    job.lossy = terms.video;
    dirty.clear();
    refining.clear();
    if (terms.refine_bytes) {
        saved = std::min(saved + terms.refine_bytes, std::max(terms.refine_bytes, MAX_SAVED));
        job.refine_bytes = saved;
        refine(&job, motion, moves, now_ns);
        for (const auto &rect : job.refine) {
            refining += rect;
        }
        if (job.refine.empty()) {
            saved = 0;
        }
    }
    return job;
}

/* The most recent changes first: that is where the user looks */
void GlPlan::refine(GlJob *job, const GlMotion &motion, const GlRegion &moves,
                    uint64_t now_ns) const
{
    if (lossy.empty() || now_ns < GlMotion::STILL_NS) {
        return;
    }
    GlRegion blurred = lossy - moves - settling(now_ns);
    for (const auto &rect : job->sharp) {
        blurred -= rect;
    }
    for (const auto &rect : job->moving) {
        blurred -= rect;
    }
    blurred = motion.unchanged(blurred, now_ns - GlMotion::STILL_NS);

    for (const auto &rect : blurred.rects()) {
        add_pieces(rect, piece_width(job->refine_bytes), &job->refine);
        if (job->refine.size() > MAX_PIECES) {
            break;
        }
    }
    std::stable_sort(job->refine.begin(), job->refine.end(),
                     [&motion](const GlRect &a, const GlRect &b) {
        return motion.last_change_ns(a) > motion.last_change_ns(b);
    });
}

/* What the client may still be decoding, and would draw on top of what is sent now */
GlRegion GlPlan::settling(uint64_t now_ns) const
{
    GlRegion region;
    for (const auto &f : fresh) {
        if (f.sent_ns + STEP_NS + SETTLE_NS > now_ns) {
            region += f.region;
        }
    }
    return region;
}

void GlPlan::blurred(const GlRegion &region, uint64_t sent_ns)
{
    lossy += region;
    if (!sent_ns || region.empty()) {
        return;
    }
    if (fresh.empty() || fresh.back().sent_ns + STEP_NS <= sent_ns) {
        fresh.push_back({ sent_ns, {} });
    }
    fresh.back().region += region;
}

void GlPlan::done(const GlSent &sent, uint64_t sent_ns)
{
    if (!(sent.lossless & refining).empty()) {
        saved = 0;
    }
    lossy -= sent.lossless - settling(sent_ns);
    blurred(sent.lossy, sent_ns);
    dirty += sent.unsent;
}

} // namespace red

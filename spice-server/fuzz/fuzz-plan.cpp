/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A guest that draws anything, and a client that is sent it in any portions: it has the guest's
 * picture in the end. From a readback's pixels to the jobs of a client; no GL, no threads. */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "gl-frames.hpp"
#include "gl-motion.hpp"
#include "gl-plan.hpp"

using namespace red;

namespace {

constexpr uint64_t MS = 1000000;

void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "not true: %s\n", what);
        abort();
    }
}

class Screen
{
public:
    explicit Screen(FuzzedDataProvider &data_): data(data_) { resize(); }

    void step()
    {
        now += data.ConsumeIntegralInRange<uint64_t>(0, 60) * MS;
        switch (data.ConsumeIntegralInRange<int>(0, 11)) {
        case 0: resize(); break;
        case 1: plan.refresh(); break;
        case 2: terms.video = data.ConsumeBool(); end_stream(); break;
        case 3: terms.jpeg = data.ConsumeBool(); break;
        case 4: end_stream(); break;
        case 5: begin_stream(); break;
        case 6: keep(); break;
        case 7: case 8: send(false); break;
        default: draw(); break;
        }
    }
    /* Nothing changes any more: the client soon has the whole picture */
    void settle()
    {
        end_stream();
        held.clear();
        read(all());
        for (int i = 0; i < 5000 && (plan.lacks_something() || plan.is_blurred()); i++) {
            now += 20 * MS;
            send(true);
        }
        require(!plan.lacks_something() && !plan.is_blurred(), "it comes to an end");
        for (uint32_t y = 0; y < h; y++) {
            for (uint32_t x = 0; x < w; x++) {
                require(memcmp(&shown[y * w + x], frames.current()->pixel(x, y), 4) == 0,
                        "the client has the newest frame");
                require((shown[y * w + x] & 0xffffff) == guest[y * w + x], "which is the guest's");
            }
        }
    }

private:
    GlRect all() const { return { 0, 0, w, h }; }
    GlRect rect()
    {
        GlRect made;
        made.x = data.ConsumeIntegralInRange<uint32_t>(0, w - 1);
        made.y = data.ConsumeIntegralInRange<uint32_t>(0, h - 1);
        made.w = data.ConsumeIntegralInRange<uint32_t>(1, w - made.x);
        made.h = data.ConsumeIntegralInRange<uint32_t>(1, h - made.y);
        return made;
    }
    void resize()
    {
        w = data.ConsumeIntegralInRange<uint32_t>(1, 300);
        h = data.ConsumeIntegralInRange<uint32_t>(1, 200);
        guest.assign(w * h, data.ConsumeIntegralInRange<uint32_t>(0, 0xffffff));
        shown.assign(w * h, 0);
        motion.reset(w, h);
        plan.reset(all());
        held.clear();
        frames.reset();
        unread = {};
        stream = {};
        read(all());
    }
    /* Only some of what the guest reports as drawn has changed */
    void draw()
    {
        const GlRect drawn = rect(), changed = rect();
        const uint32_t colour = data.ConsumeIntegralInRange<uint32_t>(0, 0xffffff);
        for (uint32_t y = changed.y; y < changed.y + changed.h; y++) {
            for (uint32_t x = changed.x; x < changed.x + changed.w; x++) {
                guest[y * w + x] = data.remaining_bytes() % 2 ? colour : guest[y * w + x] ^ 1;
            }
        }
        read(drawn.united(changed));
    }
    void read(const GlRect &part)
    {
        GlPixels pixels;
        GlRegion changed;
        unread = unread.united(part);
        pixels.stride = ptrdiff_t(w * 4);
        pixels.top = reinterpret_cast<const uint8_t *>(&guest[unread.y * w + unread.x]);
        switch (frames.update(w, h, unread, pixels, now, &changed)) {
        case GlFrames::Update::BUSY:
            require(held.size() + 1 >= GlFrames::MAX_FRAMES, "frames are free unless they are read");
            return; // is read with the next one
        case GlFrames::Update::CHANGED:
            motion.changed(changed, now);
            plan.changed(changed);
            break;
        default:
            require(changed.empty(), "nothing has changed");
        }
        unread = {};
    }
    /* An encoder reads a frame for a long time */
    void keep()
    {
        if (data.ConsumeBool() && frames.current()) {
            held.push_back(frames.current());
        } else if (!held.empty()) {
            held.erase(held.begin());
        }
    }
    void begin_stream()
    {
        end_stream();
        if (terms.video) {
            stream = motion.moving(now);
        }
    }
    void end_stream()
    {
        plan.blurred(stream);
        stream = {};
    }
    /* A job for the client; each part is sent or not. WELL: all of them are sent */
    void send(bool well)
    {
        if (!frames.current()) {
            return;
        }
        terms.stream = stream;
        terms.refine_bytes = well || data.ConsumeBool();
        GlJob job = plan.next(frames.current(), motion, terms, now);
        require(!plan.lacks_something(), "a job is of all that has changed");
        require(terms.video || (!job.lossy && job.moving.empty()), "no video");
        GlSent sent;
        if (!job.streamed.empty()) {
            show(*job.frame, job.streamed, false);
            plan.blurred(job.streamed, now);
        }
        for (const auto &part : job.moving) {
            send(*job.frame, part, false, well, &sent);
        }
        for (const auto &part : job.sharp) {
            require((GlRegion(part) & stream).empty(), "nothing lies over a stream");
            send(*job.frame, part, well || !job.lossy || data.ConsumeBool(), well, &sent);
        }
        for (const auto &part : job.refine) {
            require(motion.last_change_ns(part) + GlMotion::STILL_NS <= now, "it stands still");
            if (!well && data.ConsumeBool()) {
                break;
            }
            show(*job.frame, part, true);
            sent.lossless += part;
        }
        plan.done(sent, now);
    }
    void send(const GlFrame &frame, const GlRect &part, bool lossless, bool well, GlSent *sent)
    {
        if (!well && data.ConsumeIntegralInRange<int>(0, 3) == 0) {
            sent->unsent += part;
            return;
        }
        show(frame, part, lossless);
        (lossless ? sent->lossless : sent->lossy) += part;
    }
    void show(const GlFrame &frame, const GlRect &part, bool lossless)
    {
        require(part.x + part.w <= w && part.y + part.h <= h && !part.empty(), "on the screen");
        for (uint32_t y = part.y; y < part.y + part.h; y++) {
            for (uint32_t x = part.x; x < part.x + part.w; x++) {
                memcpy(&shown[y * w + x], frame.pixel(x, y), 4);
                shown[y * w + x] ^= lossless ? 0 : 0x10101;
            }
        }
    }

    FuzzedDataProvider &data;
    uint32_t w = 0, h = 0;
    std::vector<uint32_t> guest, shown;
    GlFrames frames;
    GlMotion motion;
    GlPlan plan;
    GlTerms terms;
    GlRect stream, unread;
    std::vector<GlFramePtr> held;
    uint64_t now = 1000000 * MS;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    FuzzedDataProvider data(bytes, size);
    Screen screen(data);
    while (data.remaining_bytes() > 0) {
        screen.step();
    }
    screen.settle();
    return 0;
}

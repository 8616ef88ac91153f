/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A model of a client, to which jobs are applied, has to end with the guest's picture, whatever the
 * guest draws and however jobs end. */
#include "gl-plan.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "plan-guest.hpp"
#include "test-random.hpp"

using namespace red;

namespace {

/* A client's screen, to which jobs are applied as they are sent; and one whose client shows what is
 * blurred some time later, on top of what came after it */
class Client
{
public:
    explicit Client(Guest &guest_, uint32_t seed):
        guest(guest_),
        random(seed),
        pixels(guest.pixels.size()),
        lossy(guest.pixels.size()),
        late_pixels(guest.pixels.size()),
        late_lossy(guest.pixels.size())
    {
    }

    /* Something has happened, and there may be room for a job */
    void step()
    {
        decode();
        if (busy) {
            if (random() % 2) {
                finish();
            }
        } else if (random() % 4) {
            start();
        }
    }
    /* Sends until there is nothing left to send; false: there is no end to it */
    bool settle()
    {
        for (int i = 0; i < 20000; i++) {
            guest.now += 20 * MS;
            decode();
            if (busy) {
                finish();
            } else if (!guest.plan.lacks_something() && !guest.plan.is_blurred()) {
                return true;
            } else {
                start();
            }
        }
        return false;
    }
    void begin_stream(const GlRect &rect)
    {
        end_stream();
        stream = rect;
    }
    void end_stream()
    {
        guest.plan.blurred(stream);
        stream = {};
        if (!job.streamed.empty()) { // its frame will not come
            guest.plan.changed(job.streamed);
            job.streamed = {};
        }
    }
    /* What the guest shows, and lossless */
    testing::AssertionResult is_exact() const { return is_exact(pixels, lossy); }
    testing::AssertionResult late_is_exact()
    {
        guest.now += GlPlan::SETTLE_NS;
        decode();
        return is_exact(late_pixels, late_lossy);
    }
    void check_job() const;

    GlRect stream;

private:
    testing::AssertionResult is_exact(const std::vector<uint32_t> &shown,
                                      const std::vector<bool> &blurred) const
    {
        for (size_t i = 0; i < shown.size(); i++) {
            if (shown[i] != guest.pixels[i] || blurred[i]) {
                return testing::AssertionFailure() << (blurred[i] ? "blurred" : "old") << " at "
                    << i % guest.w << ", " << i / guest.w;
            }
        }
        return testing::AssertionSuccess();
    }
    void start()
    {
        const auto before = guest.pixels;
        guest.terms.stream = stream;
        guest.terms.refine_bytes = random() % 2;
        job = guest.next();
        picture = before;
        busy = !job.empty();
        check_job();
    }
    /* Each part is sent lossless, blurred, or not at all */
    void finish()
    {
        GlSent sent;
        if (!job.streamed.empty()) {
            show(job.streamed, true);
            guest.plan.blurred(job.streamed, guest.now);
        }
        const bool fits = random() % 2;
        for (const auto &rect : job.sharp) {
            if (random() % 8 == 0) {
                sent.unsent += rect;
            } else if (fits || !job.lossy) {
                show(rect, false);
                sent.lossless += rect;
            } else {
                lossy_parts.push_back(rect);
            }
        }
        for (const auto &rect : job.moving) {
            if (random() % 8 == 0) {
                sent.unsent += rect;
            } else {
                lossy_parts.push_back(rect);
            }
        }
        for (const auto &rect : lossy_parts) {
            show(rect, true);
            sent.lossy += rect;
        }
        lossy_parts.clear();
        if (!job.refine.empty()) {
            for (size_t i = 0; i <= random() % job.refine.size(); i++) {
                show(job.refine[i], false);
                sent.lossless += job.refine[i];
            }
        }
        guest.plan.done(sent, guest.now);
        job = {};
        busy = false;
    }
    void show(const GlRect &rect, bool blurred)
    {
        put(rect, blurred, picture, &pixels, &lossy);
        if (blurred) {
            constexpr uint32_t LONGEST_MS = GlPlan::SETTLE_NS / MS;
            decoding.push_back({ rect, picture, guest.now + random() % LONGEST_MS * MS });
        } else {
            put(rect, false, picture, &late_pixels, &late_lossy);
        }
    }
    /* Shows what is ready, in any order */
    void decode()
    {
        for (auto d = decoding.begin(); d != decoding.end(); ) {
            if (d->ready_ns > guest.now) {
                ++d;
                continue;
            }
            put(d->rect, true, d->picture, &late_pixels, &late_lossy);
            d = decoding.erase(d);
        }
    }
    void put(const GlRect &rect, bool blurred, const std::vector<uint32_t> &from,
             std::vector<uint32_t> *to, std::vector<bool> *to_lossy) const
    {
        for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
            for (uint32_t x = rect.x; x < rect.x + rect.w; x++) {
                const size_t i = size_t{y} * guest.w + x;
                (*to)[i] = from[i];
                (*to_lossy)[i] = blurred;
            }
        }
    }

    Guest &guest;
    Random random;
    std::vector<uint32_t> pixels, picture; /* shown; of the job */
    std::vector<bool> lossy;
    struct Decoding {
        GlRect rect;
        std::vector<uint32_t> picture;
        uint64_t ready_ns;
    };
    std::vector<Decoding> decoding;
    std::vector<uint32_t> late_pixels;
    std::vector<bool> late_lossy;
    std::vector<GlRect> lossy_parts;
    GlJob job;
    bool busy = false;
};

/* Right after it was made */
void Client::check_job() const
{
    const GlRegion sharp = region_of(job.sharp), moving = region_of(job.moving);
    const GlRegion refine = region_of(job.refine);
    const GlRegion changes = sharp + moving + job.streamed;

    ASSERT_TRUE((sharp + moving + refine + job.streamed - guest.all()).empty());
    ASSERT_FALSE(overlap(sharp, stream));
    ASSERT_FALSE(overlap(refine, stream));
    ASSERT_FALSE(overlap(refine, sharp + moving));
    ASSERT_TRUE(job.streamed.empty() || job.streamed == stream);
    ASSERT_FALSE(guest.plan.lacks_something());
    for (size_t i = 0; i < pixels.size(); i++) {
        if (pixels[i] != guest.pixels[i]) {
            const GlRect pixel{ uint32_t(i % guest.w), uint32_t(i / guest.w), 1, 1 };
            ASSERT_TRUE(overlap(changes, pixel)) << "lost: " << pixel.x << ", " << pixel.y;
            i += 13; // some are enough
        }
    }
    uint64_t last = UINT64_MAX;
    for (const auto &rect : job.refine) {
        const uint64_t changed = guest.motion.last_change_ns(rect);
        ASSERT_LE(changed, guest.now - GlMotion::STILL_NS);
        ASSERT_LE(changed, last) << "newest first";
        last = changed;
    }
    if (!guest.terms.video) {
        ASSERT_TRUE(!job.lossy && moving.empty());
        for (const auto &rect : job.sharp) {
            ASSERT_TRUE(rect.w <= 256 && rect.h <= 64);
        }
    }
}

} // namespace

TEST(Plan, leaves_a_client_with_the_guest_s_picture_whatever_happens)
{
    for (unsigned seed = 1; seed <= 60; seed++) {
        Random random(seed);
        Guest guest(60 + random() % 300, 60 + random() % 200);
        Client client(guest, seed);
        guest.terms.video = seed % 4 != 0;
        guest.terms.jpeg = seed % 3 != 0;
        GlRect video;
        for (int step = 0; step < 300; step++) {
            guest.now += random() % 30 * MS;
            if (random() % 60 == 0) {
                video = random() % 3 ? random.rect(guest.w, guest.h, 300) : GlRect{};
            }
            GlRegion drawn = video;
            if (random() % 5 == 0) {
                drawn += random.rect(guest.w, guest.h, random() % 10 ? 30 : 300);
            }
            if (!drawn.empty()) {
                guest.draw(drawn);
            }
            if (random() % 40 == 0 && guest.terms.video) {
                const GlRect moving = guest.motion.moving(guest.now);
                moving.empty() || random() % 3 == 0 ? client.end_stream() :
                    client.begin_stream(moving);
            }
            if (random() % 100 == 0) {
                guest.plan.refresh();
            }
            client.step();
            if (HasFatalFailure()) {
                FAIL() << "seed " << seed << ", step " << step;
            }
        }
        client.end_stream();
        ASSERT_TRUE(client.settle()) << "seed " << seed;
        ASSERT_TRUE(client.is_exact()) << "seed " << seed;
        ASSERT_TRUE(client.late_is_exact()) << "seed " << seed;
    }
}

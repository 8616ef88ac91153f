/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client lacks and is sent: a model of a client, to which jobs are applied, has to end with
 * the guest's picture, whatever the guest draws and however jobs end. */
#include "gl-plan.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "test-random.hpp"

using namespace red;

namespace {

constexpr uint64_t MS = 1000000, SECOND = 1000 * MS;

bool overlap(const GlRegion &a, const GlRegion &b)
{
    return !(a & b).empty();
}

GlRegion region_of(const std::vector<GlRect> &rects)
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
    /* Each pixel of RECT changes so long at so many frames a second */
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
                    region_of(job.moving) + (job.lossy ? region_of(job.sharp) : GlRegion()), {} });
    }
    /* As if JOB's changes had been sent lossless */
    void sent_lossless(const GlJob &job)
    {
        plan.done({ region_of(job.refine) + region_of(job.sharp) + region_of(job.moving), {}, {} });
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

} // namespace

/* ---- covers ---- */

TEST(Cover, of_little_is_that)
{
    EXPECT_TRUE(gl_cover({}, 4).empty());
    const GlRect rect{ 3, 4, 50, 60 };
    EXPECT_EQ(gl_cover(rect, 4), std::vector<GlRect>{ rect });
    const GlRect far{ 1000, 900, 50, 60 };
    EXPECT_EQ(gl_cover(GlRegion(rect) + far, 4), (std::vector<GlRect>{ rect, far }));
}

TEST(Cover, makes_one_of_parts_that_touch)
{
    GlRegion letter; // strokes of one
    letter += GlRect{ 10, 10, 2, 12 };
    letter += GlRect{ 10, 10, 8, 2 };
    letter += GlRect{ 10, 20, 8, 2 };
    EXPECT_EQ(gl_cover(letter, 16), std::vector<GlRect>{ letter.bounds() });
}

TEST(Cover, covers_with_no_more_rectangles_than_asked_for)
{
    Random random(1);
    for (int run = 0; run < 2000; run++) {
        GlRegion region;
        for (int i = random() % 60; i >= 0; i--) {
            region += random.rect(1920, 1080, run % 2 ? 30 : 400);
        }
        const size_t most = 1 + random() % 20;
        const auto cover = gl_cover(region, most);
        ASSERT_LE(cover.size(), most);
        const GlRegion covered = region_of(cover);
        ASSERT_TRUE((region - covered).empty());
        ASSERT_TRUE((covered - region.bounds()).empty());
        for (const auto &rect : cover) {
            ASSERT_FALSE(rect.empty());
        }
    }
}

TEST(Cover, sends_little_that_has_not_changed_where_few_rectangles_do)
{
    Random random(2);
    for (int run = 0; run < 1000; run++) {
        GlRegion region;
        for (int i = random() % 4; i >= 0; i--) {
            region += random.rect(1920, 1080, 300);
        }
        uint64_t sum = 0;
        const auto cover = gl_cover(region, 64);
        for (const auto &rect : cover) {
            sum += uint64_t{rect.w} * rect.h;
        }
        const size_t merged = region.rects().size();
        ASSERT_LE(sum, region.area() * 2 + 4096 * merged) << region.rects().size();
    }
}

/* ---- what is sent ---- */

TEST(Plan, of_a_new_screen_lacks_all_of_it)
{
    Guest guest(640, 480);
    EXPECT_TRUE(guest.plan.lacks_something());
    const GlJob job = guest.next();
    EXPECT_EQ(job.sharp, std::vector<GlRect>{ guest.all() });
    EXPECT_EQ(job.frame, guest.frame);
    EXPECT_TRUE(job.lossy);
    EXPECT_FALSE(guest.plan.lacks_something());
    EXPECT_TRUE(guest.next().empty()) << "once";
}

TEST(Plan, of_a_dark_screen_lacks_nothing)
{
    Guest guest(640, 480);
    guest.plan.reset({});
    EXPECT_FALSE(guest.plan.lacks_something());
    EXPECT_TRUE(guest.next().empty());
}

TEST(Plan, sends_once_what_has_changed_many_times)
{
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    const GlRect rect{ 32, 32, 64, 64 };
    for (int i = 0; i < 100; i++) {
        guest.now += SECOND;
        guest.draw(rect);
    }
    EXPECT_EQ(guest.next().sharp, std::vector<GlRect>{ rect });
    EXPECT_TRUE(guest.next().empty());
}

TEST(Plan, sends_again_what_could_not_be_sent)
{
    Guest guest(640, 480);
    guest.next();
    const GlRect rect{ 32, 32, 64, 64 };
    GlSent sent;
    sent.unsent = rect;
    sent.lossless = GlRegion(guest.all()) - rect;
    guest.plan.done(sent);
    EXPECT_EQ(guest.next().sharp, std::vector<GlRect>{ rect });
}

TEST(Plan, what_moves_is_sent_apart_and_the_rest_sharp)
{
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    guest.terms.moving_bytes = 1234;
    guest.terms.sharp_bytes = 567;
    const GlRect video{ 160, 160, 320, 160 }, text{ 16, 16, 80, 16 };
    guest.play(video, 500);
    guest.draw(GlRegion(video) + text);
    const GlJob job = guest.next();
    EXPECT_EQ(job.moving, std::vector<GlRect>{ video });
    EXPECT_EQ(job.moving_bytes, 1234u);
    EXPECT_EQ(job.sharp, std::vector<GlRect>{ text });
    EXPECT_EQ(job.sharp_bytes, 567u);
    EXPECT_TRUE(job.streamed.empty());
}

/* The first frames of motion: not all of it is known to move yet */
TEST(Plan, a_picture_of_which_nearly_all_has_changed_is_one_message)
{
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    guest.play({ 0, 0, 640, 240 }, 300);
    guest.sent(guest.next());

    guest.draw(guest.all());
    GlJob job = guest.next();
    EXPECT_EQ(job.moving, std::vector<GlRect>{ guest.all() });
    EXPECT_TRUE(job.sharp.empty());
    guest.sent(job);

    /* What stands still beside what moves stays as sharp as it was */
    guest.draw(GlRegion(GlRect{ 0, 0, 640, 240 }) + GlRect{ 0, 400, 32, 32 });
    job = guest.next();
    EXPECT_EQ(job.moving, std::vector<GlRect>({ { 0, 0, 640, 240 } }));
    EXPECT_EQ(job.sharp, std::vector<GlRect>({ { 0, 400, 32, 32 } }));
}

TEST(Plan, a_change_of_nearly_all_of_a_still_picture_is_one_message)
{
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    guest.now += SECOND;

    guest.draw(GlRegion(guest.all()) - GlRect{ 100, 100, 200, 200 });
    EXPECT_EQ(guest.next().sharp, std::vector<GlRect>{ guest.all() });
    guest.draw(GlRegion(GlRect{ 0, 0, 64, 64 }) + GlRect{ 500, 400, 64, 64 });
    EXPECT_EQ(guest.next().sharp.size(), 2u);
}

TEST(Plan, what_a_stream_covers_is_sent_by_it_alone)
{
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    const GlRect video{ 160, 160, 320, 160 }, text{ 16, 16, 80, 16 };
    guest.play(video, 500);
    guest.terms.stream = video;
    guest.draw(GlRegion(video) + text);
    GlJob job = guest.next();
    EXPECT_EQ(job.streamed, video);
    EXPECT_TRUE(job.moving.empty());
    EXPECT_EQ(job.sharp, std::vector<GlRect>{ text });

    guest.draw(text);
    job = guest.next();
    EXPECT_TRUE(job.streamed.empty()) << "it has not changed";
    EXPECT_EQ(job.sharp, std::vector<GlRect>{ text });
}

/* Parts on all sides of it are covered by fewer rectangles, which would lie over it */
TEST(Plan, nothing_sharp_lies_over_a_running_stream)
{
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    const GlRect video{ 160, 160, 320, 160 };
    guest.play(video, 500);
    guest.terms.stream = video;
    guest.draw(guest.all());
    const GlJob job = guest.next();
    EXPECT_FALSE(overlap(region_of(job.sharp), video));
    EXPECT_EQ(region_of(job.sharp) + job.streamed, GlRegion(guest.all()));
}

TEST(Plan, with_video_off_all_is_lossless_in_pieces)
{
    Guest guest(1000, 700);
    guest.terms.video = false;
    guest.terms.refine_bytes = 0;
    guest.play(guest.all(), 500);
    GlJob job = guest.next();
    EXPECT_FALSE(job.lossy);
    EXPECT_TRUE(job.moving.empty());
    EXPECT_TRUE(job.streamed.empty());
    EXPECT_EQ(region_of(job.sharp), GlRegion(guest.all()));
    for (const auto &rect : job.sharp) {
        EXPECT_LE(rect.w, 256u);
        EXPECT_LE(rect.h, 64u);
    }
    GlSent sent; // as much as there was room for
    for (size_t i = 0; i < job.sharp.size(); i++) {
        (i < 3 ? sent.lossless : sent.unsent) += job.sharp[i];
    }
    guest.plan.done(sent);
    EXPECT_EQ(region_of(guest.next().sharp), sent.unsent);
    EXPECT_FALSE(guest.plan.is_blurred());
}

TEST(Plan, with_video_off_all_arrives_however_little_fits_at_a_time)
{
    Guest guest(1000, 700);
    guest.terms.video = false;
    guest.terms.refine_bytes = 0;
    GlRegion left = guest.all();
    size_t jobs = 0;
    for (GlJob job = guest.next(); !job.empty(); job = guest.next(), jobs++) {
        ASSERT_LT(jobs, 1000u);
        ASSERT_TRUE((left - region_of(job.sharp)).empty());
        ASSERT_TRUE(overlap(left, job.sharp[0])) << "it has been sent";
        GlSent sent;
        for (size_t i = 0; i < job.sharp.size(); i++) {
            (i < 2 ? sent.lossless : sent.unsent) += job.sharp[i];
        }
        guest.plan.done(sent);
        left -= sent.lossless;
        guest.terms.sharp_bytes = jobs % 3 * 20000; // the pieces' size may depend on it
    }
    EXPECT_TRUE(left.empty());
}

/* ---- refinement ---- */

TEST(Refinement, begins_when_what_is_blurred_stands_still)
{
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    const GlRect rect{ 160, 160, 160, 160 };
    guest.play(rect, 500);
    guest.draw(rect);
    const uint64_t last = guest.now;
    GlJob job = guest.next();
    EXPECT_TRUE(job.refine.empty());
    guest.sent(job);
    ASSERT_TRUE(guest.plan.is_blurred());
    guest.now = last + GlMotion::STILL_NS - MS;
    EXPECT_TRUE(guest.next().empty());
    guest.now = last + GlMotion::STILL_NS;
    job = guest.next();
    EXPECT_EQ(region_of(job.refine), GlRegion(rect));
    EXPECT_TRUE(job.sharp.empty() && job.moving.empty() && job.streamed.empty());
    guest.sent(job);
    EXPECT_FALSE(guest.plan.is_blurred());
    EXPECT_TRUE(guest.next().empty());
}

TEST(Refinement, waits_where_there_is_no_room_for_it)
{
    Guest guest(640, 480);
    guest.next();
    guest.plan.done({ {}, guest.all(), {} });
    guest.terms.refine_bytes = 0;
    EXPECT_TRUE(guest.next().empty());
    guest.terms.refine_bytes = 77;
    const GlJob job = guest.next();
    EXPECT_EQ(region_of(job.refine), GlRegion(guest.all()));
    EXPECT_EQ(job.refine_bytes, 77u);
}

TEST(Refinement, goes_on_with_what_did_not_fit)
{
    Guest guest(640, 480);
    guest.next();
    guest.plan.done({ {}, guest.all(), {} });
    GlRegion all;
    size_t jobs = 0;
    while (guest.plan.is_blurred() && jobs < 1000) {
        const GlJob job = guest.next();
        ASSERT_FALSE(job.refine.empty());
        EXPECT_FALSE(overlap(all, job.refine[0])) << "twice";
        all += job.refine[0];
        guest.plan.done({ job.refine[0], {}, {} });
        jobs++;
    }
    EXPECT_EQ(all, GlRegion(guest.all()));
}

/* Something else changes in each frame, and no piece fits into what is left beside it */
TEST(Refinement, goes_on_beside_other_changes_however_little_is_left_for_it)
{
    constexpr size_t PIECE = 10000, LEFT = 2000;
    Guest guest(640, 480);
    guest.next();
    const GlRect spinner{ 0, 0, 16, 16 };
    GlRegion blurred = GlRegion(guest.all()) - spinner;
    guest.plan.done({ spinner, blurred, {} });
    guest.now += SECOND;
    guest.terms.refine_bytes = LEFT;
    unsigned since = 0;
    for (int i = 0; i < 2000 && !blurred.empty(); i++, guest.now += SECOND / 60) {
        guest.draw(spinner);
        const GlJob job = guest.next();
        GlSent sent;
        sent.lossless = region_of(job.sharp);
        since++;
        ASSERT_LE(job.refine_bytes, since * LEFT) << "no more than what was left, all together";
        if (!job.refine.empty() && job.refine_bytes >= PIECE) {
            sent.lossless += job.refine[0];
            blurred -= job.refine[0];
            EXPECT_LE(since, PIECE / LEFT);
            since = 0;
        }
        guest.plan.done(sent);
    }
    EXPECT_TRUE(blurred.empty());
}

TEST(Refinement, is_of_small_pieces_what_changed_last_first)
{
    Guest guest(1280, 720);
    guest.sent_lossless(guest.next());
    const GlRect bars[] = { { 0, 384, 1280, 64 }, { 0, 640, 1280, 64 }, { 0, 0, 1280, 64 } };
    guest.terms.refine_bytes = 0;
    for (const auto &bar : bars) {
        guest.now += SECOND;
        guest.draw(bar);
        guest.sent(guest.next()); // blurred
    }
    guest.now += SECOND;
    guest.terms.refine_bytes = 1 << 20;
    const GlJob job = guest.next();
    ASSERT_EQ(job.refine.size(), 15u);
    for (size_t i = 0; i < job.refine.size(); i++) {
        const auto &piece = job.refine[i];
        EXPECT_LE(piece.w, 256u);
        EXPECT_LE(piece.h, 64u);
        EXPECT_EQ(piece.y, bars[2 - i / 5].y);
    }
}

TEST(Refinement, is_not_of_what_is_being_sent_or_moves)
{
    Guest guest(640, 480);
    guest.next();
    guest.plan.done({ {}, guest.all(), {} });
    const GlRect video{ 160, 160, 320, 160 }, text{ 16, 16, 80, 16 };
    guest.play(video, 1000);
    guest.terms.stream = video;
    guest.draw(GlRegion(video) + text);
    GlJob job = guest.next();
    EXPECT_EQ(region_of(job.refine), GlRegion(guest.all()) - video - text);
    guest.terms.stream = {};
    guest.draw(GlRegion(video) + text);
    job = guest.next();
    EXPECT_FALSE(overlap(region_of(job.refine), video));
}

/* ---- a client ---- */

namespace {

/* A client's screen, to which jobs are applied as they are sent */
class Client
{
public:
    explicit Client(Guest &guest_, uint32_t seed):
        guest(guest_),
        random(seed),
        pixels(guest.pixels.size()),
        lossy(guest.pixels.size())
    {
    }

    /* Something has happened, and there may be room for a job */
    void step()
    {
        if (busy) {
            if (random() % 2) {
                finish();
            }
        } else if (random() % 4) {
            start();
        }
    }
    /* Until there is nothing to send; false: it never ends */
    bool settle()
    {
        for (int i = 0; i < 20000; i++) {
            guest.now += 20 * MS;
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
        if (!job.streamed.empty()) { // its frame does not come any more
            guest.plan.changed(job.streamed);
            job.streamed = {};
        }
    }
    /* What the guest shows, and lossless */
    testing::AssertionResult is_exact() const
    {
        for (size_t i = 0; i < pixels.size(); i++) {
            if (pixels[i] != guest.pixels[i] || lossy[i]) {
                return testing::AssertionFailure() << (lossy[i] ? "blurred" : "old") << " at "
                    << i % guest.w << ", " << i / guest.w;
            }
        }
        return testing::AssertionSuccess();
    }
    void check_job() const;

    GlRect stream;

private:
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
    /* Each part goes its way: lossless, blurred or not at all */
    void finish()
    {
        GlSent sent;
        if (!job.streamed.empty()) {
            show(job.streamed, true);
            guest.plan.blurred(job.streamed);
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
        guest.plan.done(sent);
        job = {};
        busy = false;
    }
    void show(const GlRect &rect, bool blurred)
    {
        for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
            for (uint32_t x = rect.x; x < rect.x + rect.w; x++) {
                const size_t i = size_t{y} * guest.w + x;
                pixels[i] = picture[i];
                lossy[i] = blurred;
            }
        }
    }

    Guest &guest;
    Random random;
    std::vector<uint32_t> pixels, picture; /* shown; of the job */
    std::vector<bool> lossy;
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
    }
}

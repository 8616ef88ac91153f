/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* What a client lacks and is sent. A model of a client: test-gl-plan-client.cpp. */
#include "gl-plan.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "plan-guest.hpp"
#include "test-random.hpp"

using namespace red;

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

/* The first frames of motion: not all moving parts are known yet */
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

    guest.draw(GlRegion(guest.all()) - GlRect{ 100, 300, 256, 112 }); // a tenth
    job = guest.next();
    EXPECT_EQ(job.moving, std::vector<GlRect>{ guest.all() });
    EXPECT_TRUE(job.sharp.empty());
    guest.sent(job);

    /* Still parts beside moving ones stay as sharp as they were */
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

TEST(Plan, with_video_off_what_does_not_fit_goes_lossless_in_pieces)
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

TEST(Plan, with_video_off_a_picture_that_fits_is_one_message)
{
    Guest guest(1000, 700);
    guest.terms.video = false;
    guest.terms.sharp_bytes = SIZE_MAX;
    guest.next();
    guest.plan.changed(guest.all());
    EXPECT_EQ(guest.next().sharp, std::vector<GlRect>{ guest.all() });
    guest.plan.changed(GlRect{ 0, 0, 1000, 300 });
    guest.plan.changed(GlRect{ 0, 310, 700, 390 });
    EXPECT_EQ(guest.next().sharp, std::vector<GlRect>{ guest.all() });
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

/* It may have changed long ago, if there was no room to send it */
TEST(Refinement, waits_until_a_client_has_decoded_what_was_sent_late)
{
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    guest.now += SECOND;
    guest.draw(guest.all());
    guest.now += SECOND;
    const uint64_t sent = guest.now;
    guest.sent(guest.next());
    ASSERT_TRUE(guest.plan.is_blurred());
    guest.now = sent + GlPlan::SETTLE_NS - MS;
    EXPECT_TRUE(guest.next().empty());
    guest.now = sent + GlPlan::SETTLE_NS + GlPlan::STEP_NS;
    EXPECT_EQ(region_of(guest.next().refine), GlRegion(guest.all()));
}

/* It may be shown below what was sent before it */
TEST(Refinement, sends_again_what_was_sent_lossless_too_soon)
{
    const GlRect key{ 100, 100, 16, 16 };
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    guest.now += SECOND;
    guest.draw(guest.all());
    guest.sent(guest.next()); // blurred
    guest.now += 20 * MS;
    guest.draw(key);
    guest.sent_lossless(guest.next());
    guest.now += SECOND;
    EXPECT_EQ(region_of(guest.next().refine), GlRegion(guest.all()));
    guest.plan.done({ guest.all(), {}, {} }, guest.now);
    EXPECT_FALSE(guest.plan.is_blurred());
}

/* What moves elsewhere is sent blurred all the time */
TEST(Refinement, of_what_stands_still_does_not_wait_for_what_moves)
{
    const GlRect video{ 320, 0, 320, 240 }, text{ 0, 0, 64, 64 };
    Guest guest(640, 480);
    guest.sent_lossless(guest.next());
    guest.plan.blurred(text, guest.now);
    for (int i = 0; i < 60 && guest.plan.is_blurred(); i++, guest.now += SECOND / 60) {
        guest.draw(video);
        const GlJob job = guest.next();
        if (!job.refine.empty()) {
            EXPECT_EQ(region_of(job.refine), GlRegion(text));
            return;
        }
        guest.sent(job);
    }
    FAIL() << "not within a second";
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

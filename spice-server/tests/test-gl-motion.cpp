/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* What counts as motion, in scenes like those of desktops. */
#include "gl-motion.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "test-random.hpp"

using namespace red;

namespace {

constexpr uint64_t MS = 1000000, SECOND = 1000 * MS;
constexpr uint32_t WIDTH = 1920, HEIGHT = 1080;

struct Scene {
    explicit Scene(uint32_t width = WIDTH, uint32_t height = HEIGHT): w(width), h(height)
    {
        motion.reset(w, h);
    }

    /* Shows frames for MS, the N-th as DRAW draws it; true: something moved at some time */
    bool play(unsigned fps, uint64_t for_ms, const std::function<GlRegion(unsigned)> &draw)
    {
        bool moved = false;
        const uint64_t end = now + for_ms * MS;
        for (unsigned i = 0; now < end; i++, now += SECOND / fps) {
            motion.changed(draw(i), now);
            moved |= !motion.moving(now).empty();
        }
        return moved;
    }
    bool play(unsigned fps, uint64_t for_ms, const GlRect &rect)
    {
        return play(fps, for_ms, [rect](unsigned) { return GlRegion(rect); });
    }
    GlRect moving() { return motion.moving(now); }

    uint32_t w, h;
    GlMotion motion;
    uint64_t now = 1000 * SECOND;
};

bool contains(const GlRect &outer, const GlRect &inner)
{
    return outer.united(inner) == outer;
}

} // namespace

TEST(Motion, there_is_none_at_first)
{
    Scene scene;
    EXPECT_TRUE(scene.moving().empty());
    EXPECT_EQ(scene.motion.last_change_ns({ 0, 0, WIDTH, HEIGHT }), 0u);
}

TEST(Motion, is_seen_within_five_frames_at_any_usual_rate)
{
    for (unsigned fps : { 60, 30, 25, 10 }) {
        Scene scene;
        const GlRect video{ 320, 180, 640, 360 };
        unsigned frames = 0;
        while (scene.moving().empty() && frames < 100) {
            scene.now += SECOND / fps;
            scene.motion.changed(video, scene.now);
            frames++;
        }
        EXPECT_EQ(frames, 5u) << fps << " fps";
        EXPECT_TRUE(contains(scene.moving(), video));
    }
}

TEST(Motion, is_no_frame_that_stands_alone)
{
    Scene scene, other;
    EXPECT_FALSE(scene.play(3, 10000, { 0, 0, WIDTH, HEIGHT })) << "three pictures a second";
    EXPECT_FALSE(other.play(60, 60, { 0, 0, WIDTH, HEIGHT })) << "a window opens";
}

TEST(Motion, parts_of_one_frame_are_one_change)
{
    Scene scene;
    for (uint32_t i = 0; i < 16; i++) {
        scene.motion.changed(GlRect({ 0, i, WIDTH, 1 }), scene.now);
    }
    GlRegion lines;
    for (uint32_t i = 0; i < HEIGHT; i += 3) {
        lines += GlRect{ 0, i, WIDTH, 1 };
    }
    scene.motion.changed(lines, scene.now);
    EXPECT_TRUE(scene.moving().empty());
}

TEST(Motion, is_neither_a_blinking_cursor_nor_a_clock)
{
    Scene scene;
    EXPECT_FALSE(scene.play(2, 10000, { 500, 500, 2, 18 })) << "a cursor";
    EXPECT_FALSE(scene.play(60, 10000, { 500, 500, 2, 18 })) << "one that fades";
    EXPECT_FALSE(scene.play(1, 10000, { 1700, 4, 200, 24 })) << "a clock";
    EXPECT_FALSE(scene.play(60, 10000, { 1700, 4, 64, 64 })) << "one with a hand that sweeps";
    EXPECT_FALSE(scene.play(2, 10000, { 0, 0, WIDTH, HEIGHT })) << "a screen that flashes";
}

TEST(Motion, is_not_somebody_who_types)
{
    Scene scene;
    for (unsigned keys : { 5, 12, 30 }) { // a second; the last is a key held down
        EXPECT_FALSE(scene.play(keys, 20000, [](unsigned i) {
            GlRegion drawn(GlRect{ 300 + i % 80 * 9, 300, 18, 18 }); // a letter and the cursor
            if (i % 80 == 79) {
                drawn += GlRect{ 300, 100, 720, 400 }; // the page goes up
            }
            return drawn;
        })) << keys;
    }
}

TEST(Motion, begins_at_its_least_area)
{
    Scene large, small;
    EXPECT_TRUE(large.play(30, 1000, { 160, 160, 96, 96 }));
    EXPECT_FALSE(small.play(30, 1000, { 160, 160, 80, 96 }));
}

TEST(Motion, is_still_a_quarter_of_a_second_after_the_last_change)
{
    Scene scene;
    scene.play(60, 2000, { 100, 100, 640, 360 });
    const uint64_t last = scene.motion.last_change_ns({ 0, 0, WIDTH, HEIGHT });
    EXPECT_FALSE(scene.motion.moving(last + GlMotion::STILL_NS - MS).empty());
    EXPECT_TRUE(scene.motion.moving(last + GlMotion::STILL_NS).empty());
}

TEST(Motion, goes_on_at_ten_frames_a_second_without_a_gap)
{
    Scene scene;
    scene.play(10, 1000, { 100, 100, 640, 360 });
    const uint64_t end = scene.now + 5 * SECOND;
    for (; scene.now < end; scene.now += 5 * MS) {
        if (scene.now % (100 * MS) == 0) {
            scene.motion.changed(GlRect({ 100, 100, 640, 360 }), scene.now);
        }
        ASSERT_FALSE(scene.moving().empty());
    }
}

TEST(Motion, has_even_edges_close_around_what_moves)
{
    Random random(1);
    for (int i = 0; i < 300; i++) {
        Scene scene(97 + random() % 1900, 97 + random() % 1000);
        GlRect video;
        video.x = random() % (scene.w - 96);
        video.y = random() % (scene.h - 96);
        video.w = 96 + random() % (scene.w - video.x - 95);
        video.h = 96 + random() % (scene.h - video.y - 95);
        scene.play(60, 200, video);
        const GlRect moving = scene.moving();
        ASSERT_TRUE(contains(moving, video));
        ASSERT_TRUE(contains({ 0, 0, scene.w, scene.h }, moving));
        EXPECT_LT(video.x - moving.x, 16u);
        EXPECT_LT(video.y - moving.y, 16u);
        const uint32_t right = moving.x + moving.w, bottom = moving.y + moving.h;
        EXPECT_LT(right - (video.x + video.w), 16u);
        EXPECT_LT(bottom - (video.y + video.h), 16u);
        EXPECT_EQ(moving.x % 2, 0u);
        EXPECT_EQ(moving.y % 2, 0u);
        EXPECT_TRUE(right % 2 == 0 || right == scene.w);
        EXPECT_TRUE(bottom % 2 == 0 || bottom == scene.h);
    }
}

TEST(Motion, covers_two_areas_at_once)
{
    Scene scene;
    const GlRect a{ 160, 160, 320, 240 }, b{ 1280, 720, 320, 240 };
    scene.play(60, 500, [&](unsigned) { return GlRegion(a) + b; });
    EXPECT_EQ(scene.moving(), a.united(b));
}

TEST(Motion, areas_count_together_however_small_each_is)
{
    Scene scene;
    GlRegion twelve; // 64x64 each
    for (uint32_t i = 0; i < 12; i++) {
        twelve += GlRect{ i % 4 * 128, i / 4 * 128, 64, 64 };
    }
    EXPECT_TRUE(scene.play(60, 500, [&](unsigned) { return twelve; }));
}

TEST(Motion, grows_at_once)
{
    Scene scene;
    const GlRect a{ 160, 160, 320, 240 }, b{ 1280, 720, 320, 240 };
    scene.play(60, 500, a);
    ASSERT_EQ(scene.moving(), a);
    for (int frame = 1; frame <= 5; frame++, scene.now += SECOND / 60) {
        scene.motion.changed(GlRegion(a) + b, scene.now);
        EXPECT_EQ(scene.moving(), frame < 5 ? a : a.united(b)) << frame;
    }
}

TEST(Motion, that_goes_elsewhere_covers_both_places_for_a_while)
{
    Scene scene;
    const GlRect a{ 160, 160, 320, 240 }, b{ 1280, 720, 320, 240 };
    scene.play(60, 500, a);
    scene.play(60, 400, b);
    EXPECT_EQ(scene.moving(), a.united(b));
    scene.play(60, 1500, b);
    EXPECT_EQ(scene.moving(), b);
}

TEST(Motion, grows_and_does_not_follow_a_window_that_is_dragged)
{
    Scene scene;
    scene.play(60, 200, { 160, 160, 320, 240 });
    GlRect before = scene.moving();
    for (uint32_t i = 0; i < 60; i++, scene.now += SECOND / 60) {
        scene.motion.changed(GlRect({ 160 + i * 16, 160, 320, 240 }), scene.now);
        const GlRect now = scene.moving();
        ASSERT_TRUE(contains(now, before)) << i;
        before = now;
    }
}

TEST(Motion, shrinks_a_second_after_far_less_moves)
{
    Scene scene;
    const GlRect a{ 160, 160, 320, 240 }, all{ 0, 0, WIDTH, HEIGHT };
    scene.play(60, 500, all);
    ASSERT_EQ(scene.moving(), all);
    scene.play(60, 1000, a);
    EXPECT_EQ(scene.moving(), all) << "not yet";
    scene.play(60, 500, a);
    EXPECT_EQ(scene.moving(), a);
}

TEST(Motion, keeps_its_size_while_what_moves_changes_a_little)
{
    Scene scene;
    const GlRect most{ 160, 160, 640, 480 };
    scene.play(60, 500, most);
    for (int i = 0; i < 20; i++) {
        scene.play(60, 400, { 160 + uint32_t(i) % 5 * 16, 160, 480, 480 });
        ASSERT_EQ(scene.moving(), most);
    }
}

TEST(Motion, that_was_small_for_a_moment_does_not_shrink)
{
    Scene scene;
    const GlRect a{ 160, 160, 320, 240 }, all{ 0, 0, WIDTH, HEIGHT };
    for (int i = 0; i < 5; i++) {
        scene.play(60, 500, all);
        scene.play(60, 900, a);
        ASSERT_EQ(scene.moving(), all);
    }
}

TEST(Motion, ends_with_the_screen_s_size)
{
    Scene scene;
    scene.play(60, 500, { 0, 0, WIDTH, HEIGHT });
    scene.motion.reset(640, 480);
    EXPECT_TRUE(scene.moving().empty());
    EXPECT_EQ(scene.motion.last_change_ns({ 0, 0, 640, 480 }), 0u);
}

TEST(Motion, takes_any_size_of_screen_and_any_change)
{
    Random random(2);
    for (int i = 0; i < 200; i++) {
        Scene scene(random() % 130, random() % 130);
        for (int frame = 0; frame < 20; frame++) {
            GlRegion drawn;
            for (int part = random() % 4; part > 0; part--) {
                drawn += GlRect{ random() % 200, random() % 200, random() % 200, random() % 200 };
            }
            scene.now += random() % 100 * MS;
            scene.motion.changed(drawn, scene.now);
            const GlRect moving = scene.moving();
            ASSERT_TRUE(moving.empty() || contains({ 0, 0, scene.w, scene.h }, moving));
            scene.motion.unchanged(drawn, scene.now);
            scene.motion.last_change_ns(drawn.bounds());
        }
    }
}

TEST(Motion, knows_of_each_cell_when_it_changed_last)
{
    constexpr uint32_t W = 100, H = 70, CELL = 16;
    Random random(3);
    Scene scene(W, H);
    std::vector<uint64_t> changed(W * H); // by pixel
    for (int step = 0; step < 200; step++) {
        const GlRect drawn = random.rect(W, H);
        scene.now += 1 + random() % 50 * MS;
        scene.motion.changed(drawn, scene.now);
        for (uint32_t y = drawn.y / CELL * CELL; y < H && y < drawn.y + drawn.h + CELL; y++) {
            for (uint32_t x = drawn.x / CELL * CELL; x < W && x < drawn.x + drawn.w + CELL; x++) {
                if (x / CELL <= (drawn.x + drawn.w - 1) / CELL &&
                    y / CELL <= (drawn.y + drawn.h - 1) / CELL) {
                    changed[y * W + x] = scene.now;
                }
            }
        }
        const GlRect asked = random.rect(W, H);
        const uint64_t since = random() % 4 ? scene.now - random() % 500 * MS :
            scene.motion.last_change_ns(asked);
        GlRegion still;
        uint64_t last = 0;
        for (uint32_t y = asked.y; y < asked.y + asked.h; y++) {
            for (uint32_t x = asked.x; x < asked.x + asked.w; x++) {
                last = std::max(last, changed[y * W + x]);
                if (changed[y * W + x] <= since) {
                    still += GlRect{ x, y, 1, 1 };
                }
            }
        }
        ASSERT_EQ(scene.motion.last_change_ns(asked), last);
        ASSERT_EQ(scene.motion.unchanged(asked, since), still);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-stamps.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

using red::GlStamps;

namespace {

constexpr uint32_t NO_AUDIO = UINT32_MAX;

/* Frames at 60 Hz, and a client whose clock differs from the server's */
class Stamps: public testing::Test
{
protected:
    struct Frame {
        uint32_t stamp, captured;
        int32_t early;
    };

    /* FRAMES that take TOOK(i) ms from capture to arrival */
    template <typename Took>
    void run(int frames, Took took, bool reports = true, uint32_t audio = NO_AUDIO)
    {
        for (int i = 0; i < frames; i++, time += 1000.0 / 60) {
            const uint32_t captured = start + uint32_t(time);
            const uint32_t stamp = stamps.stamp(captured);
            if (any) {
                ASSERT_GT(int32_t(stamp - last), 0);
            }
            ASSERT_NE(stamp, 0u);
            last = stamp;
            any = true;
            const uint32_t arrival = captured + uint32_t(took(i)) + clock;
            const int32_t early = int32_t(stamp - arrival);
            seen.push_back({ stamp, captured, early });
            if (reports) {
                stamps.reported(stamp, early, 1, early < 0, audio);
            } else {
                stamps.acknowledged(captured, took(i));
            }
        }
    }

    /* Of the last FRAMES */
    double late(size_t frames) const
    {
        double count = 0;
        for (size_t i = seen.size() - frames; i < seen.size(); i++) {
            count += seen[i].early < 0;
        }
        return count / double(frames);
    }
    int32_t mean_wait(size_t frames) const
    {
        int64_t sum = 0;
        for (size_t i = seen.size() - frames; i < seen.size(); i++) {
            sum += seen[i].early;
        }
        return int32_t(sum / int64_t(frames));
    }

    GlStamps stamps;
    std::vector<Frame> seen;
    uint32_t start = 100000, clock = 0, last = 0;
    double time = 0;
    bool any = false;
};

TEST_F(Stamps, FramesArriveInTimeAndHardlyWait)
{
    run(600, [](int) { return 12; });
    EXPECT_EQ(late(300), 0);
    EXPECT_LE(mean_wait(300), 4);
    EXPECT_EQ(stamps.delay_ms(), 15);
}

TEST_F(Stamps, WhateverTheClientsClockIs)
{
    for (int32_t offset : { -300, 170 }) {
        clock = uint32_t(offset);
        run(1800, [](int) { return 12; });
        EXPECT_EQ(late(300), 0) << offset;
        EXPECT_LE(mean_wait(300), 4) << offset;
    }
}

TEST_F(Stamps, CoversJitter)
{
    run(1200, [](int i) { return 10 + i * 7 % 16; });
    EXPECT_LE(late(600), 0.01);
    EXPECT_LE(mean_wait(600), 12);
}

TEST_F(Stamps, LeavesTheSlowestBehindRatherThanLetTheOthersWait)
{
    run(1200, [](int i) { return i % 30 ? 10 : 200; });
    EXPECT_LE(late(600), 0.04);
    EXPECT_LE(stamps.delay_ms(), 10 + GlStamps::MOST_WAIT);
}

TEST_F(Stamps, OneStallInSecondsIsNotWaitedFor)
{
    run(600, [](int i) { return i % 150 ? 10 : 180; });
    EXPECT_LE(stamps.delay_ms(), 20);
}

TEST_F(Stamps, FollowsALinkThatBecomesSlowerAtOnce)
{
    run(600, [](int) { return 10; });
    run(30, [](int) { return 60; });
    run(300, [](int) { return 60; });
    EXPECT_LE(late(300), 0.5); /* while most of the window was faster */
    run(60, [](int) { return 60; });
    EXPECT_EQ(late(60), 0);
}

TEST_F(Stamps, FallsSlowly)
{
    run(600, [](int) { return 80; });
    const int32_t before = stamps.delay_ms();
    uint32_t previous = last;
    for (int i = 0; i < 300; i++) {
        run(1, [](int) { return 10; });
        EXPECT_GE(last - previous, 15u);
        previous = last;
    }
    EXPECT_LT(stamps.delay_ms(), before - 20);
    run(900, [](int) { return 10; });
    EXPECT_EQ(stamps.delay_ms(), 13);
}

TEST_F(Stamps, WithoutReportsTakesAcknowledgements)
{
    run(600, [](int) { return 18; }, false);
    EXPECT_EQ(stamps.delay_ms(), 21);
    clock = uint32_t(-100);
    run(1, [](int) { return 18; }); /* reports count for more from the first on */
    run(1200, [](int) { return 18; });
    EXPECT_EQ(stamps.delay_ms(), -79);
    stamps.acknowledged(start + uint32_t(time), 500);
    run(10, [](int) { return 18; });
    EXPECT_EQ(stamps.delay_ms(), -79);
}

TEST_F(Stamps, KnowingNothingStartsWithSome)
{
    const uint32_t stamp = stamps.stamp(5000);
    EXPECT_GE(stamp, 5020u);
    EXPECT_LE(stamp, 5060u);
}

TEST_F(Stamps, AreTheTimeOfCaptureWhileAudioPlays)
{
    run(300, [](int) { return 30; });
    stamps.set_playing(true);
    EXPECT_TRUE(stamps.playing());
    run(60, [](int) { return 30; });
    run(100, [](int) { return 30; });
    EXPECT_EQ(stamps.delay_ms(), 0);
    EXPECT_EQ(seen.back().stamp, seen.back().captured);

    /* Then the clock is another one, and what was learned of the audio's does not count */
    stamps.set_playing(false);
    run(300, [](int) { return 30; });
    EXPECT_EQ(stamps.delay_ms(), 33);
}

TEST_F(Stamps, BelievesAClientThatReportsAudio)
{
    run(300, [](int) { return 30; });
    run(1, [](int) { return 30; }, true, 200);
    EXPECT_TRUE(stamps.playing());
    run(200, [](int) { return 30; }, true, 200);
    EXPECT_EQ(stamps.delay_ms(), 0);
    run(1, [](int) { return 30; }, true, 0); /* audio plays, but does not drive the clock */
    EXPECT_FALSE(stamps.playing());
    run(300, [](int) { return 30; });
    EXPECT_EQ(stamps.delay_ms(), 33);
}

TEST_F(Stamps, RiseThroughTheWrap)
{
    start = UINT32_MAX - 5000;
    run(1200, [](int) { return 20; });
    EXPECT_EQ(late(300), 0);
    EXPECT_EQ(stamps.delay_ms(), 23);
}

TEST_F(Stamps, NoneIsZero)
{
    GlStamps other;
    EXPECT_NE(other.stamp(uint32_t(-40)), 0u); /* the delay that it starts with */
    for (uint32_t i = 0; i < 100; i++) {
        EXPECT_NE(other.stamp(uint32_t(-40) + i), 0u);
    }
}

TEST_F(Stamps, FramesOfOneMillisecondDiffer)
{
    uint32_t previous = stamps.stamp(1000);
    for (int i = 0; i < 10; i++) {
        const uint32_t next = stamps.stamp(1000);
        EXPECT_GT(next, previous);
        previous = next;
    }
    EXPECT_GT(stamps.stamp(900), previous); /* and when the clock goes back */
}

TEST_F(Stamps, CountsDrops)
{
    stamps.reported(1, 5, 10, 3, NO_AUDIO);
    stamps.reported(2, 5, 10, 1, NO_AUDIO);
    stamps.reported(0, 0, 0, UINT32_MAX, NO_AUDIO); /* no such stream */
    EXPECT_EQ(stamps.frames(), 20u);
    EXPECT_EQ(stamps.drops(), 4u);
}

TEST_F(Stamps, IgnoresNonsense)
{
    run(300, [](int) { return 10; });
    const int32_t before = stamps.delay_ms();
    for (int32_t early : { INT32_MIN, INT32_MAX, -100000, 100000 }) {
        stamps.reported(last, early, 1, 0, NO_AUDIO);
        stamps.reported(12345, early, 1, 0, NO_AUDIO); /* never sent */
        stamps.reported(0, early, 1, 0, NO_AUDIO);
    }
    run(60, [](int) { return 10; });
    EXPECT_EQ(stamps.delay_ms(), before);
}

TEST_F(Stamps, AfterAPauseKnowsWhatItKnew)
{
    run(300, [](int) { return 30; });
    time += 60000;
    run(1, [](int) { return 30; });
    EXPECT_EQ(late(1), 0);
    EXPECT_EQ(stamps.delay_ms(), 33);
    stamps.clock_set();
    run(1, [](int) { return 30; });
    EXPECT_EQ(stamps.delay_ms(), 33);
}

} // namespace

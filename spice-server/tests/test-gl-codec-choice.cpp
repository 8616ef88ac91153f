/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-codec-choice.hpp"

#include <gtest/gtest.h>

#include <string>

using red::GlCodecChoice;
using Codec = red::GlCodecChoice::Codec;

namespace {

constexpr uint64_t MS = 1000000;
constexpr size_t FRAME = 100000; /* bytes, of a JPEG */
constexpr double FPS = 60;
constexpr uint64_t NEED = 6000000; /* bytes/s */

class CodecChoice: public testing::Test
{
protected:
    /* Asks every 50 ms for FOR_MS, with a link of TIMES what JPEG needs. The time of the change, ms
     * from the beginning; -1: there was none */
    int64_t run(double times, int for_ms)
    {
        const uint64_t begin = now;
        const Codec was = choice.codec();
        int64_t changed = -1;
        for (; now < begin + uint64_t(for_ms) * MS; now += 50 * MS) {
            choice.choose(uint64_t(times * double(NEED)), fell, FPS, FRAME, now);
            if (changed < 0 && choice.codec() != was) {
                changed = int64_t((now - begin) / MS);
            }
        }
        return changed;
    }

    GlCodecChoice choice;
    uint64_t now = 1000 * MS, fell = 0;
};

TEST_F(CodecChoice, KnowsNothingBeforeAJpegWasMade)
{
    EXPECT_EQ(choice.choose(NEED / 100, 0, FPS, 0, now), Codec::JPEG);
    EXPECT_STREQ(choice.why(), "the link's bandwidth is not known yet");
    EXPECT_EQ(choice.choose(NEED / 100, 0, 0, FRAME, now), Codec::JPEG);
    EXPECT_EQ(choice.choose(2 * NEED, 0, FPS, FRAME, now), Codec::JPEG);
    EXPECT_STREQ(choice.why(), "the link has room for JPEG");
}

TEST_F(CodecChoice, StartsWithJpegUntilTheLinkIsSeenToBeSlow)
{
    EXPECT_EQ(run(1.2, 1000), 300);
    EXPECT_STREQ(choice.why(), "the link is too slow for JPEG");
}

TEST_F(CodecChoice, TakesTheFirstPicturesForNoSlowLink)
{
    EXPECT_EQ(run(0.5, 250), -1);
    EXPECT_EQ(run(1.4, 100), -1);
    EXPECT_STREQ(choice.why(), "the link has room for JPEG");
}

TEST_F(CodecChoice, CountsNoPauseBetweenTwoVideos)
{
    EXPECT_EQ(run(0.5, 100), -1);
    now += 10000 * MS;
    EXPECT_EQ(run(0.5, 1000), 300);
}

TEST_F(CodecChoice, TakesJpegWhenThereIsRoomForTwoSeconds)
{
    run(1.0, 10000);
    EXPECT_EQ(run(1.4, 1900), -1);
    EXPECT_EQ(run(1.2, 100), -1); /* the count starts again */
    EXPECT_EQ(run(1.4, 3000), 2000);
    EXPECT_STREQ(choice.why(), "the link has room for JPEG");
}

TEST_F(CodecChoice, StaysBetweenTheThresholds)
{
    run(1.4, 100);
    EXPECT_EQ(choice.codec(), Codec::JPEG);
    EXPECT_EQ(run(1.1, 60000), -1);
    run(1.0, 400);
    EXPECT_EQ(choice.codec(), Codec::INTER);
    EXPECT_EQ(run(1.25, 60000), -1);
}

TEST_F(CodecChoice, LeavesJpegWhenItDoesNotFit)
{
    run(2, 5000);
    EXPECT_EQ(run(1.0, 250), -1);
    run(2, 100);
    EXPECT_EQ(run(1.0, 1000), 300);
    EXPECT_STREQ(choice.why(), "the link is too slow for JPEG");
}

TEST_F(CodecChoice, LeavesJpegSoonAfterACollapse)
{
    run(2, 1000);
    fell = now - 10 * MS;
    EXPECT_EQ(run(1.0, 1000), 100); /* also sooner after the last change than usual */
    EXPECT_STREQ(choice.why(), "the link has become much slower");
}

TEST_F(CodecChoice, StaysAfterAPauseThatLookedLikeACollapse)
{
    run(2, 1000);
    fell = now - 10 * MS;
    EXPECT_EQ(run(0.5, 100), -1);
    EXPECT_EQ(run(2, 1000), -1);
}

TEST_F(CodecChoice, StaysAfterACollapseThatLeavesRoom)
{
    run(20, 5000);
    fell = now - 10 * MS;
    EXPECT_EQ(run(5, 10000), -1);
    EXPECT_EQ(run(1.0, 1000), 300); /* the collapse was long ago */
}

TEST_F(CodecChoice, ChangesNoSoonerThanThreeSeconds)
{
    run(1.0, 350);
    EXPECT_EQ(run(2, 10000), 2950);
    now = 1000 * MS;
    GlCodecChoice other;
    choice = other;
    run(2, 50);
    EXPECT_EQ(run(1.0, 10000), 2950);
}

TEST_F(CodecChoice, WaitsLongerAfterEachMistakeAndForgives)
{
    run(2, 100);
    int64_t waited = 0;
    for (int64_t expected : { 6000, 12000, 24000, 30000, 30000 }) {
        fell = now;
        run(1.0, 150);
        EXPECT_EQ(choice.codec(), Codec::INTER);
        waited = run(2, 40000);
        EXPECT_EQ(waited, expected - 50);
        now -= (40000 - uint64_t(waited) - 1000) * MS; /* as if JPEG had been in use for a second */
    }
    run(2, 15000);
    fell = now;
    run(1.0, 150);
    EXPECT_EQ(run(2, 40000), 2950);
}

TEST_F(CodecChoice, IsNotUpsetByAClockThatJumps)
{
    run(2, 5000);
    now = 1;
    EXPECT_EQ(run(1.0, 1000), -1);
    now = UINT64_MAX / 2;
    run(1.0, 1000);
    EXPECT_EQ(choice.codec(), Codec::INTER);
}

} // namespace

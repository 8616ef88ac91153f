/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Rate control alone: what it learns from single messages. On links: test-gl-rate-links.cpp. */
#include "gl-rate.hpp"

#include <gtest/gtest.h>

#include "link-world.hpp"

using namespace link_model;

namespace {

TEST(GlRate, StartsWithoutKnowingAnything)
{
    GlRate rate(0, 0);
    EXPECT_TRUE(rate.room(0));
    EXPECT_EQ(rate.bandwidth(), 125000u);
    EXPECT_GT(rate.video_rate(), 0u);
    EXPECT_GE(rate.pacing_rate(), 125000u);
    EXPECT_EQ(rate.rtt_min_ns(), 0u);
    EXPECT_EQ(rate.rtt_ns(), 0u);
    EXPECT_EQ(rate.in_flight(), 0u);
    EXPECT_EQ(rate.fell_ns(), 0u);
    rate.tick(5 * MS);

    Line line(20, 30, 0, 0);
    line.video(120);
    EXPECT_NEAR(mbit(line.rate.bandwidth()), 20, 2);
    EXPECT_NEAR(double(line.rate.rtt_min_ns()) / MS, 30, 2);
}

/* However fast its link is thought to be */
TEST(GlRate, SendsLittleToAClientOfWhichNothingComesBack)
{
    constexpr size_t SIZE = 200000;
    for (uint64_t start : { uint64_t(0), uint64_t(1e6), uint64_t(1e9) }) {
        GlRate rate(start, uint64_t(MS));
        size_t bytes[2] = {};
        uint64_t number = 0;
        for (int ms = 0; ms < 20000; ms++) {
            const uint64_t now = uint64_t((1000.0 + ms) * MS);
            if (ms % 5 == 0) {
                rate.tick(now);
            }
            if (ms % 16 == 0 && rate.room(now)) {
                rate.sent(++number, SIZE, now);
                bytes[ms / 10000] += SIZE;
            }
        }
        EXPECT_LE(bytes[0], 1024 * 1024 + 6 * SIZE) << start << " bytes/s";
        EXPECT_LE(bytes[1], 2 * SIZE) << start << " bytes/s";
    }
}

TEST(GlRate, TakesAnyNumber)
{
    GlRate rate(1000000, 20 * MS);
    rate.arrived(0, MS);
    rate.arrived(7, MS);
    rate.sent(3, 10000, 2 * MS);
    rate.sent(3, 10000, 2 * MS); /* they increase, or are not counted */
    rate.sent(2, 10000, 2 * MS);
    EXPECT_EQ(rate.in_flight(), 10000u);
    rate.arrived(2, 30 * MS);
    EXPECT_EQ(rate.in_flight(), 10000u);
    rate.sent(9, 5000, 31 * MS);
    rate.arrived(8, 40 * MS);
    EXPECT_EQ(rate.in_flight(), 5000u);
    rate.arrived(8, 41 * MS);
    rate.arrived(3, 41 * MS);
    EXPECT_EQ(rate.in_flight(), 5000u);
    rate.arrived(UINT64_MAX, 60 * MS);
    EXPECT_EQ(rate.in_flight(), 0u);
    EXPECT_TRUE(rate.room(60 * MS));
}

TEST(GlRate, TakesMessagesOfAnySize)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    for (int i = 0; i < 100; i++) {
        line.send(0);
        line.wait(5);
    }
    EXPECT_NEAR(mbit(line.rate.bandwidth()), 20, 0.1);
    line.send(5000000);
    line.wait(3000);
    line.video(60);
    EXPECT_NEAR(mbit(line.rate.bandwidth()), 20, 1);
}

TEST(GlRate, SurvivesClocksThatJump)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(60);
    const uint64_t then = line.now;
    for (uint64_t jump : { uint64_t{0}, then - 500 * MS, UINT64_MAX, uint64_t{1} }) {
        line.rate.sent(++line.number, 30000, jump);
        line.rate.tick(jump);
        line.rate.other(1000, jump);
        line.rate.arrived(line.number, jump);
        line.rate.room_at(jump);
        EXPECT_GE(line.rate.bandwidth(), 20000u);
        EXPECT_LE(line.rate.bandwidth(), 1250000000u);
        EXPECT_LE(line.rate.video_rate(), line.rate.bandwidth());
        EXPECT_GT(line.rate.video_rate(), 0u);
        EXPECT_LE(line.rate.queue_ns(), 3600 * 1000 * MS);
        EXPECT_EQ(line.rate.in_flight(), 0u);
    }
}

TEST(GlRate, AClockThatGoesBackStandsStill)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(60);
    line.rate.sent(++line.number, 30000, line.now);
    line.rate.tick(line.now - 500 * MS);
    line.rate.arrived(line.number, line.now - 490 * MS);
    EXPECT_LE(line.rate.rtt_ns(), 1000 * MS);
    EXPECT_LE(line.rate.queue_ns(), 1000 * MS);
    EXPECT_LE(mbit(line.rate.bandwidth()), 31);
    line.video(120);
    EXPECT_GE(mbit(line.rate.bandwidth()), 15);
}

TEST(GlRate, PacesAndBoundsWhatIsOnItsWay)
{
    GlRate rate(uint64_t(20 * MBIT), 30 * MS);
    const uint64_t now = 1000 * MS;
    EXPECT_EQ(rate.room_at(now), now);
    rate.sent(1, 30000, now);
    rate.arrived(1, now + 45 * MS);
    rate.sent(2, 30000, now + 45 * MS);

    /* Once the socket has let it go, sooner than the link has */
    const uint64_t at = rate.room_at(now + 45 * MS);
    EXPECT_GT(at, now + 48 * MS);
    EXPECT_LT(at, now + 55 * MS);
    EXPECT_FALSE(rate.room(at - 1));
    EXPECT_TRUE(rate.room(at));

    uint64_t number = 2, sent_ns = at;
    while (rate.room_at(sent_ns) != UINT64_MAX) {
        sent_ns = rate.room_at(sent_ns);
        rate.sent(++number, 30000, sent_ns);
        ASSERT_LT(number, 20u);
    }
    const double most = 20 * MBIT * (0.030 + double(GlRate::QUEUE_NS) / SECOND) + 30000;
    EXPECT_LE(double(rate.in_flight()), most);
    EXPECT_GE(double(rate.in_flight()), 20 * MBIT * 0.030);
    rate.arrived(number, sent_ns + 100 * MS);
    EXPECT_TRUE(rate.room(sent_ns + 100 * MS));
}

TEST(GlRate, SendsNothingBehindWhatIsLate)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(60);
    line.wait(200);
    line.rate.sent(++line.number, 20000, line.now);
    line.rate.sent(++line.number, 20000, line.now + 8 * MS);
    EXPECT_TRUE(line.rate.room(line.now + 40 * MS));
    /* 80 ms late, or as if the link had that much in its queue */
    EXPECT_FALSE(line.rate.room(line.now + 120 * MS));
}

TEST(GlRate, LeavesOthersTheirShare)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(60);
    const double alone = mbit(line.rate.share());
    EXPECT_NEAR(alone, 17, 1);
    for (int i = 0; i < 100; i++) {
        line.rate.other(12500, line.now);
        line.wait(20);
    }
    EXPECT_NEAR(mbit(line.rate.share()), alone - 5, 0.8);
    line.wait(1000);
    EXPECT_NEAR(mbit(line.rate.share()), alone, 0.1);
    for (int i = 0; i < 100; i++) {
        line.rate.other(1000000, line.now);
        line.wait(20);
    }
    EXPECT_GE(mbit(line.rate.share()), 5); /* but something is left for the video */
}

TEST(GlRate, GivesAFastLinksLastQuarterAway)
{
    EXPECT_NEAR(mbit(GlRate(uint64_t(40 * MBIT), 10 * MS).share()), 34, 0.1);
    EXPECT_NEAR(mbit(GlRate(uint64_t(200 * MBIT), 10 * MS).share()), 150, 0.1);
}

TEST(GlRate, IsNotUpsetWhenItWasItselfThatWasLate)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(60);
    const double before = mbit(line.rate.bandwidth());
    line.send(30000);
    line.now += 700 * MS; /* it was not called */
    line.wait(10);
    line.video(3);
    EXPECT_NEAR(mbit(line.rate.bandwidth()), before, 0.5);
    EXPECT_EQ(line.rate.fell_ns(), 0u);
}

TEST(GlRate, IsNotUpsetByAPause)
{
    for (bool known : { false, true }) {
        Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
        line.video(60);
        const double before = mbit(line.rate.bandwidth());
        line.free_at = line.now + 60 * MS; /* a segment is sent again */
        line.send(20000);
        line.wait(35);
        if (known) {
            line.rate.retransmitted(1);
        }
        line.wait(80);
        line.video(10, 20000);
        EXPECT_GE(mbit(line.rate.bandwidth()), 0.8 * before) << known;
        EXPECT_EQ(line.rate.fell_ns(), 0u) << known;
    }
}

TEST(GlRate, DoesNotCutForALossItKnowsOf)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(60);
    const double before = mbit(line.rate.bandwidth());
    line.free_at = line.now + 50 * MS;
    line.send(20000);
    line.rate.retransmitted(1);
    double lowest = before;
    for (int i = 0; i < 100; i++) {
        line.wait(1);
        lowest = std::min(lowest, mbit(line.rate.bandwidth()));
    }
    EXPECT_GE(lowest, 0.95 * before);
}

TEST(GlRate, NoticesAFall)
{
    Line line(50, 20, uint64_t(50 * MBIT), 20 * MS);
    line.video(120);
    EXPECT_EQ(line.rate.fell_ns(), 0u);
    line.bytes_per_second = 4 * MBIT;
    const uint64_t then = line.now;
    for (int i = 0; i < 60; i++) {
        if (line.rate.room(line.now)) {
            line.send(size_t(double(line.rate.video_rate()) * 0.016));
        }
        line.wait(16);
    }
    EXPECT_GE(line.rate.fell_ns(), then);
    EXPECT_LE(line.rate.fell_ns(), then + 200 * MS);
    EXPECT_LE(mbit(line.rate.bandwidth()), 6);

    /* It was not a pause, though it ends at some time */
    line.bytes_per_second = 50 * MBIT;
    line.video(120);
    EXPECT_GE(mbit(line.rate.bandwidth()), 45);
    EXPECT_GE(line.rate.fell_ns(), then);
}

TEST(GlRate, AQueueThatStaysLowersTheRate)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(120);
    const double before = mbit(line.rate.video_rate());
    line.free_at = line.now + 100 * MS; /* it belongs to others */
    for (int i = 0; i < 20; i++) {
        line.free_at += 5 * MS;
        line.send(20000);
        line.wait(16);
    }
    EXPECT_GT(line.rate.queue_ns(), 50 * MS);
    EXPECT_LE(mbit(line.rate.video_rate()), 0.95 * mbit(line.rate.share()));
    line.wait(500);
    line.video(60);
    EXPECT_GE(mbit(line.rate.video_rate()), 0.9 * before);
}

TEST(GlRate, WhatHadToWaitIsNotWhatTcpCarries)
{
    Line line(8, 100, uint64_t(100 * MBIT), 100 * MS);
    const double before = mbit(line.rate.video_rate());
    EXPECT_LE(before, 2); /* ten segments in a round trip */
    line.send(64000);
    line.wait(300);
    EXPECT_LE(mbit(line.rate.video_rate()), 2 * before);

    Line fast(100, 100, uint64_t(100 * MBIT), 100 * MS);
    fast.send(64000);
    fast.wait(300);
    EXPECT_GE(mbit(fast.rate.video_rate()), 4 * before);
}

TEST(GlRate, TinyMessagesTellNothingOfTheRate)
{
    Line line(100, 10, uint64_t(100 * MBIT), 10 * MS);
    line.video(60);
    Random random(3);
    for (int i = 0; i < 500; i++) { /* a cursor, and a main loop that is busy now and then */
        line.way_ms = 10 + (random.uniform() < 0.2 ? 15 : 0);
        line.send(60);
        line.wait(30);
    }
    EXPECT_NEAR(mbit(line.rate.bandwidth()), 100, 5);
}

TEST(GlRate, ALongerWayIsNotASlowerLink)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(120);
    line.way_ms = 90;
    Random random(5);
    int frames = 0;
    for (; frames < 300 && line.rate.rtt_min_ns() < 80 * MS; frames++) {
        if (line.rate.room(line.now)) {
            line.send(size_t(double(line.rate.video_rate()) * random.uniform(0.010, 0.020)));
        }
        line.wait(16);
    }
    EXPECT_LE(frames, 200);
    EXPECT_GE(mbit(line.rate.bandwidth()), 18); /* as before */
}

TEST(GlRate, OnAThinLinkNoFrameIsTooSmall)
{
    Line line(0.6, 30, uint64_t(0.6 * MBIT), 30 * MS);
    line.video(120);
    EXPECT_NEAR(mbit(line.rate.bandwidth()), 0.6, 0.1);
    line.bytes_per_second = 0.2 * MBIT;
    for (int i = 0; i < 180; i++) {
        if (line.rate.room(line.now)) {
            line.send(size_t(double(line.rate.video_rate()) * 0.016));
        }
        line.wait(16);
    }
    EXPECT_NEAR(mbit(line.rate.bandwidth()), 0.2, 0.08);
}

TEST(GlRate, ACursorAloneShowsThatTheWayIsLonger)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(60);
    line.way_ms = 80;
    for (int i = 0; i < 20; i++) {
        line.send(60);
        line.wait(200);
    }
    EXPECT_NEAR(double(line.rate.rtt_min_ns()) / MS, 80, 6);
    line.video(60);
    EXPECT_NEAR(mbit(line.rate.bandwidth()), 20, 2);
    line.wait(200);
    line.way_ms = 30;
    line.send(60);
    line.wait(200);
    EXPECT_NEAR(double(line.rate.rtt_min_ns()) / MS, 30, 1);
}

TEST(GlRate, TheEstimateHasAFloor)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(60);
    line.bytes_per_second = 10;
    line.send(100000);
    line.wait(20000);
    EXPECT_GE(line.rate.bandwidth(), 20000u);
    EXPECT_GT(line.rate.video_rate(), 0u);
}

TEST(GlRate, TheShortestRoundTripIsNotTheMean)
{
    Line line(20, 30, uint64_t(20 * MBIT), 30 * MS);
    line.video(120);
    EXPECT_NEAR(double(line.rate.rtt_min_ns()) / MS, 30, 1);
    EXPECT_GT(double(line.rate.rtt_ns()) / MS, 38);
}

} // namespace

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <gtest/gtest.h>

#include "gl-bit-rate.hpp"

using red::GlBitRate;

namespace {

constexpr uint64_t MBIT = 1000000, MS = 1000000;

struct BitRate: testing::Test {
    BitRate() { rate.begin(10 * MBIT, 0); }

    GlBitRate rate;
};

TEST_F(BitRate, does_not_follow_small_fluctuations)
{
    EXPECT_FALSE(rate.follow(10 * MBIT + MBIT / 2, 1000 * MS));
    EXPECT_FALSE(rate.follow(10 * MBIT - MBIT / 2, 1000 * MS));
    EXPECT_EQ(rate.bits_per_second(), 10 * MBIT);
    EXPECT_TRUE(rate.follow(9 * MBIT, 1000 * MS));
    EXPECT_EQ(rate.bits_per_second(), 9 * MBIT);
}

TEST_F(BitRate, falls_sooner_than_it_rises)
{
    EXPECT_FALSE(rate.follow(5 * MBIT, GlBitRate::FALL_NS));
    EXPECT_TRUE(rate.follow(5 * MBIT, GlBitRate::FALL_NS + 1));
    const uint64_t then = GlBitRate::FALL_NS + 1;
    EXPECT_FALSE(rate.follow(10 * MBIT, then + GlBitRate::FALL_NS + 1));
    EXPECT_FALSE(rate.follow(10 * MBIT, then + GlBitRate::RISE_NS));
    EXPECT_TRUE(rate.follow(10 * MBIT, then + GlBitRate::RISE_NS + 1));
}

TEST_F(BitRate, changes_at_most_20_times_a_second_while_the_link_gets_worse)
{
    int changes = 0;

    for (uint64_t now = 0; now < 1000 * MS; now += MS) {
        changes += rate.follow(10 * MBIT - now / MS * 9000, now);
    }
    EXPECT_GE(changes, 10);
    EXPECT_LE(changes, 20);
    EXPECT_LT(rate.bits_per_second(), 2 * MBIT);
}

} // namespace

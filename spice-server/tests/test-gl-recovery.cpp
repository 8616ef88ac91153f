/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <gtest/gtest.h>

#include "gl-recovery.hpp"

using red::GlRecovery;

namespace {

constexpr uint64_t SECOND = 1000000000;

TEST(Recovery, a_gpu_that_is_reset_now_and_then_gets_a_new_context_each_time)
{
    GlRecovery recovery;
    uint64_t now = SECOND;

    for (int i = 0; i < 100; i++, now += 15 * SECOND) {
        EXPECT_TRUE(recovery.lost(now)) << i;
        EXPECT_EQ(recovery.next_try_ns(), 0u);
    }
}

TEST(Recovery, a_gpu_that_is_reset_all_the_time_gets_none_for_a_minute)
{
    GlRecovery recovery;
    const uint64_t first = 5 * SECOND;

    for (unsigned int i = 0; i < GlRecovery::MAX_RESETS; i++) {
        EXPECT_TRUE(recovery.lost(first + i * SECOND));
    }
    EXPECT_FALSE(recovery.lost(first + 10 * SECOND));
    EXPECT_FALSE(recovery.lost(first + 60 * SECOND));
    EXPECT_TRUE(recovery.lost(first + 61 * SECOND));
}

TEST(Recovery, the_first_reset_counts_at_any_time)
{
    GlRecovery recovery;

    EXPECT_TRUE(recovery.lost(0));
    for (unsigned int i = 1; i < GlRecovery::MAX_RESETS; i++) {
        EXPECT_TRUE(recovery.lost(0));
    }
    EXPECT_FALSE(recovery.lost(0));
}

TEST(Recovery, what_fails_is_tried_again_for_ever_later_each_time)
{
    GlRecovery recovery;
    uint64_t now = 7 * SECOND, wait = SECOND;

    for (int i = 0; i < 10; i++) {
        recovery.failed(now);
        EXPECT_EQ(recovery.next_try_ns(), now + wait) << i;
        now = recovery.next_try_ns();
        wait = std::min(wait * 2, 32 * SECOND);
    }
    recovery.succeeded();
    EXPECT_EQ(recovery.next_try_ns(), 0u);
    recovery.failed(now);
    EXPECT_EQ(recovery.next_try_ns(), now + SECOND);
}

} // namespace

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-thread.hpp"

#include <thread>

#include <gtest/gtest.h>

/* The policy that a thread has after the call, which had POLICY before; no policy needs a privilege */
static int policy_after(int policy)
{
    int after = -1;
    std::thread([&] {
        const sched_param priority = {};
        if (sched_setscheduler(0, policy, &priority) == 0) {
            red::gl_let_wakers_go_on();
            after = sched_getscheduler(0);
        }
    }).join();
    return after;
}

TEST(Thread, of_the_usual_kind_lets_its_wakers_go_on)
{
    EXPECT_EQ(policy_after(SCHED_OTHER), SCHED_BATCH);
}

TEST(Thread, keeps_a_policy_that_somebody_has_chosen)
{
    EXPECT_EQ(policy_after(SCHED_IDLE), SCHED_IDLE);
    EXPECT_EQ(policy_after(SCHED_BATCH), SCHED_BATCH);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ack-habit.hpp"

#include <gtest/gtest.h>
#include <spice/enums.h>

static const std::vector<uint8_t> ACK = {SPICE_MSGC_ACK, 0, 0, 0, 0, 0};
static const std::vector<uint8_t> PONG = {SPICE_MSGC_PONG, 0, 1, 0, 0, 0, 42};

static std::vector<uint8_t> sent(AckHabit &habit, const std::vector<uint8_t> &message, int64_t now)
{
    std::vector<uint8_t> out;
    habit.message(message.data(), message.size(), now, &out);
    return out;
}

static size_t released(AckHabit &habit, int64_t now)
{
    std::vector<uint8_t> out;
    habit.release(now, &out);
    return out.size() / ACK.size();
}

TEST(AckHabit, late_acknowledgements_wait_and_nothing_else_does)
{
    AckHabit habit({200, 1, 0});
    EXPECT_TRUE(sent(habit, ACK, 0).empty());
    EXPECT_EQ(sent(habit, PONG, 10), PONG);
    EXPECT_TRUE(sent(habit, ACK, 50).empty());
    EXPECT_EQ(habit.next(), 200);
    EXPECT_EQ(released(habit, 199), 0u);
    EXPECT_EQ(released(habit, 200), 1u);
    EXPECT_EQ(habit.next(), 250);
    EXPECT_EQ(released(habit, 300), 1u);
    EXPECT_FALSE(habit.next());
}

TEST(AckHabit, a_group_goes_out_when_it_is_complete)
{
    AckHabit habit({0, 3, 200});
    EXPECT_TRUE(sent(habit, ACK, 0).empty());
    EXPECT_TRUE(sent(habit, ACK, 5).empty());
    EXPECT_EQ(sent(habit, ACK, 10).size(), 3 * ACK.size());
    EXPECT_FALSE(habit.next());
}

TEST(AckHabit, a_group_that_stays_incomplete_goes_out_in_time)
{
    AckHabit habit({0, 3, 200});
    sent(habit, ACK, 0);
    sent(habit, ACK, 150);
    EXPECT_EQ(habit.next(), 200);
    EXPECT_EQ(released(habit, 200), 2u);
}

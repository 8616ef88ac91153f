/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model of one direction, with a clock of its own */
#include "profile.hpp"
#include "way.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace {

constexpr int64_t MS = 1000000, SECOND = 1000 * MS;

Packet packet(size_t bytes, uint8_t mark = 0)
{
    return {{mark}, bytes};
}

Conditions megabits(double rate)
{
    Conditions conditions;
    conditions.rate = rate * 1e6;
    return conditions;
}

struct Arrival {
    int64_t at;
    uint8_t mark;
};

std::vector<Arrival> all_of(Way &way)
{
    std::vector<Arrival> arrivals;
    while (const auto next = way.next()) {
        int64_t due;
        while (const auto one = way.take(*next, &due)) {
            arrivals.push_back({due, one->data[0]});
        }
    }
    return arrivals;
}

} // namespace

TEST(Way, a_packet_takes_the_time_of_its_bytes_and_the_delay)
{
    Conditions conditions = megabits(8);
    conditions.delay = 15 * MS;
    Way way(conditions);
    way.arrive(packet(1000), 0);
    way.arrive(packet(500), 0);
    way.arrive(packet(1000), 40 * MS);
    const auto arrivals = all_of(way);
    ASSERT_EQ(arrivals.size(), 3u);
    EXPECT_EQ(arrivals[0].at, 1 * MS + 15 * MS);
    EXPECT_EQ(arrivals[1].at, 1 * MS + MS / 2 + 15 * MS);
    EXPECT_EQ(arrivals[2].at, 41 * MS + 15 * MS);
}

TEST(Way, without_a_rate_only_the_delay_counts)
{
    Conditions conditions;
    conditions.delay = 3 * MS;
    Way way(conditions);
    way.arrive(packet(100000), 7);
    EXPECT_EQ(all_of(way).at(0).at, 3 * MS + 7);
}

TEST(Way, what_finds_the_queue_full_is_dropped_and_the_queue_never_exceeds_its_limit)
{
    Conditions conditions = megabits(8);
    conditions.queue = 10000;
    Way way(conditions);
    for (int i = 0; i < 25; i++) {
        way.arrive(packet(1000), 0);
    }
    auto counters = way.counters(0);
    EXPECT_EQ(counters.dropped, 15u);
    EXPECT_EQ(counters.queue_max, 10000u);
    /* There is room again after some time */
    way.arrive(packet(1000), 2 * MS);
    way.arrive(packet(1000), 2 * MS);
    way.arrive(packet(1000), 2 * MS);
    counters = way.counters(2 * MS);
    EXPECT_EQ(counters.dropped, 16u);
    EXPECT_EQ(all_of(way).size(), 12u);
}

TEST(Way, a_packet_larger_than_the_queue_goes_out_if_nothing_waits)
{
    Conditions conditions = megabits(8);
    conditions.queue = 500;
    Way way(conditions);
    way.arrive(packet(1000), 0);
    way.arrive(packet(100), 0);
    EXPECT_EQ(all_of(way).size(), 1u);
}

TEST(Way, the_largest_queue_is_of_the_time_since_the_last_question)
{
    Way way(megabits(8));
    way.arrive(packet(3000), 0);
    EXPECT_EQ(way.counters(0).queue_max, 3000u);
    EXPECT_EQ(way.counters(10 * MS).queue_max, 3000u); /* it waited on */
    EXPECT_EQ(way.counters(10 * MS).queue_max, 0u);
}

TEST(Way, jitter_keeps_order_and_stays_within_its_bounds)
{
    Conditions conditions = megabits(100);
    conditions.delay = 20 * MS;
    conditions.jitter = 10 * MS;
    conditions.queue = 1 << 20;
    Way way(conditions, 7);
    for (int i = 0; i < 2000; i++) {
        way.arrive(packet(125, uint8_t(i)), i * MS);
    }
    const auto arrivals = all_of(way);
    ASSERT_EQ(arrivals.size(), 2000u);
    int64_t least = INT64_MAX, most = 0;
    for (size_t i = 0; i < arrivals.size(); i++) {
        EXPECT_EQ(arrivals[i].mark, uint8_t(i));
        const int64_t late = arrivals[i].at - int64_t(i) * MS - MS / 100 - 20 * MS;
        least = std::min(least, late);
        most = std::max(most, late);
    }
    EXPECT_GE(least, 0);
    EXPECT_LT(least, 1 * MS);
    EXPECT_LE(most, 10 * MS);
    EXPECT_GT(most, 9 * MS);
}

TEST(Way, packets_close_to_each_other_are_late_together)
{
    Conditions conditions = megabits(800);
    conditions.jitter = 10 * MS;
    Way way(conditions, 3);
    for (int i = 0; i < 10; i++) {
        way.arrive(packet(1000), 0);
    }
    const auto arrivals = all_of(way);
    EXPECT_EQ(arrivals.back().at - arrivals.front().at, 9 * MS / 100);
}

TEST(Way, loss_is_as_frequent_as_it_should_be)
{
    Conditions conditions;
    conditions.loss = 0.003;
    Way way(conditions, 5);
    constexpr int N = 100000;
    for (int i = 0; i < N; i++) {
        way.arrive(packet(100), i * MS);
    }
    const auto arrived = all_of(way).size();
    const double lost = double(way.counters(N * MS).lost);
    EXPECT_EQ(arrived + size_t(lost), size_t(N));
    EXPECT_NEAR(lost, N * 0.003, 4 * std::sqrt(N * 0.003));
}

TEST(Way, a_new_rate_holds_for_what_waits_too)
{
    Way way(megabits(8));
    for (int i = 0; i < 4; i++) {
        way.arrive(packet(1000), 0);
    }
    /* The first one has been sent, and half of the second */
    way.change(megabits(0.8), 3 * MS / 2);
    const auto arrivals = all_of(way);
    ASSERT_EQ(arrivals.size(), 4u);
    EXPECT_EQ(arrivals[0].at, 1 * MS);
    EXPECT_EQ(arrivals[1].at, 3 * MS / 2 + 5 * MS);
    EXPECT_EQ(arrivals[2].at, 3 * MS / 2 + 15 * MS);
    EXPECT_EQ(arrivals[3].at, 3 * MS / 2 + 25 * MS);
}

TEST(Way, less_delay_does_not_let_packets_overtake)
{
    Conditions slow, fast;
    slow.delay = 50 * MS;
    fast.delay = 1 * MS;
    Way way(slow);
    way.arrive(packet(100, 1), 0);
    way.change(fast, 1);
    way.arrive(packet(100, 2), 1);
    const auto arrivals = all_of(way);
    ASSERT_EQ(arrivals.size(), 2u);
    EXPECT_EQ(arrivals[0].mark, 1);
    EXPECT_EQ(arrivals[1].mark, 2);
    EXPECT_EQ(arrivals[1].at, 50 * MS);
}

TEST(Profile, conditions_are_for_both_ways_or_for_each)
{
    Conditions down, up;
    EXPECT_TRUE(set_condition("rate", "20/1", &down, &up));
    EXPECT_EQ(down.rate, 20e6);
    EXPECT_EQ(up.rate, 1e6);
    EXPECT_TRUE(set_condition("delay", "0.2", &down, &up));
    EXPECT_EQ(down.delay, MS / 5);
    EXPECT_EQ(up.delay, MS / 5);
    EXPECT_TRUE(set_condition("loss", "0.3", &down, &up));
    EXPECT_DOUBLE_EQ(up.loss, 0.003);
    EXPECT_FALSE(set_condition("rate", "fast", &down, &up));
    EXPECT_FALSE(set_condition("loss", "101", &down, &up));
    EXPECT_FALSE(set_condition("speed", "1", &down, &up));
    EXPECT_FALSE(set_condition("delay", "-1", &down, &up));
}

TEST(Profile, steps_have_rates_and_seconds)
{
    std::vector<Step> steps;
    EXPECT_TRUE(parse_steps("50:6,4:0.5,50", &steps));
    ASSERT_EQ(steps.size(), 3u);
    EXPECT_EQ(steps[1].rate, 4e6);
    EXPECT_EQ(steps[1].duration, SECOND / 2);
    EXPECT_FALSE(parse_steps("50:x", &steps));
    EXPECT_FALSE(parse_steps("", &steps));
}

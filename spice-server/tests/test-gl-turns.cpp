/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-turns.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

using red::GlTurns;

namespace {

constexpr uint64_t MS = 1000000, S = 1000 * MS;

struct Shown {
    uint64_t at_ns;     /* when it is sent */
    uint64_t waited_ns; /* time since it came */
};

/* Pictures come at these times; the newest one is sent at its turn. Checked every 0.1 ms. */
std::vector<Shown> shown(const std::vector<uint64_t> &come_ns, uint64_t interval_ns)
{
    GlTurns turns;
    std::vector<Shown> result;
    size_t i = 0;
    bool there = false;

    for (uint64_t now = S; i < come_ns.size() || there; now += MS / 10) {
        for (; i < come_ns.size() && come_ns[i] <= now; i++) {
            there = true;
        }
        if (there && now < turns.opens_ns()) {
            turns.waits(come_ns[i - 1]);
        } else if (there) {
            turns.goes(now, interval_ns);
            result.push_back({ now, now - come_ns[i - 1] });
            there = false;
        }
    }
    return result;
}

std::vector<uint64_t> evenly(uint64_t rate, unsigned count)
{
    std::vector<uint64_t> come_ns;
    for (unsigned i = 0; i < count; i++) {
        come_ns.push_back(S + i * S / rate);
    }
    return come_ns;
}

TEST(Turns, pictures_at_the_clients_rate_do_not_wait)
{
    for (auto &picture : shown(evenly(60, 100), S / 60)) {
        EXPECT_LE(picture.waited_ns, MS / 5);
    }
}

TEST(Turns, one_that_was_late_does_not_delay_all_that_follow)
{
    auto come_ns = evenly(60, 120);
    come_ns[3] += 25 * MS; // so that turns are later from there on
    come_ns.erase(come_ns.begin() + 4);
    const auto result = shown(come_ns, S / 60);
    for (size_t i = result.size() - 40; i < result.size(); i++) {
        EXPECT_LE(result[i].waited_ns, MS) << i;
    }
}

TEST(Turns, pictures_that_come_a_little_early_or_late_do_not_wait)
{
    auto come_ns = evenly(60, 100);
    for (size_t i = 1; i < come_ns.size(); i += 2) {
        come_ns[i] -= 3 * MS;
    }
    for (auto &picture : shown(come_ns, S / 60)) {
        EXPECT_LE(picture.waited_ns, MS / 2);
    }
}

class Rates : public testing::TestWithParam<uint64_t> {};

TEST_P(Rates, of_more_pictures_than_may_go_the_right_number_goes_evenly)
{
    for (uint64_t most : { 60, 50, 30, 25 }) {
        const auto result = shown(evenly(GetParam(), GetParam() * 4), S / most);
        EXPECT_LE(result.size(), most * 4 * 104 / 100 + 2);
        EXPECT_GE(result.size(), std::min(most, GetParam()) * 4 * 97 / 100);
        /* They are an interval apart, or as near to it as the guest's pictures allow */
        const uint64_t step_ns = S / GetParam();
        for (size_t i = 1; i < result.size(); i++) {
            const double off_ns = double(result[i].at_ns - result[i - 1].at_ns) - double(S / most);
            EXPECT_LE(std::abs(off_ns), double(step_ns) + GlTurns::EARLY_NS) << most << ", " << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Guests, Rates, testing::Values(60, 75, 90, 120, 144, 240, 1000));

} // namespace

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-patience.hpp"

#include <gtest/gtest.h>

using red::GlPatience;

namespace {

constexpr uint64_t MS = 1000000, SECOND = 1000 * MS;

/* A guest that draws at 60 Hz, or less often while it waits for a client that answers after this
 * time. Returns the number of pictures that it draws within SECONDS. */
unsigned pictures(uint64_t answer_ns, unsigned seconds)
{
    GlPatience patience;
    uint64_t now = SECOND, next_answer = 0;
    unsigned drawn = 0;

    while (now < (seconds + 1) * SECOND) {
        uint64_t waited = 0;
        if (now >= next_answer) { // it has answered the last one
            if (patience.begin(now)) {
                waited = std::min(answer_ns, GlPatience::LONGEST_NS);
                patience.end(now + waited);
            }
            next_answer = now + answer_ns;
        }
        now += std::max(waited, SECOND / 60);
        drawn++;
    }
    return drawn;
}

} // namespace

TEST(Patience, is_had_with_a_client_that_answers_within_a_frame)
{
    GlPatience patience;
    for (uint64_t now = SECOND; now < 60 * SECOND; now += SECOND / 60) {
        ASSERT_TRUE(patience.begin(now));
        patience.end(now + 16 * MS);
    }
}

TEST(Patience, is_had_with_one_that_is_late_now_and_then)
{
    GlPatience patience;
    for (uint64_t now = SECOND; now < 60 * SECOND; now += SECOND) {
        ASSERT_TRUE(patience.begin(now));
        patience.end(now + 60 * MS);
    }
}

TEST(Patience, costs_the_guest_less_than_a_tenth_of_its_pictures_whatever_the_client_takes)
{
    for (uint64_t answer = MS; answer < 3000 * MS; answer += 7 * MS) {
        EXPECT_GT(pictures(answer, 10), 540u) << answer / MS << " ms";
    }
}

TEST(Patience, waits_once_for_a_client_that_never_answers)
{
    GlPatience patience;
    ASSERT_TRUE(patience.begin(SECOND));
    patience.end(SECOND + 3600 * SECOND);
    EXPECT_TRUE(patience.begin(3602 * SECOND)) << "what it took counts once, and is forgiven";
}

TEST(Patience, counts_an_answer_once)
{
    GlPatience patience;
    ASSERT_TRUE(patience.begin(SECOND));
    for (int i = 0; i < 100; i++) {
        patience.end(SECOND + 79 * MS);
    }
    EXPECT_TRUE(patience.begin(SECOND + 80 * MS));
}

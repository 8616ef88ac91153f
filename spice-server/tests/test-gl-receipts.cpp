/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-receipts.hpp"

#include <gtest/gtest.h>

using red::GlReceipts;

namespace {

TEST(Receipts, each_acknowledgement_is_for_one_message)
{
    GlReceipts receipts;
    receipts.acknowledged(3);
    EXPECT_EQ(receipts.arrived(), 1u);
    receipts.acknowledged(3);
    receipts.acknowledged(3);
    EXPECT_EQ(receipts.arrived(), 3u);
    EXPECT_TRUE(receipts.counts_messages());
}

TEST(Receipts, what_was_not_sent_has_not_arrived_however_often_it_is_acknowledged)
{
    GlReceipts receipts;
    for (int i = 0; i < 1000; i++) {
        receipts.acknowledged(2);
    }
    EXPECT_EQ(receipts.arrived(), 2u);
}

/* They are numbered from the client's connection on, even if it was a local one first */
TEST(Receipts, what_was_acknowledged_before_counts)
{
    GlReceipts receipts(2);
    EXPECT_EQ(receipts.arrived(), 2u);
    receipts.acknowledged(4);
    receipts.acknowledged(4);
    EXPECT_EQ(receipts.arrived(), 4u);
}

TEST(Receipts, a_ping_is_answered_for_all_that_was_sent_before)
{
    GlReceipts receipts;
    const uint32_t id = receipts.ping();
    receipts.sending(1, false);
    receipts.sending(2, true);
    receipts.sending(3, true); // after the ping
    ASSERT_TRUE(receipts.pong(id));
    EXPECT_EQ(receipts.arrived(), 2u);
}

TEST(Receipts, a_ping_that_has_not_been_sent_tells_nothing)
{
    GlReceipts receipts;
    const uint32_t id = receipts.ping();
    receipts.sending(1, false);
    ASSERT_TRUE(receipts.pong(id));
    EXPECT_EQ(receipts.arrived(), 0u);
}

TEST(Receipts, an_answer_counts_once_and_ends_the_pings_before_it)
{
    GlReceipts receipts;
    const uint32_t first = receipts.ping();
    receipts.sending(1, true);
    const uint32_t second = receipts.ping();
    receipts.sending(2, true);
    ASSERT_TRUE(receipts.pong(second));
    EXPECT_EQ(receipts.arrived(), 2u);
    EXPECT_FALSE(receipts.pinging());
    EXPECT_FALSE(receipts.pong(second));
    EXPECT_FALSE(receipts.pong(first));
    EXPECT_FALSE(receipts.pong(0));
    EXPECT_EQ(receipts.arrived(), 2u);
}

/* Some clients acknowledge twenty at a time, whatever they are asked for */
TEST(Receipts, a_client_that_acknowledges_late_is_told_from_one_that_counts)
{
    GlReceipts receipts;
    const uint32_t early = receipts.ping();
    receipts.sending(2, true);
    ASSERT_TRUE(receipts.pong(early)); // acknowledgements may be on their way
    EXPECT_TRUE(receipts.counts_messages());
    const uint32_t id = receipts.ping();
    receipts.sending(20, true);
    ASSERT_TRUE(receipts.pong(id));
    EXPECT_FALSE(receipts.counts_messages());
    EXPECT_EQ(receipts.arrived(), 20u);
    receipts.acknowledged(20);
    EXPECT_EQ(receipts.arrived(), 20u) << "an old acknowledgement takes nothing back";
}

TEST(Receipts, a_client_that_answers_no_ping_is_sent_a_bounded_number)
{
    GlReceipts receipts;
    size_t sent = 0;
    for (uint64_t i = 1; i < 10000; i++) {
        sent += receipts.ping() != 0;
        receipts.sending(i, true);
    }
    EXPECT_EQ(sent, GlReceipts::MAX_PINGS);
}

} // namespace

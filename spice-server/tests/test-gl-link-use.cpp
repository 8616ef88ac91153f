/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-link-use.hpp"

#include <gtest/gtest.h>

using red::GlLinkShare;
using red::GlLinkUse;

namespace {

const int one_client = 0, another_client = 0;

TEST(LinkUse, each_channel_is_told_what_the_clients_others_have_sent)
{
    GlLinkShare first(GlLinkUse::of(&one_client)), second(GlLinkUse::of(&one_client));
    GlLinkShare stranger(GlLinkUse::of(&another_client));
    first.sent(1000);
    first.sent(200);
    second.sent(30);
    EXPECT_EQ(second.others(), 1200u);
    EXPECT_EQ(first.others(), 30u);
    EXPECT_EQ(stranger.others(), 0u);
    EXPECT_EQ(second.others(), 0u) << "it was told before";
    first.sent(5);
    EXPECT_EQ(second.others(), 5u);
}

TEST(LinkUse, a_channel_that_comes_later_is_not_told_of_what_was)
{
    GlLinkShare first(GlLinkUse::of(&one_client));
    first.sent(1000);
    GlLinkShare second(GlLinkUse::of(&one_client));
    EXPECT_EQ(second.others(), 0u);
    first.sent(7);
    EXPECT_EQ(second.others(), 7u);
    EXPECT_EQ(first.others(), 0u);
}

/* Another client may get the address of one that is gone */
TEST(LinkUse, nothing_is_kept_of_a_client_without_channels)
{
    {
        GlLinkShare channel(GlLinkUse::of(&one_client));
        channel.sent(1000);
    }
    EXPECT_EQ(GlLinkUse::of(&one_client)->bytes(), 0u);
}

} // namespace

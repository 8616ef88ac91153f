/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <cstdlib>

#include "gl-card.hpp"
#include "gl-fixture.hpp"

using namespace red;

class Card: public GlTest {};

/* With ci/egl-card preloaded, or on a real card */
TEST_F(Card, is_the_one_that_EGL_names)
{
    const char *claimed = getenv("EGL_CARD_DOUBLE");
    if (!claimed) {
        GTEST_SKIP() << "EGL_CARD_DOUBLE is not set: run with ci/egl-card preloaded";
    }
    const auto card = gl_card_of(display);
    ASSERT_TRUE(card) << card.why;
    EXPECT_EQ(card.render_node.rfind("/dev/dri/", 0) == 0 ? claimed : card.render_node, claimed);
    EXPECT_TRUE(card.is(card.render_node));
    EXPECT_FALSE(card.is("/dev/dri/renderD190"));
    EXPECT_FALSE(card.is(""));
}

TEST_F(Card, a_software_renderer_has_none_and_says_why)
{
    if (getenv("EGL_CARD_DOUBLE")) {
        GTEST_SKIP() << "ci/egl-card is preloaded";
    }
    const auto card = gl_card_of(display);
    if (card) {
        GTEST_SKIP() << "this machine's EGL renders on " << card.render_node;
    }
    EXPECT_FALSE(card.why.empty());
    EXPECT_FALSE(card.is(""));
}

TEST_F(Card, no_display_is_no_card)
{
    const auto card = gl_card_of(EGL_NO_DISPLAY);
    EXPECT_FALSE(card);
    EXPECT_FALSE(card.why.empty());
}

TEST_F(Card, a_card_by_another_path_of_its_node_is_the_same)
{
    GlCard card;
    card.render_node = "/dev/null";
    card.device = 0x103; /* 1:3 */
    EXPECT_TRUE(card.is("/dev/../dev/null"));
    EXPECT_FALSE(card.is("/dev/zero"));
}

TEST_F(Card, what_is_no_device_has_no_render_node_beside_it)
{
    EXPECT_EQ(gl_render_node_beside("/etc/passwd"), "");
    EXPECT_EQ(gl_render_node_beside("/dev/null"), "");
}

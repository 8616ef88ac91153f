/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <cstdlib>

#include "gl-render-node.hpp"
#include "gl-fixture.hpp"

using namespace red;

class RenderNode: public GlTest {};

/* With ci/doubles/egl-card preloaded, or on a real card */
TEST_F(RenderNode, is_the_one_that_EGL_names)
{
    const char *claimed = getenv("EGL_CARD_DOUBLE");
    if (!claimed) {
        GTEST_SKIP() << "EGL_CARD_DOUBLE is not set: run with ci/doubles/egl-card preloaded";
    }
    const auto node = gl_render_node_of(display);
    ASSERT_TRUE(node) << node.why;
    EXPECT_EQ(node.path.rfind("/dev/dri/", 0) == 0 ? claimed : node.path, claimed);
    EXPECT_TRUE(node.is(node.path));
    EXPECT_FALSE(node.is("/dev/dri/renderD190"));
    EXPECT_FALSE(node.is(""));
}

TEST_F(RenderNode, a_software_renderer_has_none_and_says_why)
{
    if (getenv("EGL_CARD_DOUBLE")) {
        GTEST_SKIP() << "ci/doubles/egl-card is preloaded";
    }
    const auto node = gl_render_node_of(display);
    if (node) {
        GTEST_SKIP() << "this machine's EGL renders on " << node.path;
    }
    EXPECT_FALSE(node.why.empty());
    EXPECT_FALSE(node.is(""));
}

TEST_F(RenderNode, no_display_has_no_node)
{
    const auto node = gl_render_node_of(EGL_NO_DISPLAY);
    EXPECT_FALSE(node);
    EXPECT_FALSE(node.why.empty());
}

TEST_F(RenderNode, another_path_of_a_node_is_the_same)
{
    GlRenderNode node;
    node.path = "/dev/null";
    node.device = 0x103; /* 1:3 */
    EXPECT_TRUE(node.is("/dev/../dev/null"));
    EXPECT_FALSE(node.is("/dev/zero"));
}

TEST_F(RenderNode, what_is_no_device_has_no_render_node_beside_it)
{
    EXPECT_EQ(gl_render_node_beside("/etc/passwd"), "");
    EXPECT_EQ(gl_render_node_beside("/dev/null"), "");
}

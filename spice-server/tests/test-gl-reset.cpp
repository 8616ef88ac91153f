/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* With ci/faults/gl-reset preloaded, which loses a context when it finds $GL_RESET_FILE */
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "gl-fixture.hpp"

using namespace red;

class Reset: public GlTest
{
protected:
    void SetUp() override
    {
        GlTest::SetUp();
        snprintf(path, sizeof(path), "/tmp/gl-reset-%d", getpid());
        setenv("GL_RESET_FILE", path, 1);
    }

    void lose(const char *how)
    {
        FILE *file = fopen(path, "w");
        ASSERT_TRUE(file);
        fprintf(file, "%s\n", how);
        fclose(file);
    }

    char path[64];
};

TEST_F(Reset, a_lost_context_is_noticed_and_a_new_one_reads_the_picture)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 33, 17);
    texture.upload_picture(true);
    glFinish();
    auto readback = std::make_unique<GlReadback>(*context);
    EXPECT_TRUE(shows(*readback, texture.source(1, true), { 0, 0, 33, 17 }));
    EXPECT_EQ(context->lost(), nullptr);

    lose("once");
    EXPECT_STREQ(context->lost(), "GL_INNOCENT_CONTEXT_RESET");
    ASSERT_TRUE(drawer->make_current());
    texture.fill({ 10, 20, 30 });
    glFinish();
    const auto filled = [](uint32_t, uint32_t) { return Color{ 10, 20, 30 }; };
    ASSERT_TRUE(context->make_current());
    EXPECT_FALSE(shows(*readback, texture.source(1, true), { 0, 0, 33, 17 }, filled));

    readback.reset();
    std::string why;
    ASSERT_TRUE(context->rebuild(&why)) << why;
    EXPECT_EQ(eglGetCurrentContext(), context->handle());
    EXPECT_EQ(context->lost(), nullptr);
    readback = std::make_unique<GlReadback>(*context);
    EXPECT_TRUE(shows(*readback, texture.source(1, true), { 0, 0, 33, 17 }, filled));
    readback.reset();
    ASSERT_TRUE(drawer->make_current());
}

/* The last one: no context can be made after it */
TEST_F(Reset, without_a_new_context_nothing_is_current_and_nothing_crashes)
{
    auto own = GlContext::create(display, nullptr, nullptr);
    ASSERT_TRUE(own && own->make_current());
    lose("forever");
    EXPECT_TRUE(own->lost());
    std::string why;
    EXPECT_FALSE(own->rebuild(&why));
    EXPECT_FALSE(why.empty());
    EXPECT_FALSE(own->make_current());
    ASSERT_TRUE(drawer->make_current());
}

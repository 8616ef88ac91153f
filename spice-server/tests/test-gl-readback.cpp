/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-readback.hpp"

#include <thread>

#include "gl-fixture.hpp"
#include "gl-sampler.hpp"

using namespace red;

namespace {

constexpr uint64_t SECOND_NS = 1000000000;

} // namespace

class Readback: public GlTest
{
};

TEST_F(Readback, gives_the_picture_in_both_orientations_and_odd_sizes)
{
    GlReadback readback(*context);
    uint64_t id = 0;
    const uint32_t sizes[][2] = { { 1, 1 }, { 7, 5 }, { 64, 64 }, { 801, 601 }, { 1366, 7 } };

    for (const auto &size : sizes) {
        for (bool y0_top : { true, false }) {
            ASSERT_TRUE(drawer->make_current());
            TextureImage texture(*drawer, size[0], size[1]);
            texture.upload_picture(y0_top);
            id++;
            for (const GlRect &rect : rectangles(size[0], size[1])) {
                EXPECT_TRUE(shows(readback, texture.source(id, y0_top), rect)) <<
                    "y0_top " << y0_top;
            }
            readback.forget(id);
            ASSERT_TRUE(drawer->make_current());
        }
    }
}

TEST_F(Readback, sees_what_is_drawn_after_the_first_time)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 33, 17);
    GlReadback readback(*context);
    for (uint8_t shade : { 1, 100, 254, 3 }) {
        ASSERT_TRUE(drawer->make_current());
        texture.fill({ shade, 0, 0 });
        glFinish();
        EXPECT_TRUE(shows(readback, texture.source(1, true), { 0, 0, 33, 17 },
                          [shade](uint32_t, uint32_t) { return Color{ shade, 0, 0 }; }));
    }
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, still_reads_an_image_its_owner_has_destroyed)
{
    ASSERT_TRUE(drawer->make_current());
    auto texture = std::make_unique<TextureImage>(*drawer, 33, 17);
    texture->upload_picture(true);
    const GlSource source = texture->source(1, true);
    GlReadback readback(*context);
    ASSERT_TRUE(shows(readback, source, { 0, 0, 33, 17 }));
    ASSERT_TRUE(drawer->make_current());
    texture.reset();
    EXPECT_TRUE(shows(readback, source, { 0, 0, 33, 17 })) << "before forget()";

    readback.forget(1);
    std::string why;
    EXPECT_FALSE(readback.begin(source, { 0, 0, 33, 17 }, &why)) << "after forget()";
    EXPECT_FALSE(why.empty());
}

/* EGL gives the handle of a destroyed image to the next one */
TEST_F(Readback, an_image_with_the_handle_of_an_earlier_one_shows_itself)
{
    GlReadback readback(*context);
    int reused = 0;
    EGLImage last = EGL_NO_IMAGE;
    for (int i = 1; i <= 20; i++) {
        ASSERT_TRUE(drawer->make_current());
        TextureImage texture(*drawer, 16, 16);
        reused += texture.image == last;
        last = texture.image;
        const Color color = { uint8_t(i * 12), uint8_t(255 - i), uint8_t(i) };
        texture.fill(color);
        glFinish();
        EXPECT_TRUE(shows(readback, texture.source(i, true), { 0, 0, 16, 16 },
                          [color](uint32_t, uint32_t) { return color; })) << i;
        ASSERT_TRUE(drawer->make_current());
    }
    /* none where a sanitizer keeps freed memory for a while */
    RecordProperty("handles_reused", reused);
}

TEST_F(Readback, an_image_reused_with_another_size_or_handle_is_bound_anew)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage small(*drawer, 8, 8), large(*drawer, 40, 30), other(*drawer, 40, 30);
    small.upload_picture(true);
    large.upload_picture(true);
    other.fill({ 1, 2, 3 });
    glFinish();
    GlReadback readback(*context);
    EXPECT_TRUE(shows(readback, other.source(1, true), { 0, 0, 40, 30 },
                      [](uint32_t, uint32_t) { return Color{ 1, 2, 3 }; }));
    EXPECT_TRUE(shows(readback, large.source(1, true), { 0, 0, 40, 30 }));
    EXPECT_TRUE(shows(readback, small.source(1, true), { 0, 0, 8, 8 }));
    EXPECT_TRUE(shows(readback, large.source(1, true), { 0, 0, 40, 30 }));
    EXPECT_TRUE(shows(readback, small.source(1, true), { 0, 0, 8, 8 }));
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, needs_a_moment_or_none_and_says_when_it_is_ready)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 64, 64);
    texture.upload_picture(true);
    GlReadback readback(*context);
    EXPECT_FALSE(readback.in_flight());
    EXPECT_FALSE(readback.ready());
    EXPECT_FALSE(readback.wait(0));
    std::string why;
    ASSERT_TRUE(readback.begin(texture.source(1, true), { 0, 0, 64, 64 }, &why)) << why;
    EXPECT_TRUE(readback.in_flight());
    EXPECT_TRUE(readback.wait(10 * SECOND_NS));
    EXPECT_TRUE(readback.ready());
    std::vector<uint8_t> pixels(64 * 64 * 4);
    EXPECT_TRUE(read_out(readback, 64, 64, pixels.data(), 64 * 4, &why)) << why;
    EXPECT_FALSE(readback.in_flight());
    EXPECT_FALSE(readback.ready());
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, only_one_is_in_flight)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 64, 64), other(*drawer, 64, 64);
    texture.upload_picture(true);
    GlReadback readback(*context);
    std::string why;
    ASSERT_TRUE(readback.begin(texture.source(1, true), { 3, 3, 9, 9 }, &why)) << why;
    EXPECT_FALSE(readback.begin(other.source(2, true), { 0, 0, 64, 64 }, &why));
    EXPECT_FALSE(why.empty());
    std::vector<uint8_t> pixels(9 * 9 * 4);
    ASSERT_TRUE(read_out(readback, 9, 9, pixels.data(), 9 * 4, &why)) << why;
    EXPECT_EQ(pixels[2], picture_color(3, 3).r) << "the first one's picture";
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, what_is_cancelled_is_gone_and_the_next_one_is_right)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 64, 64);
    texture.upload_picture(true);
    GlReadback readback(*context);
    readback.cancel();
    std::string why;
    for (int i = 0; i < 10; i++) {
        ASSERT_TRUE(readback.begin(texture.source(1, true), { 1, 1, 60, 60 }, &why)) << why;
        readback.cancel();
        EXPECT_FALSE(readback.in_flight());
        GlPixels pixels;
        EXPECT_FALSE(readback.map(&pixels, &why));
    }
    EXPECT_TRUE(shows(readback, texture.source(1, true), { 0, 0, 64, 64 }));
    readback.begin(texture.source(1, true), { 1, 1, 60, 60 }, &why);
    readback.forget(1);
    readback.cancel();
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, bad_input_is_refused_with_a_reason_and_changes_nothing)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 20, 10);
    texture.upload_picture(true);
    GlReadback readback(*context);
    const GlSource good = texture.source(1, true);
    auto source = [&](uint64_t id, EGLImage image, uint32_t width, uint32_t height) {
        return GlSource{ id, image, width, height, true };
    };
    struct {
        const char *what;
        GlSource source;
        GlRect rect;
    } const cases[] = {
        { "no image", source(1, EGL_NO_IMAGE, 20, 10), { 0, 0, 1, 1 } },
        { "no id", source(0, good.image, 20, 10), { 0, 0, 1, 1 } },
        { "garbage for an image", source(7, reinterpret_cast<EGLImage>(0x1234), 20, 10),
          { 0, 0, 1, 1 } },
        { "width 0", source(7, good.image, 0, 10), { 0, 0, 1, 1 } },
        { "height 0", source(7, good.image, 20, 0), { 0, 0, 1, 1 } },
        { "width 65536", source(7, good.image, 65536, 10), { 0, 0, 65536, 10 } },
        { "height 65536", source(7, good.image, 20, 65536), { 0, 0, 20, 65536 } },
        { "all bits set", source(7, good.image, UINT32_MAX, UINT32_MAX), { 0, 0, 1, 1 } },
        { "empty rectangle", good, { 3, 3, 0, 0 } },
        { "no width", good, { 3, 3, 0, 1 } },
        { "no height", good, { 3, 3, 1, 0 } },
        { "starts outside", good, { 20, 0, 1, 1 } },
        { "starts below", good, { 0, 10, 1, 1 } },
        { "too wide", good, { 1, 0, 20, 10 } },
        { "too high", good, { 0, 1, 20, 10 } },
        { "width that overflows", good, { 2, 0, UINT32_MAX, 1 } },
        { "place that overflows", good, { UINT32_MAX, UINT32_MAX, 2, 2 } },
    };
    for (const auto &c : cases) {
        std::string why;
        EXPECT_FALSE(readback.begin(c.source, c.rect, &why)) << c.what;
        EXPECT_FALSE(why.empty()) << c.what;
        if (c.source.width > 32768 || c.source.height > 32768) {
            EXPECT_NE(why.find("32768"), std::string::npos) << "before GL is asked: " << why;
        }
        EXPECT_FALSE(readback.begin(c.source, c.rect, nullptr)) << c.what;
        EXPECT_FALSE(readback.in_flight()) << c.what;
    }
    EXPECT_TRUE(shows(readback, good, { 0, 0, 20, 10 })) << "after all that";
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, an_image_smaller_than_announced_is_refused)
{
    ASSERT_TRUE(context->make_current());
    if (epoxy_gl_version() < 31) {
        GTEST_SKIP() << "OpenGL ES 3.1 is needed to ask for a texture's size";
    }
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 20, 10);
    GlReadback readback(*context);
    for (const GlSource &source : { GlSource{ 1, texture.image, 21, 10, true },
                                    GlSource{ 1, texture.image, 20, 11, true } }) {
        std::string why;
        EXPECT_FALSE(readback.begin(source, { 0, 0, source.width, source.height }, &why));
        EXPECT_NE(why.find("smaller"), std::string::npos) << why;
    }
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, maps_only_what_was_begun_and_once)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 20, 10);
    texture.upload_picture(true);
    GlReadback readback(*context);
    GlPixels pixels;
    std::string why;
    EXPECT_FALSE(readback.map(&pixels, &why)) << "nothing was begun";
    EXPECT_FALSE(why.empty());
    EXPECT_FALSE(readback.map(&pixels, nullptr));
    EXPECT_FALSE(readback.unmap(&why)) << "nothing is mapped";
    ASSERT_TRUE(readback.begin(texture.source(1, true), { 0, 0, 20, 10 }, &why)) << why;
    EXPECT_FALSE(readback.unmap(nullptr)) << "nothing is mapped yet";
    ASSERT_TRUE(readback.map(&pixels, &why)) << why;
    EXPECT_FALSE(readback.map(&pixels, &why)) << "it is mapped";
    EXPECT_TRUE(readback.in_flight()) << "and stays so";
    EXPECT_TRUE(readback.unmap(&why)) << why;
    EXPECT_FALSE(readback.in_flight());
    EXPECT_TRUE(shows(readback, texture.source(1, true), { 0, 0, 20, 10 }));
    ASSERT_TRUE(drawer->make_current());
}

static void expect_no_bindings()
{
    for (GLenum binding : { GL_TEXTURE_BINDING_2D, GL_READ_FRAMEBUFFER_BINDING,
                            GL_DRAW_FRAMEBUFFER_BINDING, GL_PIXEL_PACK_BUFFER_BINDING,
                            GL_CURRENT_PROGRAM }) {
        GLint bound = -1;
        glGetIntegerv(binding, &bound);
        EXPECT_EQ(bound, 0) << std::hex << binding;
    }
    EXPECT_EQ(glGetError(), GLenum(GL_NO_ERROR));
}

TEST_F(Readback, leaves_no_bindings_behind)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 20, 10);
    texture.upload_picture(true);
    GlReadback readback(*context);
    std::string why;
    std::vector<uint8_t> pixels(20 * 10 * 4);
    ASSERT_TRUE(readback.begin(texture.source(1, true), { 0, 0, 20, 10 }, &why)) << why;
    expect_no_bindings();
    ASSERT_TRUE(read_out(readback, 20, 10, pixels.data(), 80, &why)) << why;
    expect_no_bindings();
    EXPECT_FALSE(readback.begin(texture.source(1, true), { 0, 0, 21, 10 }, &why));
    expect_no_bindings();
    ASSERT_TRUE(drawer->make_current());
}

/* How images that cannot be framebuffers are read, with one that can */
TEST_F(Readback, sampler_draws_any_part_and_cleans_up)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 40, 30);
    texture.upload_picture(true);
    ASSERT_TRUE(context->make_current());
    {
        GlImageCache cache(*context);
        GlSampler sampler;
        std::string why;
        GlBoundImage *bound = cache.get(texture.source(1, true), &why);
        ASSERT_TRUE(bound) << why;
        EXPECT_EQ(bound->read_bgra, context->can_read_bgra());
        /* growing and shrinking: the target must hold each */
        for (const GlRect &rect : { GlRect{ 7, 5, 3, 3 }, GlRect{ 0, 0, 40, 2 },
                                    GlRect{ 0, 0, 2, 30 }, GlRect{ 0, 0, 40, 30 },
                                    GlRect{ 39, 29, 1, 1 } }) {
            const GLuint drawn = sampler.draw(*bound, rect, &why);
            ASSERT_TRUE(drawn) << why;
            expect_no_bindings();
            std::vector<uint8_t> pixels(rect.w * rect.h * 4);
            glBindFramebuffer(GL_FRAMEBUFFER, drawn);
            glReadPixels(0, 0, rect.w, rect.h, GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
            glBindFramebuffer(GL_FRAMEBUFFER, 0);
            const Color last = picture_color(rect.x + rect.w - 1, rect.y + rect.h - 1);
            EXPECT_EQ(pixels[0], picture_color(rect.x, rect.y).r);
            EXPECT_EQ(pixels[pixels.size() - 4], last.r);
            EXPECT_EQ(pixels[pixels.size() - 3], last.g);
            EXPECT_EQ(pixels[pixels.size() - 2], last.b);
        }
    }
    /* programs and shaders share names */
    const GLuint program = glCreateProgram();
    EXPECT_EQ(program, 1u) << "its own were deleted";
    glDeleteProgram(program);
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, keeps_a_bounded_number_of_images)
{
    ASSERT_TRUE(context->make_current());
    GlImageCache cache(*context);
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 4, 4), often(*drawer, 4, 4);
    ASSERT_TRUE(context->make_current());
    std::string why;
    const GlSource used_often = often.source(1, true);
    ASSERT_TRUE(cache.get(used_often, &why)) << why;
    ASSERT_TRUE(destroy_image(often.image)); /* so that it cannot be bound again */
    often.image = EGL_NO_IMAGE;
    for (uint64_t id = 2; id <= 200; id++) {
        ASSERT_TRUE(cache.get(texture.source(id, true), &why)) << why;
        ASSERT_TRUE(cache.get(used_often, &why)) << "dropped though used all the time: " << why;
        ASSERT_LE(cache.size(), GlImageCache::MAX_IMAGES);
    }
    const GLuint names_used = [] {
        GLuint name = 0;
        glGenTextures(1, &name);
        glDeleteTextures(1, &name);
        return name;
    }();
    EXPECT_LE(names_used, 2 * GlImageCache::MAX_IMAGES) << "dropped images' textures are deleted";
    for (uint64_t id = 0; id <= 200; id++) {
        cache.forget(id);
    }
    EXPECT_EQ(cache.size(), 0u);
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, leaks_no_fds_or_names)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 64, 48);
    texture.upload_picture(true);
    const int before = open_fds();
    for (int i = 0; i < 100; i++) {
        GlReadback readback(*context);
        ASSERT_TRUE(shows(readback, texture.source(1, i % 2), { 0, 0, 64, 48 },
                          [i](uint32_t x, uint32_t y) {
                              return picture_color(x, i % 2 ? y : 47 - y);
                          }));
    }
    ASSERT_TRUE(context->make_current());
    GLuint name = 0;
    glGenTextures(1, &name);
    EXPECT_LE(name, 10u);
    glDeleteTextures(1, &name);
    glGenFramebuffers(1, &name);
    EXPECT_LE(name, 10u);
    glDeleteFramebuffers(1, &name);
    glGenBuffers(1, &name);
    EXPECT_LE(name, 10u);
    glDeleteBuffers(1, &name);
    EXPECT_EQ(open_fds(), before);
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Readback, goes_quietly_when_its_context_cannot_be_had)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 16, 16);
    texture.upload_picture(true);
    auto readback = std::make_unique<GlReadback>(*context);
    ASSERT_TRUE(shows(*readback, texture.source(1, true), { 0, 0, 16, 16 }));
    ASSERT_TRUE(readback->begin(texture.source(1, true), { 0, 0, 16, 16 }, nullptr));
    std::thread([this, &readback, &texture] {
        std::string why;
        readback->cancel();
        EXPECT_FALSE(readback->begin(texture.source(1, true), { 0, 0, 16, 16 }, &why));
        EXPECT_NE(why.find("eglMakeCurrent"), std::string::npos) << why;
        readback->forget(1);
    }).join();
    readback.reset();
    ASSERT_TRUE(drawer->make_current());
}

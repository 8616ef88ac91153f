/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-dmabuf.hpp"

#include <cstring>
#include <set>

#include <drm/drm_fourcc.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gl-fixture.hpp"

using namespace red;

namespace {

constexpr int DEAD_FD = 1000000; /* a number that no descriptor has */

bool same_file(int a, int b)
{
    struct stat sa, sb;
    return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
        sa.st_ino == sb.st_ino;
}

} // namespace

class Export: public GlTest
{
protected:
    void SetUp() override
    {
        GlTest::SetUp();
        if (HasFatalFailure()) {
            return;
        }
        ASSERT_TRUE(drawer->make_current());
        texture = std::make_unique<TextureImage>(*drawer, 97, 61);
        ASSERT_NE(texture->image, EGL_NO_IMAGE);
    }

    void TearDown() override
    {
        drawer->make_current();
        texture.reset();
        GlTest::TearDown();
    }

    std::optional<GlDmabuf> export_texture()
    {
        std::string why;
        auto buffer = gl_export_dmabuf(*context, texture->image, texture->width,
                                       texture->height, &why);
        EXPECT_TRUE(buffer) << why;
        return buffer;
    }

    std::unique_ptr<TextureImage> texture;
};

/* A name of its own, so that runs with and without dma-bufs can leave out the other's tests */
class NoExport: public Export
{
};

TEST_F(NoExport, is_refused_with_a_reason_where_the_display_cannot)
{
    if (context->can_export()) {
        GTEST_SKIP() << "this display can export";
    }
    std::string why;
    EXPECT_FALSE(gl_export_dmabuf(*context, texture->image, 97, 61, &why));
    EXPECT_NE(why.find("EGL_MESA_image_dma_buf_export"), std::string::npos) << why;
}

TEST_F(Export, describes_the_image)
{
    NEED_EXPORT();
    auto buffer = export_texture();
    ASSERT_TRUE(buffer);
    EXPECT_EQ(buffer->width, 97u);
    EXPECT_EQ(buffer->height, 61u);
    ASSERT_EQ(buffer->num_planes, 1);
    EXPECT_GE(buffer->stride[0], 97u * 4);
    const std::set<uint32_t> rgba = { DRM_FORMAT_ABGR8888, DRM_FORMAT_XBGR8888 };
    EXPECT_TRUE(rgba.count(buffer->fourcc)) << std::hex << buffer->fourcc;
}

TEST_F(Export, fds_are_close_on_exec_and_closed_with_the_buffer)
{
    NEED_EXPORT();
    export_texture(); /* drivers keep some with an image that was exported once */
    const int before = open_fds();
    {
        auto buffer = export_texture();
        ASSERT_TRUE(buffer);
        EXPECT_EQ(open_fds(), before + 1);
        EXPECT_EQ(fcntl(buffer->fd[0], F_GETFD), FD_CLOEXEC);
        auto copy = buffer->dup();
        ASSERT_TRUE(copy);
        EXPECT_EQ(open_fds(), before + 2);
        EXPECT_EQ(fcntl(copy->fd[0], F_GETFD), FD_CLOEXEC);
    }
    EXPECT_EQ(open_fds(), before);
}

TEST_F(Export, a_hundred_leak_no_fds_also_when_they_fail)
{
    NEED_EXPORT();
    export_texture();
    const int before = open_fds();
    std::string why;
    for (int i = 0; i < 100; i++) {
        auto buffer = export_texture();
        ASSERT_TRUE(buffer && buffer->dup());
        EXPECT_FALSE(gl_export_dmabuf(*context, texture->image, 0, 61, &why));
        EXPECT_FALSE(gl_export_dmabuf(*context, reinterpret_cast<EGLImage>(0x1234), 9, 9, &why));
    }
    EXPECT_EQ(open_fds(), before);
}

TEST_F(Export, leaves_nothing_once_the_texture_is_gone)
{
    NEED_EXPORT();
    texture.reset();
    const int before = open_fds();
    for (int i = 0; i < 20; i++) {
        texture = std::make_unique<TextureImage>(*drawer, 97, 61);
        EXPECT_TRUE(export_texture());
        texture.reset();
    }
    glFinish();
    EXPECT_EQ(open_fds(), before);
}

TEST_F(Export, needs_no_current_context)
{
    NEED_EXPORT();
    eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    EXPECT_TRUE(export_texture());
    /* and not only because libepoxy has looked the calls up before */
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT({
        eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        const auto buffer = gl_export_dmabuf(*context, texture->image, 97, 61, nullptr);
        _exit(buffer ? 0 : 1);
    }, testing::ExitedWithCode(0), "");
}

TEST_F(Export, one_export_sees_what_is_drawn_later)
{
    NEED_EXPORT();
    auto buffer = export_texture();
    ASSERT_TRUE(buffer);
    if (buffer->modifier != DRM_FORMAT_MOD_LINEAR && buffer->modifier != DRM_FORMAT_MOD_INVALID) {
        GTEST_SKIP() << "the driver's layout is not linear";
    }
    const size_t size = buffer->offset[0] + size_t(buffer->stride[0]) * buffer->height;
    void *memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, buffer->fd[0], 0);
    if (memory == MAP_FAILED) {
        GTEST_SKIP() << "this driver's dma-bufs cannot be mapped";
    }
    auto first = static_cast<const uint8_t *>(memory) + buffer->offset[0];
    for (uint8_t shade : { 10, 200, 77 }) {
        texture->fill({ shade, 1, 2 });
        glFinish();
        const uint8_t *last = first + size_t(buffer->stride[0]) * 60 + 96 * 4;
        EXPECT_EQ(first[0], shade);
        EXPECT_EQ(last[0], shade);
        EXPECT_EQ(last[2], 2);
    }
    munmap(memory, size);
}

TEST_F(Export, buffer_outlives_image_and_texture)
{
    NEED_EXPORT();
    texture->fill({ 9, 8, 7 });
    glFinish();
    auto buffer = export_texture();
    ASSERT_TRUE(buffer);
    texture.reset();
    ASSERT_TRUE(context->make_current());
    EGLImage imported = import_dmabuf(*buffer);
    ASSERT_NE(imported, EGL_NO_IMAGE);
    {
        GlReadback readback(*context);
        EXPECT_TRUE(shows(readback, { 1, imported, 97, 61, true }, { 0, 0, 97, 61 },
                          [](uint32_t, uint32_t) { return Color{ 9, 8, 7 }; }));
    }
    EXPECT_TRUE(destroy_image(imported));
}

TEST_F(Export, bad_input_is_refused_with_a_reason)
{
    NEED_EXPORT();
    const int before = open_fds();
    struct {
        EGLImage image;
        uint32_t width, height;
    } const cases[] = {
        { EGL_NO_IMAGE, 97, 61 },
        { reinterpret_cast<EGLImage>(0x1234), 97, 61 },
        { texture->image, 0, 61 }, { texture->image, 97, 0 },
        { texture->image, 65536, 61 }, { texture->image, 97, 65536 },
        { texture->image, UINT32_MAX, UINT32_MAX },
    };
    for (const auto &c : cases) {
        std::string why;
        EXPECT_FALSE(gl_export_dmabuf(*context, c.image, c.width, c.height, &why));
        EXPECT_FALSE(why.empty()) << c.width << "x" << c.height;
        EXPECT_FALSE(gl_export_dmabuf(*context, c.image, c.width, c.height, nullptr));
    }
    EXPECT_EQ(open_fds(), before);
}

TEST_F(Export, a_destroyed_image_is_refused)
{
    NEED_EXPORT();
    EGLImage gone = texture->image;
    ASSERT_TRUE(destroy_image(gone));
    texture->image = EGL_NO_IMAGE;
    std::string why;
    EXPECT_FALSE(gl_export_dmabuf(*context, gone, 97, 61, &why));
    EXPECT_FALSE(why.empty());
}

TEST_F(Export, planes_that_share_memory_get_an_fd_each)
{
    NEED_EXPORT();
    MemoryBuffer memory(64 * 64 * 2);
    ASSERT_TRUE(memory.ok());
    GlDmabuf nv12;
    nv12.width = nv12.height = 64;
    nv12.fourcc = DRM_FORMAT_NV12;
    nv12.num_planes = 2;
    for (int i = 0; i < 2; i++) {
        nv12.fd[i] = fcntl(memory.fd, F_DUPFD_CLOEXEC, 0);
        nv12.offset[i] = i * 64 * 64;
        nv12.stride[i] = 64;
    }
    EGLImage image = import_dmabuf(nv12);
    if (image == EGL_NO_IMAGE) {
        GTEST_SKIP() << "this EGL does not import NV12";
    }
    const int before = open_fds();
    {
        std::string why;
        auto buffer = gl_export_dmabuf(*context, image, 64, 64, &why);
        if (!buffer) {
            EXPECT_EQ(open_fds(), before) << "nothing is left of an export that failed";
            destroy_image(image);
            GTEST_SKIP() << "this EGL does not export the NV12 it imported: " << why;
        }
        for (int i = 0; i < buffer->num_planes; i++) {
            ASSERT_GE(buffer->fd[i], 0);
            EXPECT_EQ(fcntl(buffer->fd[i], F_GETFD), FD_CLOEXEC);
            for (int other = 0; other < i; other++) {
                EXPECT_NE(buffer->fd[i], buffer->fd[other]);
            }
        }
        EXPECT_EQ(open_fds(), before + buffer->num_planes);
    }
    EXPECT_EQ(open_fds(), before);
    destroy_image(image);
}

/* The value type alone, on any fds */
class Dmabuf: public testing::Test
{
protected:
    static GlDmabuf make(int planes)
    {
        GlDmabuf buffer;
        buffer.width = 3;
        buffer.height = 4;
        buffer.fourcc = DRM_FORMAT_XRGB8888;
        buffer.modifier = UINT64_C(0x0123456789abcdef);
        buffer.num_planes = planes;
        for (int i = 0; i < planes && i < GlDmabuf::MAX_PLANES; i++) {
            buffer.fd[i] = memfd_create("plane", MFD_CLOEXEC);
            buffer.offset[i] = 100 + i;
            buffer.stride[i] = 200 + i;
        }
        return buffer;
    }
};

TEST_F(Dmabuf, a_duplicate_is_equal_and_its_own)
{
    const int before = open_fds();
    std::optional<GlDmabuf> copy;
    {
        const GlDmabuf buffer = make(4);
        copy = buffer.dup();
        ASSERT_TRUE(copy);
        EXPECT_EQ(copy->width, 3u);
        EXPECT_EQ(copy->height, 4u);
        EXPECT_EQ(copy->fourcc, uint32_t(DRM_FORMAT_XRGB8888));
        EXPECT_EQ(copy->modifier, UINT64_C(0x0123456789abcdef));
        ASSERT_EQ(copy->num_planes, 4);
        for (int i = 0; i < 4; i++) {
            EXPECT_NE(copy->fd[i], buffer.fd[i]);
            EXPECT_TRUE(same_file(copy->fd[i], buffer.fd[i])) << i;
            EXPECT_EQ(copy->offset[i], 100u + i);
            EXPECT_EQ(copy->stride[i], 200u + i);
        }
    }
    EXPECT_EQ(open_fds(), before + 4) << "the original's are closed, the duplicate's are not";
    copy.reset();
    EXPECT_EQ(open_fds(), before);
}

TEST_F(Dmabuf, moving_hands_the_fds_over)
{
    const int before = open_fds();
    GlDmabuf first = make(2), second = make(3);
    ASSERT_EQ(open_fds(), before + 5);
    const int fd = first.fd[1];
    second = std::move(first);
    EXPECT_EQ(open_fds(), before + 2) << "the target's old ones are closed";
    EXPECT_EQ(second.fd[1], fd);
    EXPECT_EQ(second.num_planes, 2);
    EXPECT_EQ(second.fd[2], -1);
    EXPECT_EQ(first.num_planes, 0);
    EXPECT_EQ(first.fd[0], -1);
    GlDmabuf third(std::move(second));
    EXPECT_EQ(open_fds(), before + 2);
    GlDmabuf &self = third;
    third = std::move(self);
    EXPECT_EQ(third.fd[1], fd) << "moving to itself changes nothing";
    EXPECT_EQ(open_fds(), before + 2);
}

TEST_F(Dmabuf, nothing_is_duplicated_with_a_dead_fd)
{
    const int before = open_fds();
    {
        GlDmabuf buffer = make(3);
        close(buffer.fd[1]);
        buffer.fd[1] = DEAD_FD;
        EXPECT_FALSE(buffer.dup());
        buffer.fd[1] = -1;
        EXPECT_FALSE(buffer.dup());
    }
    EXPECT_EQ(open_fds(), before);
}

TEST_F(Dmabuf, plane_counts_other_than_1_to_4_are_refused)
{
    for (int planes : { 0, -1, 5, 1000 }) {
        GlDmabuf buffer = make(0);
        buffer.num_planes = planes;
        EXPECT_FALSE(buffer.dup()) << planes;
    }
}

/*
 * SPDX-License-Identifier: MIT
 *
 * The patched virglrenderer through its public calls, on EGL without a window system.
 */
extern "C" {
#include <virglrenderer.h>
}

#include <cstdlib>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace {

void write_fence(void *, uint32_t) {}

class VirglExport: public testing::Test
{
protected:
    void SetUp() override { start(0); }

    void TearDown() override { virgl_renderer_cleanup(this); }

    void start(int flags)
    {
        callbacks.version = 1;
        callbacks.write_fence = write_fence;
        ASSERT_EQ(virgl_renderer_init(this, VIRGL_RENDERER_USE_EGL | VIRGL_RENDERER_USE_SURFACELESS |
                                            flags, &callbacks), 0);
    }

    void restart(int flags)
    {
        virgl_renderer_cleanup(this);
        start(flags);
    }

    /* A texture that can be scanned out; true if EGL can export it */
    static bool create(uint32_t handle)
    {
        virgl_renderer_resource_create_args args = {};
        args.handle = handle;
        args.target = 2;    /* PIPE_TEXTURE_2D */
        args.format = 2;    /* VIRGL_FORMAT_B8G8R8X8_UNORM */
        args.bind = VIRGL_RES_BIND_RENDER_TARGET;
        args.width = 320;
        args.height = 240;
        args.depth = args.array_size = 1;
        virgl_renderer_force_ctx_0();
        EXPECT_EQ(virgl_renderer_resource_create(&args, nullptr, 0), 0);
        return info(handle).has_dmabuf_export;
    }

    static virgl_renderer_resource_info_ext info(uint32_t handle)
    {
        virgl_renderer_resource_info_ext info = {};
        EXPECT_EQ(virgl_renderer_resource_get_info_ext(handle, &info), 0);
        return info;
    }

    /* The inode of an export of the resource's texture */
    static ino_t take(uint32_t handle)
    {
        int fd = -1, stride = 0, offset = -1;
        EXPECT_EQ(virgl_renderer_get_fd_for_texture2(info(handle).base.tex_id, &fd, &stride, &offset), 0);
        EXPECT_GE(stride, 320 * 4);
        struct stat st = {};
        EXPECT_EQ(fstat(fd, &st), 0);
        EXPECT_EQ(close(fd), 0);
        return st.st_ino;
    }

    static virgl_renderer_export_stats stats()
    {
        virgl_renderer_export_stats stats = {};
        stats.size = sizeof(stats);
        EXPECT_EQ(virgl_renderer_get_export_stats(&stats), 0);
        return stats;
    }

    virgl_renderer_callbacks callbacks = {};
};

TEST_F(VirglExport, egl_is_asked_once_per_image)
{
    if (!create(1)) {
        GTEST_SKIP() << "EGL cannot export dma-bufs here";
    }
    const ino_t node = take(1);
    for (int i = 0; i < 100; i++) {
        const auto now = info(1);
        EXPECT_TRUE(now.has_dmabuf_export);
        EXPECT_EQ(now.planes, 1);
        EXPECT_EQ(take(1), node);
    }
    EXPECT_EQ(stats().queries, 1u);
    EXPECT_EQ(stats().exports, 1u);
    EXPECT_EQ(stats().fds, 1u);
    virgl_renderer_resource_unref(1);
    EXPECT_EQ(stats().fds, 0u);
    EXPECT_EQ(stats().images, 0u);
}

TEST_F(VirglExport, a_recycled_name_is_another_image_with_another_generation)
{
    std::set<uint64_t> generations;
    for (int i = 0; i < 300; i++) {
        const bool can_export = create(1);
        const uint64_t generation = virgl_renderer_resource_get_generation(1);
        EXPECT_NE(generation, 0u);
        EXPECT_TRUE(generations.insert(generation).second);
        EXPECT_EQ(virgl_renderer_resource_get_generation(1), generation);
        if (can_export) {
            take(1);
            EXPECT_EQ(stats().exports, uint64_t(i + 1));
        }
        virgl_renderer_resource_unref(1);
        EXPECT_EQ(virgl_renderer_resource_get_generation(1), 0u);
    }
    EXPECT_EQ(stats().images, 0u);
    /* Nor does another renderer of this process start from the beginning */
    restart(0);
    create(1);
    EXPECT_TRUE(generations.insert(virgl_renderer_resource_get_generation(1)).second);
}

TEST_F(VirglExport, a_reset_forgets_all_images)
{
    for (uint32_t i = 1; i <= 3; i++) {
        if (!create(i)) {
            GTEST_SKIP() << "EGL cannot export dma-bufs here";
        }
        take(i);
    }
    EXPECT_EQ(stats().fds, 3u);
    virgl_renderer_reset();
    EXPECT_EQ(stats().fds, 0u);
    EXPECT_EQ(stats().images, 0u);
}

TEST_F(VirglExport, a_flag_and_the_environment_turn_it_off)
{
    for (const bool by_flag : {true, false}) {
        if (!by_flag) {
            setenv("VIRGL_DISABLE_EXPORT_CACHE", "1", 1);
        }
        restart(by_flag ? VIRGL_RENDERER_NO_EXPORT_CACHE : 0);
        unsetenv("VIRGL_DISABLE_EXPORT_CACHE");
        if (!create(1)) {
            GTEST_SKIP() << "EGL cannot export dma-bufs here";
        }
        take(1);
        take(1);
        EXPECT_EQ(stats().exports, 2u);
        EXPECT_EQ(stats().hits, 0u);
        EXPECT_NE(virgl_renderer_resource_get_generation(1), 0u);
    }
}

TEST_F(VirglExport, a_buffer_has_no_image)
{
    virgl_renderer_resource_create_args args = {};
    args.handle = 7;
    args.format = 64;       /* VIRGL_FORMAT_R8_UNORM */
    args.bind = VIRGL_RES_BIND_VERTEX_BUFFER;
    args.width = 4096;
    args.height = args.depth = args.array_size = 1;
    virgl_renderer_force_ctx_0();
    ASSERT_EQ(virgl_renderer_resource_create(&args, nullptr, 0), 0);
    EXPECT_EQ(virgl_renderer_resource_get_generation(7), 0u);
    EXPECT_EQ(virgl_renderer_resource_get_generation(12345), 0u);
}

} // namespace

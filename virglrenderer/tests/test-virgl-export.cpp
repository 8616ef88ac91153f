/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * The patched virglrenderer through its public calls, on EGL without a window system.
 */
extern "C" {
#include <virglrenderer.h>
}

#include <cstdlib>
#include <epoxy/gl.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

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

    /* A texture that can be scanned out, of which nothing has been asked */
    static void make_texture(uint32_t handle)
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
    }

    /* True if EGL can export it */
    static bool create(uint32_t handle)
    {
        make_texture(handle);
        return info(handle).has_dmabuf_export;
    }

    static virgl_renderer_resource_info_ext info(uint32_t handle)
    {
        virgl_renderer_resource_info_ext info = {};
        EXPECT_EQ(virgl_renderer_resource_get_info_ext(handle, &info), 0);
        return info;
    }

    static ino_t close_inode(int fd)
    {
        struct stat st = {};
        EXPECT_EQ(fstat(fd, &st), 0);
        EXPECT_EQ(close(fd), 0);
        return st.st_ino;
    }

    /* The inode of an export of a texture */
    static ino_t take_texture(uint32_t tex_id)
    {
        int fd = -1, stride = 0, offset = -1;
        EXPECT_EQ(virgl_renderer_get_fd_for_texture2(tex_id, &fd, &stride, &offset), 0);
        EXPECT_GE(stride, 320 * 4);
        return close_inode(fd);
    }

    static ino_t take(uint32_t handle) { return take_texture(info(handle).base.tex_id); }

    /* Makes the cache forget HANDLE's image, whose storage stays: others come in its place */
    static void evict(uint32_t handle)
    {
        static constexpr uint32_t OTHERS = 1000, MANY = 200;
        for (uint32_t i = OTHERS; i < OTHERS + MANY; i++) {
            create(i);
        }
        for (uint32_t i = OTHERS; i < OTHERS + MANY; i++) {
            virgl_renderer_resource_unref(i);
        }
        EXPECT_NE(virgl_renderer_resource_get_generation(handle), 0u);
        EXPECT_EQ(stats().images, 0u);
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

TEST_F(VirglExport, either_call_for_attributes_answers_from_what_the_other_has_asked)
{
    make_texture(1);
    virgl_renderer_resource_info first = {}, again = {};
    ASSERT_EQ(virgl_renderer_resource_get_info(1, &first), 0);
    for (int i = 0; i < 100; i++) {
        ASSERT_EQ(virgl_renderer_resource_get_info(1, &again), 0);
        EXPECT_EQ(again.drm_fourcc, first.drm_fourcc);
        EXPECT_EQ(again.tex_id, first.tex_id);
        EXPECT_EQ(info(1).base.drm_fourcc, first.drm_fourcc);
    }
    EXPECT_EQ(stats().queries, 1u);
    EXPECT_EQ(stats().hits, 200u);
}

TEST_F(VirglExport, either_call_for_a_descriptor_exports_once_though_only_the_name_is_known)
{
    if (!create(1)) {
        GTEST_SKIP() << "EGL cannot export dma-bufs here";
    }
    const uint32_t tex_id = info(1).base.tex_id;
    evict(1);
    const auto before = stats();
    const ino_t node = take_texture(tex_id);
    for (int i = 0; i < 100; i++) {
        int fd = -1;
        ASSERT_EQ(virgl_renderer_get_fd_for_texture(tex_id, &fd), 0);
        EXPECT_EQ(close_inode(fd), node);
        EXPECT_EQ(take_texture(tex_id), node);
    }
    EXPECT_EQ(stats().exports - before.exports, 1u);
    EXPECT_EQ(stats().queries, before.queries);
    EXPECT_EQ(stats().fds, 1u);
    virgl_renderer_resource_unref(1);
    EXPECT_EQ(stats().fds, 0u);
}

TEST_F(VirglExport, of_many_textures_a_bounded_number_of_descriptors_is_kept)
{
    static constexpr uint32_t MANY = 300, BOUND = 128;
    std::vector<uint32_t> names;
    for (uint32_t i = 1; i <= MANY; i++) {
        if (!create(i)) {
            GTEST_SKIP() << "EGL cannot export dma-bufs here";
        }
        names.push_back(info(i).base.tex_id);
    }
    for (const uint32_t name : names) {
        take_texture(name);
        EXPECT_LE(stats().fds, BOUND);
        EXPECT_LE(stats().images, BOUND);
    }
    EXPECT_EQ(stats().fds, BOUND);
}

TEST_F(VirglExport, a_name_that_is_gone_fails_and_nothing_is_kept_of_it)
{
    if (!create(1)) {
        GTEST_SKIP() << "EGL cannot export dma-bufs here";
    }
    const uint32_t tex_id = info(1).base.tex_id;
    take(1);
    virgl_renderer_resource_unref(1);
    int fd = -1;
    EXPECT_NE(virgl_renderer_get_fd_for_texture(tex_id, &fd), 0);
    EXPECT_EQ(fd, -1);
    EXPECT_EQ(stats().images, 0u);
}

TEST_F(VirglExport, guest_memory_that_comes_and_goes_is_no_new_storage)
{
    if (!create(1)) {
        GTEST_SKIP() << "EGL cannot export dma-bufs here";
    }
    const uint64_t generation = virgl_renderer_resource_get_generation(1);
    const ino_t node = take(1);
    std::vector<char> memory(320 * 240 * 4);
    struct iovec iov = {memory.data(), memory.size()}, *detached = nullptr;
    int count = 0;
    ASSERT_EQ(virgl_renderer_resource_attach_iov(1, &iov, 1), 0);
    virgl_renderer_resource_detach_iov(1, &detached, &count);
    EXPECT_EQ(virgl_renderer_resource_get_generation(1), generation);
    EXPECT_EQ(take(1), node);
    EXPECT_EQ(stats().exports, 1u);
}

/* A dma-buf of another texture becomes the storage of a resource that had none */
TEST_F(VirglExport, a_resource_that_gets_storage_gets_a_generation_and_is_kept_from_then_on)
{
    static constexpr uint32_t CONTEXT = 1, SET_TYPE = 49 /* VIRGL_CCMD_PIPE_RESOURCE_SET_TYPE */;
    if (!create(1)) {
        GTEST_SKIP() << "EGL cannot export dma-bufs here";
    }
    const auto other = info(1);
    virgl_renderer_resource_import_blob_args import = {};
    int stride = 0, offset = 0;
    ASSERT_EQ(virgl_renderer_get_fd_for_texture2(other.base.tex_id, &import.fd, &stride, &offset), 0);
    import.res_handle = 2;
    import.blob_mem = VIRGL_RENDERER_BLOB_MEM_HOST3D;
    import.fd_type = VIRGL_RENDERER_BLOB_FD_TYPE_DMABUF;
    import.size = uint64_t(stride) * 240;
    ASSERT_EQ(virgl_renderer_resource_import_blob(&import), 0);
    EXPECT_EQ(virgl_renderer_resource_get_generation(2), 0u);

    ASSERT_EQ(virgl_renderer_context_create(CONTEXT, 4, "test"), 0);
    virgl_renderer_ctx_attach_resource(CONTEXT, 2);
    uint32_t command[] = {SET_TYPE | 10 << 16, 2, 2 /* B8G8R8X8 */, VIRGL_RES_BIND_RENDER_TARGET,
                          320, 240, 0, uint32_t(other.modifiers), uint32_t(other.modifiers >> 32),
                          uint32_t(stride), uint32_t(offset)};
    ASSERT_EQ(virgl_renderer_submit_cmd(command, CONTEXT, sizeof(command) / 4), 0);
    const uint64_t generation = virgl_renderer_resource_get_generation(2);
    EXPECT_NE(generation, 0u);
    EXPECT_NE(generation, virgl_renderer_resource_get_generation(1));

    const auto before = stats();
    virgl_renderer_force_ctx_0();
    const int fourcc = info(2).base.drm_fourcc;
    for (int i = 0; i < 10; i++) {
        EXPECT_EQ(info(2).base.drm_fourcc, fourcc);
    }
    EXPECT_EQ(stats().queries - before.queries, 1u);
    virgl_renderer_resource_unref(2);
    EXPECT_EQ(virgl_renderer_resource_get_generation(2), 0u);
    EXPECT_EQ(stats().images, 1u);
    virgl_renderer_context_destroy(CONTEXT);
}

TEST_F(VirglExport, an_image_outlives_the_context_that_its_resource_was_attached_to)
{
    static constexpr uint32_t CONTEXT = 1;
    if (!create(1)) {
        GTEST_SKIP() << "EGL cannot export dma-bufs here";
    }
    ASSERT_EQ(virgl_renderer_context_create(CONTEXT, 4, "test"), 0);
    virgl_renderer_ctx_attach_resource(CONTEXT, 1);
    virgl_renderer_force_ctx_0();
    const uint64_t generation = virgl_renderer_resource_get_generation(1);
    const uint32_t tex_id = info(1).base.tex_id;
    const ino_t node = take(1);
    virgl_renderer_context_destroy(CONTEXT);
    virgl_renderer_force_ctx_0();
    EXPECT_EQ(virgl_renderer_resource_get_generation(1), generation);
    EXPECT_EQ(info(1).base.tex_id, tex_id);
    EXPECT_EQ(take(1), node);
    evict(1);
    EXPECT_NE(take(1), 0u) << "the texture has gone with the context";
}

/* Only buffers of GBM have something to say there, which takes a DRM device */
TEST_F(VirglExport, an_export_query_of_a_texture_says_that_it_has_no_buffer)
{
    make_texture(1);
    virgl_renderer_export_query query = {};
    query.hdr.stype = VIRGL_RENDERER_STRUCTURE_TYPE_EXPORT_QUERY;
    query.hdr.size = sizeof(query);
    query.in_resource_id = 1;
    EXPECT_EQ(virgl_renderer_execute(&query, sizeof(query)), 0);
    EXPECT_EQ(query.out_num_fds, 0u);
    EXPECT_EQ(query.out_fourcc, 0u);
    query.in_export_fds = 1;
    EXPECT_NE(virgl_renderer_execute(&query, sizeof(query)), 0);
    EXPECT_EQ(stats().failures, 0u);
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

/* Which is why the cache does not ask GL whether there was one: see vrend_export.h. A
 * virglrenderer with contexts that tell has to make it ask. */
TEST_F(VirglExport, its_contexts_cannot_tell_of_a_reset)
{
    virgl_renderer_force_ctx_0();
    if (!epoxy_has_gl_extension("GL_KHR_robustness") &&
        !epoxy_has_gl_extension("GL_ARB_robustness") &&
        !epoxy_has_gl_extension("GL_EXT_robustness")) {
        return;
    }
    GLint strategy = 0;
    glGetIntegerv(GL_RESET_NOTIFICATION_STRATEGY_ARB, &strategy);
    EXPECT_EQ(strategy, GL_NO_RESET_NOTIFICATION_ARB);
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

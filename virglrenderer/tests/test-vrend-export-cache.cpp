/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * The cache of exported images, with a double in the place of EGL and GBM that counts its calls
 * and exports memfds.
 */
#include "vrend_export_cache.h"

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

/* Stands in for EGL and GBM */
struct Egl {
    int queries = 0, exports = 0;
    int error = 0;              /* what every call returns */
    int planes = 1;             /* buffers of a buffer */
    bool layout = true;
    bool dmabuf_export = true;
    bool descriptor = true;     /* an export brings one */
};
Egl egl;

int make_fd()
{
    return memfd_create("dmabuf-double", MFD_CLOEXEC);
}

int query_texture(const vrend_export_image *image, vrend_export_attrs *attrs)
{
    egl.queries++;
    if (egl.error) {
        return egl.error;
    }
    attrs->fourcc = 1000 + image->format;
    attrs->has_dmabuf_export = egl.dmabuf_export;
    attrs->planes = 1;
    attrs->modifier = 0x100000000000001 + image->tex_id;
    return 0;
}

int export_texture(uint32_t tex_id, vrend_export_dmabuf *dmabuf)
{
    egl.exports++;
    if (egl.error) {
        return egl.error;
    }
    dmabuf->num_fds = 1;
    dmabuf->fds[0] = egl.descriptor ? make_fd() : -1;
    dmabuf->strides[0] = 5120 + tex_id;
    dmabuf->offsets[0] = 64;
    dmabuf->has_layout = egl.layout;
    return 0;
}

int buffer(const vrend_export_image *image, bool fds, vrend_export_dmabuf *dmabuf)
{
    if (egl.error) {
        return egl.error;
    }
    dmabuf->num_fds = egl.planes;
    dmabuf->has_layout = true;
    dmabuf->fourcc = 2000 + image->format;
    dmabuf->modifier = 7;
    for (int i = 0; i < egl.planes; i++) {
        dmabuf->fds[i] = fds ? make_fd() : -1;
        dmabuf->strides[i] = 100 * (i + 1);
        dmabuf->offsets[i] = i;
    }
    return 0;
}

int query_buffer(const vrend_export_image *image, vrend_export_dmabuf *dmabuf)
{
    egl.queries++;
    return buffer(image, false, dmabuf);
}

int export_buffer(const vrend_export_image *image, vrend_export_dmabuf *dmabuf)
{
    egl.exports++;
    return buffer(image, true, dmabuf);
}

const vrend_export_ops ops = {query_texture, export_texture, query_buffer, export_buffer};

int open_files()
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir)) {
        count++;
    }
    closedir(dir);
    return count;
}

ino_t inode(int fd)
{
    struct stat st = {};
    EXPECT_EQ(fstat(fd, &st), 0);
    return st.st_ino;
}

class ExportCache: public testing::Test
{
protected:
    void SetUp() override
    {
        egl = {};
        files = open_files();
        make(8, 8);
    }

    void TearDown() override
    {
        vrend_export_cache_destroy(cache);
        EXPECT_EQ(open_files(), files) << "descriptors are left open";
    }

    void make(uint32_t max_images, uint32_t max_fds)
    {
        vrend_export_cache_destroy(cache);
        cache = vrend_export_cache_create(&ops, max_images, max_fds);
    }

    static inline uint64_t last_generation = 0;

    static vrend_export_image image(uint32_t tex_id)
    {
        vrend_export_image image = {};
        image.generation = ++last_generation;
        image.tex_id = tex_id;
        image.format = tex_id * 10;
        return image;
    }

    int ask(const vrend_export_image &of)
    {
        return vrend_export_cache_get_attrs(cache, &of, &attrs);
    }

    /* The inode of an export, which the caller's copy has too; 0 on an error */
    ino_t take(const vrend_export_image &of)
    {
        int fd = -1;
        if (vrend_export_cache_get_texture_fd(cache, &of, &fd, &stride, &offset)) {
            return 0;
        }
        EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        const ino_t node = inode(fd);
        close(fd);
        return node;
    }

    vrend_export_stats stats()
    {
        vrend_export_stats now;
        vrend_export_cache_get_stats(cache, &now);
        return now;
    }

    vrend_export_cache *cache = nullptr;
    vrend_export_attrs attrs = {};
    int stride = 0, offset = 0, files = 0;
};

TEST_F(ExportCache, attributes_are_asked_once_per_image)
{
    const auto first = image(1), second = image(2);
    for (int i = 0; i < 100; i++) {
        ASSERT_EQ(ask(first), 0);
        EXPECT_EQ(attrs.fourcc, 1010);
        EXPECT_TRUE(attrs.has_dmabuf_export);
        EXPECT_EQ(attrs.planes, 1);
        EXPECT_EQ(attrs.modifier, 0x100000000000002u);
        ASSERT_EQ(ask(second), 0);
        EXPECT_EQ(attrs.fourcc, 1020);
    }
    EXPECT_EQ(egl.queries, 2);
    EXPECT_EQ(stats().hits, 198u);
    EXPECT_EQ(stats().queries, 2u);
    EXPECT_EQ(stats().images, 2u);
}

TEST_F(ExportCache, no_export_is_an_answer_too)
{
    const auto one = image(1);
    egl.dmabuf_export = false;
    ask(one);
    egl.dmabuf_export = true;
    ASSERT_EQ(ask(one), 0);
    EXPECT_FALSE(attrs.has_dmabuf_export);
    EXPECT_EQ(egl.queries, 1);
}

TEST_F(ExportCache, a_texture_is_exported_once_and_each_caller_owns_a_dup)
{
    const auto one = image(1);
    ask(one);
    const ino_t node = take(one);
    const int kept = open_files();
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(take(one), node);
        EXPECT_EQ(stride, 5121);
        EXPECT_EQ(offset, 64);
    }
    EXPECT_EQ(egl.exports, 1);
    EXPECT_EQ(stats().dups, 101u);
    EXPECT_EQ(stats().fds, 1u);
    EXPECT_EQ(open_files(), kept);
}

TEST_F(ExportCache, flips_among_n_images_cost_n_queries_and_n_exports)
{
    for (const int n : {1, 2, 3, 8}) {
        std::vector<vrend_export_image> images;
        egl = {};
        for (int i = 0; i < n; i++) {
            images.push_back(image(1 + i));
        }
        for (int flip = 0; flip < 1000; flip++) {
            ASSERT_EQ(ask(images[flip % n]), 0);
            ASSERT_NE(take(images[flip % n]), 0u);
        }
        EXPECT_EQ(egl.queries, n);
        EXPECT_EQ(egl.exports, n);
        EXPECT_EQ(stats().fds, unsigned(n));
        for (const auto &gone : images) {
            vrend_export_cache_drop(cache, gone.generation);
        }
        EXPECT_EQ(stats().fds, 0u);
        EXPECT_EQ(stats().images, 0u);
    }
}

TEST_F(ExportCache, a_destroyed_image_is_forgotten_and_its_descriptor_closed)
{
    const auto one = image(1);
    const int before = open_files();
    ask(one);
    take(one);
    vrend_export_cache_drop(cache, one.generation);
    EXPECT_EQ(open_files(), before);
    EXPECT_EQ(stats().dropped, 1u);
    vrend_export_cache_drop(cache, one.generation);
    vrend_export_cache_drop(cache, 0);
    vrend_export_cache_drop(nullptr, one.generation);
    EXPECT_EQ(stats().dropped, 1u);
}

TEST_F(ExportCache, a_recycled_texture_name_never_gives_the_old_image)
{
    std::set<ino_t> seen;
    for (int i = 0; i < 1000; i++) {
        const auto next = image(1);
        /* Asked for its attributes first every fourth time */
        if (i % 4 == 0) {
            ask(next);
        }
        /* memfds are numbered upwards: no number comes twice */
        int fd = -1;
        ASSERT_EQ(vrend_export_cache_get_texture_fd(cache, &next, &fd, nullptr, nullptr), 0);
        const ino_t node = inode(fd);
        close(fd);
        EXPECT_TRUE(seen.insert(node).second);
        EXPECT_EQ(egl.exports, i + 1);
        /* Told of the end every other time: new storage under the old name counts as well */
        if (i % 2) {
            vrend_export_cache_drop(cache, next.generation);
        }
        EXPECT_LE(stats().images, 1u);
        EXPECT_LE(stats().fds, 1u);
    }
}

TEST_F(ExportCache, a_texture_is_exported_once_though_nobody_asked_for_its_attributes)
{
    const auto one = image(1);
    const ino_t node = take(one);
    ASSERT_NE(node, 0u);
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(take(one), node);
    }
    EXPECT_EQ(egl.exports, 1);
    EXPECT_EQ(egl.queries, 0);
    EXPECT_EQ(stats().images, 1u);
    EXPECT_EQ(stats().fds, 1u);
    /* Asked later they are those of the same image */
    EXPECT_EQ(ask(one), 0);
    EXPECT_EQ(take(one), node);
    EXPECT_EQ(stats().images, 1u);
    vrend_export_cache_drop(cache, one.generation);
    EXPECT_EQ(stats().fds, 0u);
}

TEST_F(ExportCache, an_image_without_generation_is_exported_and_not_kept)
{
    auto nobody = image(5);
    nobody.generation = 0;
    EXPECT_NE(take(nobody), 0u);
    EXPECT_NE(take(nobody), 0u);
    EXPECT_EQ(egl.exports, 2);
    EXPECT_EQ(stats().fds, 0u);
    ask(nobody);
    ask(nobody);
    EXPECT_EQ(egl.queries, 2);
    EXPECT_EQ(stats().images, 0u);
}

TEST_F(ExportCache, a_failure_is_passed_on_and_makes_it_forget_the_image)
{
    const auto one = image(1);
    ask(one);
    egl.error = EINVAL;
    int fd = -1;
    EXPECT_EQ(vrend_export_cache_get_texture_fd(cache, &one, &fd, nullptr, nullptr), EINVAL);
    EXPECT_EQ(fd, -1);
    EXPECT_EQ(stats().failures, 1u);
    EXPECT_EQ(stats().images, 0u);
    EXPECT_EQ(ask(one), EINVAL);
    EXPECT_EQ(ask(one), EINVAL);
    EXPECT_EQ(egl.queries, 3) << "a failure was remembered as an answer";
    egl.error = 0;
    EXPECT_EQ(ask(one), 0);
    EXPECT_NE(take(one), 0u);
}

TEST_F(ExportCache, a_lost_context_takes_everything)
{
    const int before = open_files();
    for (uint32_t i = 1; i < 5; i++) {
        const auto one = image(i);
        ask(one);
        take(one);
    }
    vrend_export_cache_drop_all(cache);
    EXPECT_EQ(open_files(), before);
    EXPECT_EQ(stats().images, 0u);
    EXPECT_EQ(stats().fds, 0u);
    EXPECT_EQ(stats().dropped, 4u);
}

TEST_F(ExportCache, images_are_bounded_and_the_oldest_go)
{
    std::vector<vrend_export_image> images;
    for (uint32_t i = 1; i <= 9; i++) {
        images.push_back(image(i));
        ask(images.back());
        ask(images.front());
    }
    EXPECT_EQ(stats().images, 8u);
    EXPECT_EQ(stats().evicted, 1u);
    egl.queries = 0;
    ask(images[0]);
    EXPECT_EQ(egl.queries, 0) << "the one in use has gone";
    ask(images[1]);
    EXPECT_EQ(egl.queries, 1) << "the oldest was kept";
}

TEST_F(ExportCache, descriptors_are_bounded)
{
    make(100, 4);
    const int before = open_files();
    for (uint32_t i = 1; i <= 50; i++) {
        const auto one = image(i);
        if (i % 2) {
            ask(one);
        }
        ASSERT_NE(take(one), 0u);
        EXPECT_LE(stats().fds, 4u);
        EXPECT_LE(open_files(), before + 4);
    }
    make(100, 0);
    EXPECT_NE(take(image(1)), 0u);
    EXPECT_EQ(stats().fds, 0u);
}

TEST_F(ExportCache, turned_off_it_passes_every_call_on)
{
    make(0, 8);
    const auto one = image(1);
    for (int i = 0; i < 10; i++) {
        EXPECT_EQ(ask(one), 0);
        EXPECT_NE(take(one), 0u);
    }
    EXPECT_EQ(egl.queries, 10);
    EXPECT_EQ(egl.exports, 10);
    EXPECT_EQ(stats().hits, 0u);
    EXPECT_EQ(stats().images, 0u);
}

TEST_F(ExportCache, an_export_without_layout_serves_only_who_asks_for_none)
{
    const auto one = image(1);
    int fd = -1;
    egl.layout = false;
    ask(one);
    EXPECT_EQ(vrend_export_cache_get_texture_fd(cache, &one, &fd, &stride, &offset), EINVAL);
    ASSERT_EQ(vrend_export_cache_get_texture_fd(cache, &one, &fd, nullptr, nullptr), 0);
    close(fd);
    EXPECT_EQ(egl.exports, 1);
}

TEST_F(ExportCache, an_export_without_descriptor_is_passed_on_and_asked_for_again)
{
    const auto one = image(1);
    int fd = 0;
    egl.descriptor = false;
    EXPECT_EQ(vrend_export_cache_get_texture_fd(cache, &one, &fd, nullptr, nullptr), 0);
    EXPECT_EQ(fd, -1);
    egl.descriptor = true;
    EXPECT_NE(take(one), 0u);
    EXPECT_NE(take(one), 0u);
    EXPECT_EQ(egl.exports, 2);
    EXPECT_EQ(stats().fds, 1u);
}

TEST_F(ExportCache, a_buffer_is_asked_once_and_exported_once)
{
    const auto one = image(1);
    vrend_export_dmabuf got;
    egl.planes = 3;
    for (int i = 0; i < 10; i++) {
        ASSERT_EQ(vrend_export_cache_get_buffer(cache, &one, false, &got), 0);
        EXPECT_EQ(got.num_fds, 3u);
        EXPECT_EQ(got.fds[0], -1);
        EXPECT_EQ(got.fourcc, 2010u);
        EXPECT_EQ(got.modifier, 7u);
        EXPECT_EQ(got.strides[2], 300u);
        EXPECT_EQ(got.offsets[2], 2u);
    }
    EXPECT_EQ(egl.queries, 1);
    ino_t nodes[3] = {};
    for (int i = 0; i < 10; i++) {
        ASSERT_EQ(vrend_export_cache_get_buffer(cache, &one, true, &got), 0);
        for (int plane = 0; plane < 3; plane++) {
            const ino_t node = inode(got.fds[plane]);
            EXPECT_TRUE(!nodes[plane] || nodes[plane] == node);
            nodes[plane] = node;
            close(got.fds[plane]);
        }
        EXPECT_EQ(got.fds[3], -1);
    }
    EXPECT_EQ(egl.exports, 1);
    EXPECT_EQ(stats().fds, 3u);
    /* An export answers the question too */
    ASSERT_EQ(vrend_export_cache_get_buffer(cache, &one, false, &got), 0);
    EXPECT_EQ(got.fds[0], -1);
    EXPECT_EQ(egl.queries, 1);
    vrend_export_cache_drop(cache, one.generation);
    EXPECT_EQ(stats().fds, 0u);
}

TEST_F(ExportCache, without_free_descriptors_the_caller_gets_the_kept_one)
{
    const auto one = image(1);
    ask(one);
    const ino_t node = take(one);
    struct rlimit old, none;
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    int fd = -1;
    const int ret = vrend_export_cache_get_texture_fd(cache, &one, &fd, nullptr, nullptr);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
    ASSERT_EQ(ret, 0);
    EXPECT_EQ(inode(fd), node);
    close(fd);
    EXPECT_EQ(stats().fds, 0u);
    EXPECT_NE(take(one), 0u);
    EXPECT_EQ(egl.exports, 2);
}

} // namespace

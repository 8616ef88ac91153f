/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The public calls of spice-qxl-gl.h, on the installed library, with no client connected. */
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <thread>


#include "spice-fixture.hpp"

namespace {

constexpr uint32_t MAX = UINT32_MAX;

void *garbage()
{
    return reinterpret_cast<void *>(0x1234);
}

} // namespace

class Init: public SpiceTest
{
};

TEST_F(Init, bad_arguments_are_refused_and_it_can_be_tried_again)
{
    EXPECT_EQ(spice_qxl_gl_init(nullptr, display), -EINVAL);
    EXPECT_EQ(spice_qxl_gl_init(qxl, nullptr), -EINVAL);
    EXPECT_EQ(spice_qxl_gl_init(qxl, garbage()), -EINVAL);
    Display not_added(1);
    EXPECT_EQ(spice_qxl_gl_init(not_added.qxl(), display), -EINVAL);
    EXPECT_EQ(spice_qxl_gl_init(qxl, display), 0);
}

TEST_F(Init, twice_is_refused)
{
    init();
    EXPECT_EQ(spice_qxl_gl_init(qxl, display), -EALREADY);
    EXPECT_EQ(spice_qxl_gl_init(qxl, garbage()), -EALREADY);
}

TEST_F(Init, an_uninitialised_display_is_refused)
{
    EGLDeviceEXT device = nullptr;
    EGLint count = 0;
    if (!epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_EXT_device_enumeration") ||
        !eglQueryDevicesEXT(1, &device, &count) || count < 1) {
        GTEST_SKIP() << "this EGL has no second display: no EGL_EXT_device_enumeration";
    }
    EGLDisplay other = eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT, device, nullptr);
    ASSERT_NE(other, EGL_NO_DISPLAY);
    EXPECT_EQ(spice_qxl_gl_init(qxl, other), -EINVAL);
}

TEST_F(Init, leaves_the_callers_context_current)
{
    const EGLContext mine = eglGetCurrentContext();
    const EGLenum api = eglQueryAPI();
    ASSERT_EQ(mine, drawer->handle());
    init();
    EXPECT_EQ(eglGetCurrentContext(), mine);
    EXPECT_EQ(eglQueryAPI(), api);
}

TEST_F(Init, each_instance_has_its_own)
{
    Display second(1);
    ASSERT_EQ(spice_server_add_interface(server, &second.qxl()->base), 0);
    init();
    QXLGLStats got = {};
    got.size = sizeof(got);
    EXPECT_EQ(spice_qxl_gl_get_stats(second.qxl(), &got, nullptr, nullptr), -ENOTSUP);
    EXPECT_EQ(spice_qxl_gl_init(second.qxl(), display), 0);
    LentImage &image = lend(1);
    const QXLGLScanout scanout = image.scanout();
    EXPECT_EQ(spice_qxl_gl_scanout_texture(second.qxl(), &scanout), 0);
    EXPECT_EQ(stats().scanouts, 0u);
    EXPECT_EQ(spice_server_remove_interface(&second.qxl()->base), 0);
    EXPECT_EQ(image.released(), 1);
}

TEST_F(Init, without_it_the_other_calls_say_so)
{
    LentImage &image = lend(1);
    const QXLGLScanout scanout = image.scanout();
    QXLGLStats got = {};
    got.size = sizeof(got);
    EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, &scanout), -ENOTSUP);
    EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), -ENOTSUP);
    EXPECT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 1, 1, nullptr, 7), -ENOTSUP);
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, nullptr, nullptr), -ENOTSUP);
    EXPECT_EQ(spice_qxl_gl_set_path_callback(qxl, nullptr, nullptr), -ENOTSUP);
    EXPECT_EQ(spice_qxl_gl_set_path_callback(nullptr, nullptr, nullptr), -EINVAL);
    spice_qxl_gl_release_texture(qxl, 1);
    EXPECT_TRUE(head->completed().empty());
    EXPECT_EQ(image.released(), 0);
}

class Scanout: public SpiceTest
{
protected:
    void SetUp() override
    {
        SpiceTest::SetUp();
        if (!HasFatalFailure()) {
            init();
        }
    }

    int show(LentImage &image)
    {
        const QXLGLScanout scanout = image.scanout();
        return spice_qxl_gl_scanout_texture(qxl, &scanout);
    }
};

TEST_F(Scanout, bad_ones_are_refused_and_change_nothing)
{
    LentImage &shown = lend(1);
    LentImage &refused = lend(2);
    ASSERT_EQ(show(shown), 0);
    const QXLGLScanout good = refused.scanout();
    struct {
        const char *what;
        void (*spoil)(QXLGLScanout *scanout);
    } const cases[] = {
        { "size 0", [](QXLGLScanout *s) { s->size = 0; } },
        { "size too small", [](QXLGLScanout *s) { s->size = offsetof(QXLGLScanout, opaque); } },
        { "unknown flags", [](QXLGLScanout *s) { s->flags = 1u << 31; } },
        { "no id", [](QXLGLScanout *s) { s->image_id = 0; } },
        { "no image", [](QXLGLScanout *s) { s->egl_image = nullptr; } },
        { "backing width 0", [](QXLGLScanout *s) { s->backing_width = 0; } },
        { "backing height 0", [](QXLGLScanout *s) { s->backing_height = 0; } },
        { "backing width 65536", [](QXLGLScanout *s) { s->backing_width = 65536; } },
        { "backing height 65536", [](QXLGLScanout *s) { s->backing_height = 65536; } },
        { "width 0", [](QXLGLScanout *s) { s->width = 0; } },
        { "height 0", [](QXLGLScanout *s) { s->height = 0; } },
        { "too wide", [](QXLGLScanout *s) { s->x = 1; } },
        { "too high", [](QXLGLScanout *s) { s->y = 1; } },
        { "outside", [](QXLGLScanout *s) { s->x = s->backing_width; } },
        { "x overflows", [](QXLGLScanout *s) { s->x = MAX; s->width = 2; } },
        { "y overflows", [](QXLGLScanout *s) { s->y = MAX; s->height = 2; } },
        { "width overflows", [](QXLGLScanout *s) { s->x = 1; s->width = MAX; } },
        { "height overflows", [](QXLGLScanout *s) { s->y = 1; s->height = MAX; } },
    };
    for (const auto &c : cases) {
        QXLGLScanout scanout = good;
        c.spoil(&scanout);
        EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, &scanout), -EINVAL) << c.what;
    }
    EXPECT_EQ(spice_qxl_gl_scanout_texture(nullptr, &good), -EINVAL);
    EXPECT_EQ(stats().scanouts, 1u);
    EXPECT_EQ(stats().images, 1u);
    EXPECT_EQ(refused.released(), 0) << "what was refused was not taken over";
    EXPECT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 1, 1, nullptr, 1), 0) <<
        "the first is still shown";
}

TEST_F(Scanout, a_longer_struct_of_a_later_caller_is_taken)
{
    LentImage &image = lend(1);
    struct {
        QXLGLScanout scanout;
        uint64_t more;
    } later = { image.scanout(), 0 };
    later.scanout.size = sizeof(later);
    EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, &later.scanout), 0);
}

/* As it was when callers were first built, whatever has been added since */
TEST_F(Scanout, a_caller_built_with_the_first_version_is_taken)
{
    struct {
        uint32_t size, flags;
        uint64_t image_id;
        void *egl_image;
        uint32_t backing_width, backing_height, x, y, width, height;
        void (*release)(struct QXLInstance *, void *, void *);
        void *opaque;
    } first = {};
    static_assert(offsetof(QXLGLScanout, opaque) + sizeof(void *) == sizeof(first),
                  "a field was moved: callers that were built before do not know");
    LentImage &image = lend(1);
    const QXLGLScanout now = image.scanout();
    memcpy(&first, &now, sizeof(first));
    first.size = sizeof(first);
    EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, reinterpret_cast<QXLGLScanout *>(&first)), 0);
}

TEST_F(Scanout, flipping_imports_each_image_once)
{
    LentImage &a = lend(1);
    LentImage &b = lend(2);
    for (int i = 0; i < 100; i++) {
        ASSERT_EQ(show(i % 2 ? a : b), 0);
    }
    EXPECT_EQ(stats().scanouts, 100u);
    EXPECT_EQ(stats().images_imported, 2u);
    EXPECT_EQ(stats().images, 2u);
    EXPECT_EQ(a.released() + b.released(), 0);
}

TEST_F(Scanout, an_image_is_released_once_when_it_was_given_up_and_is_off_the_screen)
{
    LentImage &a = lend(1);
    LentImage &b = lend(2);
    ASSERT_EQ(show(a), 0);
    ASSERT_EQ(show(b), 0);
    EXPECT_EQ(a.released(), 0) << "may be shown again";
    spice_qxl_gl_release_texture(qxl, 1);
    EXPECT_EQ(a.released(), 1);
    spice_qxl_gl_release_texture(qxl, 1);
    spice_qxl_gl_release_texture(qxl, 99);
    spice_qxl_gl_release_texture(qxl, 0);
    spice_qxl_gl_release_texture(nullptr, 1);
    EXPECT_EQ(a.released(), 1);

    spice_qxl_gl_release_texture(qxl, 2);
    EXPECT_EQ(b.released(), 0) << "still on the screen";
    EXPECT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 1, 1, nullptr, 1), 0);
    EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), 0);
    EXPECT_EQ(b.released(), 1);
    EXPECT_EQ(stats().images, 0u);
    spice_server_destroy(server);
    server = nullptr;
    EXPECT_EQ(a.released(), 1);
    EXPECT_EQ(b.released(), 1);
}

TEST_F(Scanout, all_images_come_back_when_the_server_goes)
{
    for (uint64_t id = 1; id <= 5; id++) {
        ASSERT_EQ(show(lend(id)), 0);
    }
    spice_server_destroy(server);
    server = nullptr;
    for (const auto &image : lent) {
        EXPECT_EQ(image->released(), 1);
    }
}

TEST_F(Scanout, for_a_known_id_the_first_callback_stands)
{
    LentImage &first = lend(1);
    LentImage &impostor = lend(1);
    ASSERT_EQ(show(first), 0);
    ASSERT_EQ(show(impostor), 0);
    EXPECT_EQ(stats().images_imported, 1u);
    EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), 0);
    spice_qxl_gl_release_texture(qxl, 1);
    EXPECT_EQ(first.released(), 1);
    EXPECT_EQ(impostor.released(), 0);
}

TEST_F(Scanout, a_release_callback_is_optional)
{
    LentImage &image = lend(1);
    QXLGLScanout scanout = image.scanout();
    scanout.release = nullptr;
    EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, &scanout), 0);
    EXPECT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), 0);
    spice_qxl_gl_release_texture(qxl, 1);
    EXPECT_EQ(stats().images, 0u);
}

TEST_F(Scanout, no_more_than_64_images_are_held)
{
    for (uint64_t id = 1; id <= 65; id++) {
        EXPECT_EQ(show(lend(id, 4, 4)), id <= 64 ? 0 : -ENOSPC) << id;
    }
    EXPECT_EQ(stats().images, 64u);
    EXPECT_EQ(lent.back()->released(), 0);
    spice_qxl_gl_release_texture(qxl, 1);
    EXPECT_EQ(show(*lent.back()), 0);
    spice_server_destroy(server);
    server = nullptr;
    for (const auto &image : lent) {
        EXPECT_EQ(image->released(), 1);
    }
}

TEST_F(Scanout, an_id_is_one_image_for_ever)
{
    LentImage &image = lend(1, 64, 48);
    LentImage &narrower = lend(1, 63, 48);
    LentImage &lower = lend(1, 64, 47);
    ASSERT_EQ(show(image), 0);
    EXPECT_EQ(show(narrower), -EINVAL);
    EXPECT_EQ(show(lower), -EINVAL);
    EXPECT_EQ(stats().images_imported, 1u);
}

class Draw: public Scanout
{
protected:
    EGLSync fence()
    {
        return eglCreateSyncKHR(display, EGL_SYNC_FENCE_KHR, nullptr);
    }

    bool exists(EGLSync sync)
    {
        EGLint type = 0;
        return eglGetSyncAttribKHR(display, sync, EGL_SYNC_TYPE_KHR, &type);
    }
};

TEST_F(Draw, without_a_scanout_is_refused_and_the_fence_stays_the_callers)
{
    EGLSync sync = fence();
    EXPECT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 1, 1, sync, 1), -ENOENT);
    EXPECT_EQ(spice_qxl_gl_draw_fence_async(nullptr, 0, 0, 1, 1, sync, 1), -EINVAL);
    LentImage &image = lend(1);
    ASSERT_EQ(show(image), 0);
    ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), 0);
    EXPECT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 1, 1, sync, 1), -ENOENT);
    EXPECT_TRUE(exists(sync));
    EXPECT_TRUE(head->completed().empty());
    EXPECT_EQ(stats().draws, 0u);
    eglDestroySyncKHR(display, sync);
}

TEST_F(Draw, with_nobody_connected_completes_from_within_the_call)
{
    LentImage &image = lend(1);
    ASSERT_EQ(show(image), 0);
    for (uint64_t cookie : { UINT64_C(7), UINT64_C(0), UINT64_MAX }) {
        const size_t before = head->completed().size();
        ASSERT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 64, 48, fence(), cookie), 0);
        ASSERT_EQ(head->completed().size(), before + 1);
        EXPECT_EQ(head->completed().back(), cookie);
        EXPECT_TRUE(head->completed_in(std::this_thread::get_id()));
    }
    EXPECT_EQ(stats().draws, 3u);
    EXPECT_EQ(stats().draws_unseen, 3u);
}

TEST_F(Draw, fences_are_destroyed_by_the_server)
{
    LentImage &image = lend(1);
    ASSERT_EQ(show(image), 0);
    EGLSync first = fence();
    ASSERT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 64, 48, first, 1), 0);
    EGLSync second = fence();
    ASSERT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 64, 48, second, 2), 0);
    EXPECT_FALSE(exists(first)) << "not kept past the next draw";
    spice_server_destroy(server);
    server = nullptr;
    EXPECT_FALSE(exists(second));
}

TEST_F(Draw, any_rectangle_of_a_guest_is_safe)
{
    LentImage &image = lend(1);
    ASSERT_EQ(show(image), 0);
    const uint32_t rects[][4] = { { 0, 0, 0, 0 }, { MAX, MAX, MAX, MAX }, { 0, 0, MAX, MAX },
                                  { 65536, 65536, 1, 1 }, { 63, 47, MAX, MAX } };
    uint64_t cookie = 0;
    for (const auto &r : rects) {
        EXPECT_EQ(spice_qxl_gl_draw_fence_async(qxl, r[0], r[1], r[2], r[3], nullptr, ++cookie), 0);
        EXPECT_EQ(head->completed().back(), cookie);
    }
}

TEST_F(Draw, a_thousand_flips_that_nobody_sees_cost_nothing)
{
    LentImage &a = lend(1);
    LentImage &b = lend(2);
    ASSERT_EQ(show(a), 0);
    ASSERT_EQ(show(b), 0);
    const int fds = open_fds();
    for (uint64_t i = 0; i < 1000; i++) {
        ASSERT_EQ(show(i % 2 ? a : b), 0);
        ASSERT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 64, 48, fence(), i), 0);
    }
    EXPECT_EQ(head->completed().size(), 1000u);
    const QXLGLStats got = stats();
    EXPECT_EQ(got.draws, 1000u);
    EXPECT_EQ(got.draws_unseen, 1000u);
    EXPECT_EQ(got.prime_exports, 0u);
    EXPECT_EQ(got.readbacks, 0u);
    EXPECT_EQ(got.readback_bytes, 0u);
    EXPECT_EQ(open_fds(), fds);
    EXPECT_EQ(eglGetCurrentContext(), drawer->handle()) << "the caller's context is current";
}

class Stats: public Scanout
{
};

using MaxRate = SpiceTest;

TEST_F(MaxRate, bad_arguments_are_refused)
{
    EXPECT_EQ(spice_qxl_gl_set_max_rate(nullptr, 30), -EINVAL);
    EXPECT_EQ(spice_qxl_gl_set_max_rate(qxl, 30), -ENOTSUP);
    init();
    EXPECT_EQ(spice_qxl_gl_set_max_rate(qxl, 0), -EINVAL);
    EXPECT_EQ(spice_qxl_gl_set_max_rate(qxl, 241), -EINVAL);
    EXPECT_EQ(spice_qxl_gl_set_max_rate(qxl, 1), 0);
    EXPECT_EQ(spice_qxl_gl_set_max_rate(qxl, 240), 0);
}

TEST_F(SpiceTest, dmabufs_are_allowed_or_not_where_there_is_a_gl_display)
{
    EXPECT_EQ(spice_qxl_gl_set_dmabufs(nullptr, 0), -EINVAL);
    EXPECT_EQ(spice_qxl_gl_set_dmabufs(qxl, 0), -ENOTSUP);
    init();
    EXPECT_EQ(spice_qxl_gl_set_dmabufs(qxl, 0), 0);
    EXPECT_EQ(spice_qxl_gl_set_dmabufs(qxl, 1), 0);
}

TEST_F(Stats, bad_arguments_are_refused)
{
    QXLGLStats got = {};
    got.size = sizeof(got);
    EXPECT_EQ(spice_qxl_gl_get_stats(nullptr, &got, nullptr, nullptr), -EINVAL);
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, nullptr, nullptr, nullptr), -EINVAL);
    got.size = 0;
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, nullptr, nullptr), -EINVAL);
    got.size = 3;
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, nullptr, nullptr), -EINVAL);
    QXLGLClientStats client = {};
    got.size = sizeof(got);
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, &client, nullptr), -EINVAL);
}

TEST_F(Stats, are_filled_in_as_far_as_the_caller_knows_them)
{
    LentImage &image = lend(1);
    ASSERT_EQ(show(image), 0);
    QXLGLStats got;
    memset(&got, 0xaa, sizeof(got));
    got.size = offsetof(QXLGLStats, draws);
    ASSERT_EQ(spice_qxl_gl_get_stats(qxl, &got, nullptr, nullptr), 0);
    EXPECT_EQ(got.size, offsetof(QXLGLStats, draws));
    EXPECT_EQ(got.scanouts, 1u);
    EXPECT_EQ(got.draws, UINT64_C(0xaaaaaaaaaaaaaaaa)) << "past the caller's struct";

    struct {
        QXLGLStats known;
        uint64_t later;
    } longer;
    memset(&longer, 0xaa, sizeof(longer));
    longer.known.size = sizeof(longer);
    ASSERT_EQ(spice_qxl_gl_get_stats(qxl, &longer.known, nullptr, nullptr), 0);
    EXPECT_EQ(longer.known.size, sizeof(QXLGLStats)) << "says how much is filled in";
    EXPECT_EQ(longer.later, UINT64_C(0xaaaaaaaaaaaaaaaa));
}

TEST_F(Stats, with_nobody_connected_there_are_no_clients)
{
    QXLGLStats got = {};
    got.size = sizeof(got);
    QXLGLClientStats clients[2] = {};
    clients[0].size = clients[1].size = sizeof(clients[0]);
    clients[0].frames = 123;
    uint32_t count = 2;
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, clients, &count), 0);
    EXPECT_EQ(count, 0u);
    EXPECT_EQ(clients[0].frames, 123u);
    count = 99;
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, nullptr, &count), 0);
    EXPECT_EQ(count, 0u);
}

TEST_F(Stats, can_be_asked_from_any_thread_while_the_guest_draws)
{
    LentImage &a = lend(1);
    LentImage &b = lend(2);
    std::atomic<bool> stop { false };
    std::atomic<int> wrong { 0 };
    std::thread reader([&] {
        uint64_t last = 0;
        while (!stop) {
            QXLGLStats got = {};
            got.size = sizeof(got);
            wrong += spice_qxl_gl_get_stats(qxl, &got, nullptr, nullptr) != 0;
            wrong += got.draws < last || got.draws_unseen > got.draws;
            last = got.draws;
        }
    });
    for (uint64_t i = 0; i < 2000; i++) {
        ASSERT_EQ(show(i % 2 ? a : b), 0);
        ASSERT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 64, 48, nullptr, i), 0);
    }
    stop = true;
    reader.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(stats().draws, 2000u);
}

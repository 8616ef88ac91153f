/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The GL display with clients connected: the threads' meeting places, on a real EGL, without a
 * machine around it. Meant for ThreadSanitizer and AddressSanitizer as much as for itself. */
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <glib.h>

#include "clients-fixture.hpp"
#include "gst-double.hpp"

class EachKind: public Clients, public testing::WithParamInterface<bool>
{
};

TEST_P(EachKind, sees_pictures_while_the_guest_gets_its_answers)
{
    LentImage &a = lend(1, 320, 240);
    LentImage &b = lend(2, 320, 240);
    flip(a);
    RawClient client(server, GetParam());
    ASSERT_TRUE(client.ok());
    client.init();
    ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
    for (int i = 0; i < 60; i++) {
        flip(i % 2 ? a : b);
        client.run_until([] { return true; });
    }
    const unsigned before = client.display->pictures();
    flip(a);
    EXPECT_TRUE(client.run_until([&] { return client.display->pictures() > before; }));
    EXPECT_EQ(clients_connected(), 1u);
}

TEST_P(EachKind, comes_and_goes_while_the_guest_flips)
{
    LentImage &a = lend(1);
    LentImage &b = lend(2);
    for (int i = 0; i < 12; i++) {
        RawClient client(server, GetParam());
        ASSERT_TRUE(client.ok());
        flip(a);
        if (i % 3) {
            client.init();
        }
        flip(b);
        if (i % 2) {
            client.run_until([&] { return client.display->pictures() > 0; }, 200);
            flip(a);
        }
        flip(b);
        client.display->close();
        flip(a);
        client.main->close();
        flip(b);
    }
    EXPECT_TRUE(gone());
}

/* AddressSanitizer's leak check is the test: the worker connects clients that have gone already */
TEST_P(EachKind, may_be_gone_before_its_display_channel_is_connected)
{
    LentImage &image = lend(1);
    for (int i = 0; i < 10; i++) {
        flip(image);
        {
            RawClient client(server, GetParam());
            ASSERT_TRUE(client.ok());
        }
        run_main_loop(i, [] { return false; });
    }
    EXPECT_TRUE(gone());
}

TEST_P(EachKind, follows_sizes_scanouts_without_an_image_and_images_that_die)
{
    RawClient client(server, GetParam());
    ASSERT_TRUE(client.ok());
    client.init();
    for (uint64_t id = 1; id <= 20; id++) {
        LentImage &image = lend(id, 64 + 16 * (id % 5), 48 + 8 * (id % 3));
        flip(image);
        client.run_until([&] { return id % 4 != 0; }, 20);
        flip(image);
        if (id % 3 == 0) {
            ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), 0);
        }
        spice_qxl_gl_release_texture(qxl, id);
    }
    ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), 0);
    EXPECT_TRUE(client.run_until([this] {
        for (auto &image : lent) {
            if (image->released() != 1) {
                return false;
            }
        }
        return true;
    })) << "images that are not shown any more come back, each once";
    EXPECT_TRUE(client.display->connected());
}

TEST_P(EachKind, that_neither_reads_nor_answers_does_not_hold_up_the_guest)
{
    LentImage &a = lend(1, 640, 480);
    LentImage &b = lend(2, 640, 480);
    flip(a);
    RawClient client(server, GetParam());
    ASSERT_TRUE(client.ok());
    client.display->answers_draws = false;
    client.init();
    for (int i = 0; i < 60; i++) {
        flip(i % 2 ? a : b);
    }
}

TEST_F(Clients, that_answer_nothing_do_not_hold_up_the_guest_while_the_worker_stands_still)
{
    LentImage &image = lend(1, 640, 480);
    flip(image);
    RawClient client(server, true);
    ASSERT_TRUE(client.ok());
    client.display->answers_draws = false;
    client.init();
    ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
    const Display::HeldWorker held(*head);
    for (int i = 0; i < 3; i++) {
        flip(image);
    }
}

/* Upstream's server ended with these */
TEST_P(EachKind, that_sends_what_nobody_asked_for_is_sent_away)
{
    flip(lend(1));
    for (int type : { int{SPICE_MSGC_DISPLAY_INIT}, int{SPICE_MSGC_MIGRATE_FLUSH_MARK} }) {
        RawClient client(server, GetParam());
        ASSERT_TRUE(client.ok());
        client.init();
        client.display->send(type, display_init());
        EXPECT_TRUE(client.run_until([&] { return !client.display->connected(); })) << type;
    }
    EXPECT_TRUE(gone());
}

TEST_P(EachKind, may_be_there_when_the_server_ends_in_the_middle_of_a_draw)
{
    LentImage &a = lend(1, 320, 240);
    flip(a);
    RawClient client(server, GetParam());
    ASSERT_TRUE(client.ok());
    client.init();
    EXPECT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
    flip(a);
    EGLSync fence = eglCreateSyncKHR(display, EGL_SYNC_FENCE_KHR, nullptr);
    ASSERT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 9, 9, fence, UINT64_MAX), 0);
    EXPECT_GE(channels_connected(), 2);
    spice_server_destroy(server);
    server = nullptr;
    EXPECT_EQ(channels_connected(), 0) << "the owner hears of every channel's end";
    EXPECT_EQ(a.released(), 1);
}

/* Nothing wakes the worker, which may still hold the image that it announced last */
TEST_F(Clients, give_back_an_image_that_is_not_shown_any_more_though_the_picture_stays)
{
    LentImage &a = lend(1);
    LentImage &b = lend(2);
    const auto show = [&](LentImage &image) {
        const QXLGLScanout scanout = image.scanout();
        ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, &scanout), 0);
        image.fill({ 10, 20, 30 });
        EGLSync fence = eglCreateSyncKHR(display, EGL_SYNC_FENCE_KHR, nullptr);
        glFlush();
        ASSERT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 64, 48, fence, ++frame), 0);
        ASSERT_TRUE(head->wait_for_completion(frame));
    };
    show(a);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.init();
    ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
    show(a);
    client.run_until([] { return false; }, 300); // the worker has done all its work
    show(b);
    client.run_until([] { return false; }, 100);
    spice_qxl_gl_release_texture(qxl, 1);
    EXPECT_TRUE(client.run_until([&] { return a.released() == 1; }));
    EXPECT_EQ(b.released(), 0);
}

/* Threads stop at any point, for a long time */
class BusyMachine
{
public:
    BusyMachine()
    {
        for (unsigned i = 0; i < 3 * std::max(1u, std::thread::hardware_concurrency()); i++) {
            threads.emplace_back([this] {
                while (!ends) {
                }
            });
        }
    }
    ~BusyMachine()
    {
        ends = true;
        for (auto &thread : threads) {
            thread.join();
        }
    }

private:
    std::atomic<bool> ends{false};
    std::vector<std::thread> threads;
};

TEST_F(Clients, local_ones_get_the_scanout_message_that_they_know)
{
    LentImage &image = lend(1, 320, 240);
    flip(image);
    for (uint32_t unknown : { 0u, 1u << SPICE_DISPLAY_CAP_GL_SCANOUT2 }) {
        RawClient client(server, true, all_display_caps() & ~unknown);
        ASSERT_TRUE(client.ok());
        client.init();
        ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
        const unsigned old_ones = client.display->count(SPICE_MSG_DISPLAY_GL_SCANOUT_UNIX);
        const unsigned new_ones = client.display->count(SPICE_MSG_DISPLAY_GL_SCANOUT2_UNIX);
        if (!old_ones && !new_ones) {
            GTEST_SKIP() << "this display exports no dma-bufs";
        }
        /* "Nothing is scanned out" is always sent as the older message */
        EXPECT_EQ(new_ones > 0, unknown == 0);
        client.display->close();
        client.main->close();
        ASSERT_TRUE(client.run_until([&] { return clients_connected() == 0; }));
    }
}

TEST_F(Clients, on_unix_sockets_get_no_dmabufs_where_the_caller_says_so)
{
    LentImage &image = lend(1, 320, 240);
    flip(image);
    ASSERT_EQ(spice_qxl_gl_set_dmabufs(qxl, 0), 0);
    RawClient client(server, true);
    ASSERT_TRUE(client.ok());
    client.init();
    EXPECT_TRUE(client.run_until([&] { return client.display->shows(320, 240); }));
    flip(image);
    EXPECT_EQ(client.display->count(SPICE_MSG_DISPLAY_GL_DRAW), 0u);
    EXPECT_NE(path(), uint32_t{QXL_GL_PATH_LOCAL});
    EXPECT_EQ(stats().prime_exports, 0u);
}

/* While a test wants it, images have a second plane, in the memory of the first */
class TwoPlanes: public testing::Environment
{
public:
    static inline bool wanted = false;

    void SetUp() override
    {
        eglGetProcAddress("eglInitialize"); // until then libepoxy's pointer is its resolver
        real_lookup = epoxy_eglGetProcAddress;
        epoxy_eglGetProcAddress = lookup;
    }

private:
    using Function = __eglMustCastToProperFunctionPointerType;

    static Function EGLAPIENTRY lookup(const char *name)
    {
        const Function real = real_lookup(name);
        if (std::string(name) == "eglExportDMABUFImageQueryMESA") {
            real_query = reinterpret_cast<PFNEGLEXPORTDMABUFIMAGEQUERYMESAPROC>(real);
            return reinterpret_cast<Function>(query);
        }
        if (std::string(name) == "eglExportDMABUFImageMESA") {
            real_export = reinterpret_cast<PFNEGLEXPORTDMABUFIMAGEMESAPROC>(real);
            return reinterpret_cast<Function>(export_image);
        }
        return real;
    }

    static EGLBoolean EGLAPIENTRY query(EGLDisplay display, EGLImageKHR image, int *fourcc, int *planes,
                                        EGLuint64KHR *modifiers)
    {
        const EGLBoolean ok = real_query(display, image, fourcc, planes, modifiers);
        if (ok && wanted) {
            *planes = 2;
            if (modifiers) {
                modifiers[1] = modifiers[0];
            }
        }
        return ok;
    }
    static EGLBoolean EGLAPIENTRY export_image(EGLDisplay display, EGLImageKHR image, int *fds,
                                               EGLint *strides, EGLint *offsets)
    {
        const EGLBoolean ok = real_export(display, image, fds, strides, offsets);
        if (ok && wanted) {
            fds[1] = -1; // it is in the memory of the first
            strides[1] = strides[0];
            offsets[1] = offsets[0];
        }
        return ok;
    }

    static inline decltype(epoxy_eglGetProcAddress) real_lookup;
    static inline PFNEGLEXPORTDMABUFIMAGEQUERYMESAPROC real_query;
    static inline PFNEGLEXPORTDMABUFIMAGEMESAPROC real_export;
};

/* GoogleTest's */
[[maybe_unused]] static const auto *const two_planes = testing::AddGlobalTestEnvironment(new TwoPlanes);

TEST_F(Clients, local_ones_that_know_only_one_plane_are_served_as_remote_ones_where_there_are_more)
{
    const struct Wanted {
        Wanted() { TwoPlanes::wanted = true; }
        ~Wanted() { TwoPlanes::wanted = false; }
    } wanted;
    LentImage &image = lend(1, 320, 240);
    flip(image);
    for (uint32_t unknown : { 0u, 1u << SPICE_DISPLAY_CAP_GL_SCANOUT2 }) {
        RawClient client(server, true, all_display_caps() & ~unknown);
        ASSERT_TRUE(client.ok());
        client.init();
        ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
        if (!unknown && !client.display->count(SPICE_MSG_DISPLAY_GL_SCANOUT2_UNIX)) {
            GTEST_SKIP() << "this display exports no dma-bufs";
        }
        EXPECT_EQ(client.display->count(SPICE_MSG_DISPLAY_GL_SCANOUT2_UNIX) > 0, unknown == 0);
        if (unknown) {
            EXPECT_EQ(client.display->count(SPICE_MSG_DISPLAY_GL_DRAW), 0u);
            EXPECT_TRUE(client.run_until([&] { return client.display->shows(320, 240); }));
        }
        client.display->close();
        client.main->close();
        ASSERT_TRUE(client.run_until([&] { return clients_connected() == 0; }));
    }
}

/* The last size and the last picture arrive, however these fall between the worker's steps: the
 * guest draws once, and nothing comes after that could make up for a picture lost */
TEST_F(Clients, a_remote_one_sees_each_size_that_is_drawn_once)
{
    LentImage &a = lend(1, 64, 48);
    LentImage &b = lend(2, 80, 32);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.init();
    flip(a);
    ASSERT_TRUE(client.run_until([&] { return client.display->shows(64, 48); }));
    const BusyMachine busy;
    for (int i = 0; i < 400; i++) {
        ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), 0);
        g_usleep(i * 7 % 300);
        flip(i % 2 ? a : b);
        const uint32_t width = i % 2 ? 64 : 80, height = i % 2 ? 48 : 32;
        ASSERT_TRUE(client.run_until([&] { return client.display->shows(width, height); }))
            << "change " << i << " is not seen";
    }
}

/* If a message counts as in flight forever, a slow link has no room for another picture */
TEST_F(Clients, a_remote_one_that_forgets_an_acknowledgement_sees_the_next_picture)
{
    LentImage &image = lend(1, 320, 240);
    spice_server_set_streaming_video(server, SPICE_STREAM_VIDEO_OFF); // each picture is one image
    ASSERT_EQ(spice_qxl_gl_set_dmabufs(qxl, 0), 0);
    RawClient client(server, true); // spice itself sends it no pings
    ASSERT_TRUE(client.ok());
    client.init();
    flip(image);
    ASSERT_TRUE(client.run_until([&] { return client.display->shows(320, 240); }));
    client.display->forgets = 1;
    for (uint32_t seed : { 1, 2 }) {
        const unsigned before = client.display->pictures();
        image.fill_with_noise(seed);
        draw();
        ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > before; }));
        run_main_loop(300, [] { return false; }); // the longer it takes, the slower the link
    }
}

TEST_F(SeveralClients, are_counted_for_callers_that_know_more_or_less_about_each)
{
    LentImage &image = lend(1);
    flip(image);
    RawClient first(server, false), second(server, false);
    ASSERT_TRUE(first.ok() && second.ok());
    first.init();
    second.init();
    ASSERT_TRUE(run_main_loop(10000, [this] { return clients_connected() == 2; }));

    QXLGLStats got = {};
    got.size = sizeof(got);
    uint32_t count = 2;
    struct {
        QXLGLClientStats known;
        uint64_t later;
    } longer[2] = {};
    longer[0].known.size = longer[1].known.size = sizeof(longer[0]);
    longer[0].later = longer[1].later = 42;
    ASSERT_EQ(spice_qxl_gl_get_stats(qxl, &got, &longer[0].known, &count), 0);
    QXLGLClientStats same[2] = {};
    same[0].size = same[1].size = sizeof(same[0]);
    ASSERT_EQ(spice_qxl_gl_get_stats(qxl, &got, same, &count), 0);
    struct {
        uint32_t size, path, connection_id;
    } shorter[3] = {};
    shorter[0].size = shorter[1].size = sizeof(shorter[0]);
    ASSERT_EQ(spice_qxl_gl_get_stats(qxl, &got, reinterpret_cast<QXLGLClientStats *>(shorter),
                                     &count), 0);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(longer[i].known.size, sizeof(QXLGLClientStats));
        EXPECT_EQ(longer[i].later, 42u);
        EXPECT_EQ(longer[i].known.connection_id, same[i].connection_id);
        EXPECT_EQ(shorter[i].connection_id, same[i].connection_id);
    }
    EXPECT_NE(same[0].connection_id, 0u);
    EXPECT_EQ(shorter[2].connection_id, 0u) << "beyond the caller's elements";
    count = 1;
    same[0].size = 2;
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, same, &count), -EINVAL);
}

/* A GPU that encodes: ci/doubles/egl-card and ci/doubles/va simulate one */
class GpuClients: public Clients
{
protected:
    void SetUp() override
    {
        if (!getenv("EGL_CARD_DOUBLE")) {
            GTEST_SKIP() << "EGL_CARD_DOUBLE is not set: run with ci/doubles/egl-card preloaded";
        }
        VaDouble::announce("vah264enc=" + std::string(getenv("EGL_CARD_DOUBLE")));
        Clients::SetUp();
        for (uint64_t id = 1; id <= 4; id++) {
            // two of each size
            lend(id, id <= 2 ? 320 : 256, id <= 2 ? 240 : 192);
        }
    }

    static uint32_t caps() { return all_display_caps() | 1u << SPICE_DISPLAY_CAP_CODEC_H264; }

    /* The guest flips between two images, FIRST (of SetUp()'s) and the next, until DONE; false
     * after twenty seconds without */
    bool flips_until(RawClient &client, size_t first, const std::function<bool()> &done)
    {
        for (int i = 0; i < 2000 && !done(); i++) {
            flip(*lent[first + i % 2]);
            client.run_until([] { return false; }, 10);
        }
        return done();
    }

    bool frames_of_the_gpu(RawClient &client, size_t first, unsigned number)
    {
        const auto on_gpu = [this] { return path() == QXL_GL_PATH_HARDWARE; };
        const auto encoded = [&] { return client.display->count(SPICE_MSG_DISPLAY_STREAM_DATA); };
        if (!flips_until(client, first, on_gpu)) {
            return false;
        }
        const unsigned before = encoded();
        return flips_until(client, first, [&] { return encoded() >= before + number; }) && on_gpu();
    }

    VaDouble gpu;
};

TEST_F(GpuClients, are_served_by_the_gpu_while_they_come_and_go_and_sizes_change)
{
    for (int i = 0; i < 4; i++) {
        RawClient client(server, false, caps());
        ASSERT_TRUE(client.ok());
        client.init();
        ASSERT_TRUE(frames_of_the_gpu(client, 0, 10)) << i;
        ASSERT_TRUE(frames_of_the_gpu(client, 2, 10)) << i << ", another size";
        const unsigned before = client.display->pictures();
        if (i % 2) { // what stands still is sent as an image; else it goes in the middle of the motion
            EXPECT_TRUE(client.run_until([&] {
                return path() == QXL_GL_PATH_IMAGE && client.display->pictures() > before;
            }));
        }
    }
    EXPECT_TRUE(gone());
    EXPECT_EQ(gpu.lines("no-dmabuf").size(), 0u);
}

TEST_F(GpuClients, are_served_by_software_when_the_gpu_fails_in_the_middle)
{
    for (const char *fault : { "fail-at=5", "die-at=5", "stall-at=5", "refuse-caps" }) {
        gpu.order(fault);
        RawClient client(server, false, caps());
        ASSERT_TRUE(client.ok());
        client.init();
        ASSERT_TRUE(flips_until(client, 0, [&] { return path() == QXL_GL_PATH_SOFTWARE; })) << fault;
        const unsigned before = client.display->pictures();
        ASSERT_TRUE(flips_until(client, 0, [&] { return client.display->pictures() > before + 5; }))
            << fault;
        gpu.order("");
    }
    EXPECT_TRUE(gone());
}

TEST_F(GpuClients, that_cannot_show_the_gpus_stream_say_so_and_are_served_by_software)
{
    RawClient client(server, false, caps());
    ASSERT_TRUE(client.ok());
    client.init();
    ASSERT_TRUE(frames_of_the_gpu(client, 0, 10));
    ASSERT_EQ(client.display->streams().size(), 1u);
    const uint32_t refused = *client.display->streams().begin();
    client.display->send(SPICE_MSGC_DISPLAY_STREAM_REPORT, stream_refusal(refused));
    ASSERT_TRUE(flips_until(client, 0, [&] { return path() == QXL_GL_PATH_SOFTWARE; }));
    EXPECT_EQ(client.display->streams().count(refused), 0u);
    client.display->send(SPICE_MSGC_DISPLAY_STREAM_REPORT, stream_refusal(refused)); // again
    const unsigned before = client.display->pictures();
    EXPECT_TRUE(flips_until(client, 0, [&] { return client.display->pictures() > before + 20; }));
    EXPECT_TRUE(client.display->connected());
    EXPECT_EQ(path(), QXL_GL_PATH_SOFTWARE);
}

TEST_F(GpuClients, may_be_there_when_the_server_ends_in_the_middle_of_the_motion)
{
    for (const char *order : { "", "stall-at=15" }) {
        gpu.order(order);
        RawClient client(server, false, caps());
        ASSERT_TRUE(client.ok());
        client.init();
        ASSERT_TRUE(frames_of_the_gpu(client, 0, 10));
        flips_until(client, 0, [&, end = frame + 10] { return frame >= end; });
        client.display->close();
        client.main->close();
        EXPECT_TRUE(gone());
    }
    RawClient client(server, false, caps());
    ASSERT_TRUE(client.ok());
    gpu.order("");
    client.init();
    ASSERT_TRUE(frames_of_the_gpu(client, 0, 10));
    spice_server_destroy(server);
    server = nullptr;
    EXPECT_EQ(channels_connected(), 0);
}

INSTANTIATE_TEST_SUITE_P(ARemoteClient, EachKind, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(ALocalClient, EachKind, testing::Values(true));

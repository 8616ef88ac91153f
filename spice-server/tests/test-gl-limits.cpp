/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The most that clients may cost: memory, and frames of the guest and of other clients. */
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <glib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clients-fixture.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

namespace {

constexpr size_t MIB = 1024 * 1024;

/* The process's resident memory */
size_t resident_bytes()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line); ) {
        if (line.compare(0, 6, "VmRSS:") == 0) {
            return std::strtoul(line.c_str() + 6, nullptr, 10) * 1024;
        }
    }
    return 0;
}

/* While this lives, no file can be opened */
class NoFiles
{
public:
    NoFiles()
    {
        getrlimit(RLIMIT_NOFILE, &before);
        rlimit few = before;
        few.rlim_cur = std::min<rlim_t>(few.rlim_cur, 1000); // more than are open
        setrlimit(RLIMIT_NOFILE, &few);
        for (int fd; (fd = dup(STDERR_FILENO)) >= 0; ) {
            taken.push_back(fd);
        }
    }
    ~NoFiles()
    {
        for (int fd : taken) {
            close(fd);
        }
        setrlimit(RLIMIT_NOFILE, &before);
    }

private:
    rlimit before;
    std::vector<int> taken;
};

} // namespace

class Limits: public SeveralClients
{
protected:
    /* The guest draws nothing, and clients are connected */
    void rest(const std::vector<RawClient *> &clients, unsigned ms)
    {
        run_main_loop(ms, [&clients] {
            for (auto client : clients) {
                client->main->receive();
                client->display->receive();
            }
            return false;
        });
    }
    /* The only codec but JPEG that is installed everywhere, for all that moves */
    void prefer_vp8(RawClient &client)
    {
        client.display->send(SPICE_MSGC_DISPLAY_PREFERRED_VIDEO_CODEC_TYPE,
                             { 1, SPICE_VIDEO_CODEC_TYPE_VP8 });
    }
    /* The guest moves until DONE, for at most ten seconds */
    bool moves_until(LentImage &image, const std::vector<RawClient *> &clients,
                     const std::function<bool()> &done)
    {
        for (int i = 0; i < 600 && !done(); i++) {
            flip(image);
            rest(clients, 16);
        }
        return done();
    }
};

/* Each picture overlaps the previous one. How much is kept must not depend on what is covered. */
TEST_F(Limits, memory_does_not_grow_with_what_the_guest_draws)
{
#ifdef SANITIZED
    GTEST_SKIP() << "sanitizers keep memory that is not used any more";
#endif
    const uint32_t w = 2048, h = 1024;
    LentImage &image = lend(1, w, h);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.init();
    flip(image);
    ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
    rest({ &client }, 500);
    size_t most[2] = {}; // while memory is being allocated, and after that
    for (uint32_t i = 0; i < 400; i++) {
        image.fill({ uint8_t(i * 37 + 1), uint8_t(i * 11 + 3), uint8_t(i + 7) });
        draw(i * 2, 0, w / 2, h);
        rest({ &client }, 10);
        most[i / 200] = std::max(most[i / 200], resident_bytes());
    }
    EXPECT_LT(most[1], most[0] + 4 * size_t{w} * h * 4) << "a picture for each fiftieth draw";
}

TEST_F(Limits, a_local_client_beside_remote_ones_that_see_noise_costs_the_guest_no_picture)
{
    const uint32_t w = 1920, h = 1080;
    constexpr unsigned FLIPS = 120;
    LentImage *images[] = { &lend(1, w, h), &lend(2, w, h) };
    images[0]->fill_with_noise(1);
    images[1]->fill_with_noise(2);
    show(*images[0]);
    draw();
    RawClient local(server, true);
    ASSERT_TRUE(local.ok());
    local.init();
    local.run_until([&] { return path() != QXL_GL_PATH_NONE; });
    if (path() != QXL_GL_PATH_LOCAL) {
        GTEST_SKIP() << "this display exports no dma-bufs";
    }
    std::vector<std::unique_ptr<RawClient>> remotes;
    for (int i = 0; i < 4; i++) {
        remotes.push_back(std::make_unique<RawClient>(server, false));
        ASSERT_TRUE(remotes.back()->ok());
        remotes.back()->init();
    }
    std::atomic<bool> ends{false};
    std::thread local_thread([&] {
        while (!ends) {
            local.display->receive();
            g_usleep(100);
        }
    });
    std::thread remote_thread([&] {
        while (!ends) {
            for (auto &remote : remotes) {
                remote->display->receive();
            }
            g_usleep(500);
        }
    });
    const uint64_t late = stats().draws_late;
    for (unsigned i = 0; i < FLIPS; i++) {
        show(*images[i % 2]);
        draw();
        run_main_loop(10, [] { return false; });
    }
    run_main_loop(500, [] { return false; });
    ends = true;
    local_thread.join();
    remote_thread.join();
    /* All and none, on a machine that has nothing else to do. Behind encoders it would be the
     * other way round: each of the four takes longer than the guest waits. */
    EXPECT_GE(local.display->count(SPICE_MSG_DISPLAY_GL_DRAW), FLIPS / 2);
    EXPECT_LE(stats().draws_late - late, FLIPS / 3);
    for (auto &remote : remotes) {
        EXPECT_GT(remote->display->pictures(), 0u);
    }
}

/* It is served as a remote one, though it has not said yet that it has drawn what it got before */
TEST_F(Limits, a_local_client_stays_when_an_export_fails_and_the_next_one_is_local_again)
{
    LentImage &a = lend(1, 320, 240), &b = lend(2, 320, 240);
    flip(a);
    RawClient client(server, true);
    ASSERT_TRUE(client.ok());
    client.init();
    client.run_until([&] { return path() != QXL_GL_PATH_NONE; });
    if (path() != QXL_GL_PATH_LOCAL) {
        GTEST_SKIP() << "this display exports no dma-bufs";
    }
    client.display->answers_draws = false;
    flip(a);
    rest({ &client }, 100);
    const unsigned before = client.display->pictures();
    {
        const NoFiles none;
        flip(b);
        rest({ &client }, 200);
    }
    EXPECT_TRUE(client.run_until([&] { return client.display->pictures() > before; }));
    EXPECT_NE(path(), QXL_GL_PATH_LOCAL);
    client.display->send(SPICE_MSGC_DISPLAY_GL_DRAW_DONE); // the answer that it owes
    for (int i = 0; i < 20; i++) {
        flip(i % 2 ? a : b);
        rest({ &client }, 10);
    }
    EXPECT_TRUE(client.display->connected());
    EXPECT_GT(client.display->count(SPICE_MSG_DISPLAY_DRAW_COPY), 0u);
    client.display->close();
    client.main->close();
    ASSERT_TRUE(gone());

    RawClient next(server, true);
    ASSERT_TRUE(next.ok());
    next.init();
    flip(a);
    EXPECT_TRUE(next.run_until([&] {
        return next.display->count(SPICE_MSG_DISPLAY_GL_DRAW) > 0;
    })) << "one export that fails is not the end of all";
}

TEST_F(Limits, a_client_that_does_not_read_takes_no_stream_from_others)
{
    ASSERT_EQ(spice_server_set_video_codecs(server, "gstreamer:vp8;spice:mjpeg"), 0);
    LentImage &image = lend(1, 320, 240);
    flip(image);
    RawClient dumb(server, false), reads(server, false);
    ASSERT_TRUE(dumb.ok() && reads.ok());
    dumb.init();
    prefer_vp8(dumb);
    reads.init();
    prefer_vp8(reads);
    for (int i = 0; i < 6; i++) {
        const unsigned before = reads.display->count(SPICE_MSG_DISPLAY_STREAM_CREATE);
        ASSERT_TRUE(moves_until(image, { &reads }, [&] {
            return reads.display->count(SPICE_MSG_DISPLAY_STREAM_CREATE) > before &&
                reads.display->count(SPICE_MSG_DISPLAY_STREAM_CLIP) > unsigned(i);
        })) << "no stream, " << i;
        ASSERT_TRUE(reads.run_until([&] { return reads.display->streams().empty(); }))
            << "it does not end";
    }
    EXPECT_TRUE(dumb.display->connected());
}

/* As clients with a fixed window do */
TEST_F(Limits, a_client_that_acknowledges_twenty_messages_at_a_time_sees_what_moves)
{
    LentImage &image = lend(1, 320, 240);
    flip(image);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.display->acknowledges = 20;
    client.init();
    ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
    moves_until(image, { &client }, [i = 0]() mutable { return ++i > 60; }); // is detected
    const unsigned before = client.display->pictures();
    moves_until(image, { &client }, [i = 0]() mutable { return ++i > 120; });
    EXPECT_GE(client.display->pictures() - before, 60u) << "of 120";
    const unsigned moving = client.display->pictures();
    EXPECT_TRUE(client.run_until([&] { return client.display->pictures() > moving; }))
        << "what has moved is made lossless";
}

TEST_F(Limits, a_client_that_acknowledges_nothing_is_sent_little)
{
    constexpr size_t PICTURE = 1024 * 1024; // as JPEG, at most
    LentImage *images[] = { &lend(1, 1280, 720), &lend(2, 1280, 720) };
    images[0]->fill_with_noise(1);
    images[1]->fill_with_noise(2);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.display->acknowledges = 0;
    client.display->answers_pings = false;
    client.init();
    size_t bytes[2] = {};
    for (int i = 0; i < 360; i++) {
        show(*images[i % 2]);
        draw();
        rest({ &client }, 10);
        bytes[i / 180] = client.display->bytes();
    }
    /* A hundred pictures would be 50 MB and more of JPEG. It gets a megabyte, the picture with which
     * that is exceeded, and one when a second has passed, and two, and four. */
    EXPECT_LE(bytes[1], MIB + 4 * PICTURE);
    EXPECT_LE(bytes[1] - bytes[0], 2 * PICTURE) << "it goes on";
    EXPECT_TRUE(client.display->connected());
}

TEST_F(Limits, a_stream_survives_any_report_about_it)
{
    ASSERT_EQ(spice_server_set_video_codecs(server, "gstreamer:vp8;spice:mjpeg"), 0);
    LentImage &image = lend(1, 320, 240);
    flip(image);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.init();
    prefer_vp8(client);
    std::mt19937 random(1);
    auto report = [&](bool of_stream) {
        static const uint32_t values[] = { 0, 1, 2, 5, 15, 16, 100, INT32_MAX, 0x80000000,
                                           UINT32_MAX };
        uint32_t words[8];
        for (auto &word : words) {
            word = random() % 2 ? values[random() % std::size(values)] : uint32_t(random());
        }
        words[0] = random() % 20 ? random() % 17 : 100; // no stream has a higher id: an error
        const auto &streams = client.display->streams();
        if (of_stream && !streams.empty()) {
            words[0] = words[1] = *streams.begin();
            words[5] %= 1000; // frames dropped: it does not say that it cannot be shown
        }
        auto begin = reinterpret_cast<const uint8_t *>(words);
        client.display->send(SPICE_MSGC_DISPLAY_STREAM_REPORT, Bytes(begin, begin + sizeof(words)));
    };
    auto runs = [&] { return client.display->count(SPICE_MSG_DISPLAY_STREAM_CLIP) > 0; };
    ASSERT_TRUE(moves_until(image, { &client }, runs));
    for (int i = 0; i < 120; i++) {
        report(true);
        report(true);
        flip(image);
        rest({ &client }, 16);
    }
    EXPECT_FALSE(client.display->streams().empty());
    for (int i = 0; i < 300; i++) {
        report(i % 2);
        flip(image);
        rest({ &client }, 2);
    }
    EXPECT_TRUE(client.display->connected());

    /* Such a report is believed, whatever was reported before, and logged once */
    ASSERT_TRUE(moves_until(image, { &client }, [&] { return client.display->streams().size() == 1; }));
    client.display->send(SPICE_MSGC_DISPLAY_STREAM_REPORT,
                         stream_refusal(*client.display->streams().begin()));
    EXPECT_TRUE(moves_until(image, { &client }, [&] { return client.display->streams().empty(); }))
        << "the stream goes on";
    const unsigned images = client.display->count(SPICE_MSG_DISPLAY_DRAW_COPY);
    EXPECT_TRUE(moves_until(image, { &client }, [&] {
        return client.display->count(SPICE_MSG_DISPLAY_DRAW_COPY) > images + 20;
    })) << "what moves does not come as images";
    EXPECT_TRUE(client.display->streams().empty());
}

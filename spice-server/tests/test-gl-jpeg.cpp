/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* JPEGs of frames: that they show the frame, that clients share them, and that their quality
 * follows the line. */
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <thread>

#include <gtest/gtest.h>
#include <jpeglib.h>

#include "gl-jpeg.hpp"
#include "test-pictures.hpp"

using namespace red;

namespace {

/* As 4 bytes per pixel; empty: not a JPEG. libjpeg ends the process if one is broken. */
std::vector<uint8_t> decode(const std::vector<uint8_t> &jpeg, uint32_t *width, uint32_t *height)
{
    jpeg_decompress_struct info{};
    jpeg_error_mgr errors{};

    info.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, jpeg.data(), jpeg.size());
    jpeg_read_header(&info, TRUE);
    info.out_color_space = JCS_EXT_BGRX;
    jpeg_start_decompress(&info);
    *width = info.output_width;
    *height = info.output_height;
    std::vector<uint8_t> pixels(size_t{4} * *width * *height);
    while (info.output_scanline < info.output_height) {
        JSAMPROW line = pixels.data() + size_t{4} * *width * info.output_scanline;
        jpeg_read_scanlines(&info, &line, 1);
    }
    jpeg_finish_decompress(&info);
    EXPECT_EQ(errors.num_warnings, 0);
    jpeg_destroy_decompress(&info);
    return pixels;
}

double psnr_of(const std::vector<uint8_t> &jpeg, const GlFrame &frame, const GlRect &area)
{
    uint32_t w = 0, h = 0;
    const auto pixels = decode(jpeg, &w, &h);
    EXPECT_EQ(w, area.w);
    EXPECT_EQ(h, area.h);
    return w == area.w && h == area.h ? psnr(frame, area, pixels.data(), size_t{4} * w) : 0;
}

} // namespace

TEST(Jpeg, shows_the_area)
{
    const auto frame = picture(Picture::render, 321, 203);
    GlJpeg jpeg;
    std::vector<uint8_t> data;

    for (const GlRect &area : { frame->all(), GlRect{ 17, 33, 100, 61 }, GlRect{ 320, 202, 1, 1 },
                                GlRect{ 0, 0, 321, 1 }, GlRect{ 3, 0, 1, 203 } }) {
        ASSERT_TRUE(jpeg.encode(*frame, area, 90, &data));
        EXPECT_GT(psnr_of(data, *frame, area), 28) << area.x << "," << area.y;
    }
}

TEST(Jpeg, higher_quality_is_better_and_larger)
{
    const auto frame = picture(Picture::photo, 320, 240);
    GlJpeg jpeg;
    std::vector<uint8_t> data;
    size_t size = 0;
    double quality = 0;

    for (int q : { 30, 60, 80, 92, 100 }) {
        ASSERT_TRUE(jpeg.encode(*frame, frame->all(), q, &data));
        const double now = psnr_of(data, *frame, frame->all());
        EXPECT_GT(data.size(), size) << q;
        EXPECT_GT(now, quality) << q;
        size = data.size();
        quality = now;
    }
}

TEST(Jpeg, grows_its_buffer_for_what_does_not_fit)
{
    const auto frame = picture(Picture::noise, 1024, 768);
    GlJpeg jpeg;
    std::vector<uint8_t> data;

    ASSERT_TRUE(jpeg.encode(*frame, frame->all(), 100, &data));
    EXPECT_GT(data.size(), 1024u * 1024);
    EXPECT_GT(psnr_of(data, *frame, frame->all()), 10);
    ASSERT_TRUE(jpeg.encode(*frame, { 8, 8, 16, 16 }, 100, &data)); /* and is used again */
    EXPECT_LT(data.size(), 4096u);
    psnr_of(data, *frame, { 8, 8, 16, 16 });
}

TEST(Jpeg, what_cannot_be_encoded_is_refused_and_nothing_lost)
{
    const auto frame = picture(Picture::render, 64, 64), wide = GlFrame::create(65501, 1);
    GlJpeg jpeg;
    std::vector<uint8_t> data = { 1, 2, 3 };
    const auto before = data;

    EXPECT_FALSE(jpeg.encode(*frame, {}, 80, &data));
    EXPECT_FALSE(jpeg.encode(*frame, { 0, 0, 65, 64 }, 80, &data));
    EXPECT_FALSE(jpeg.encode(*frame, { 64, 0, 1, 1 }, 80, &data));
    EXPECT_FALSE(jpeg.encode(*frame, { UINT32_MAX, 2, 3, 4 }, 80, &data));
    EXPECT_FALSE(jpeg.encode(*wide, wide->all(), 80, &data));
    EXPECT_EQ(data, before);
    ASSERT_TRUE(jpeg.encode(*wide, { 0, 0, 65500, 1 }, -3, &data));
    ASSERT_TRUE(jpeg.encode(*frame, frame->all(), 1000, &data));
    EXPECT_GT(psnr_of(data, *frame, frame->all()), 20);
}

TEST(JpegShare, the_same_is_encoded_once)
{
    const auto frame = picture(Picture::motion, 640, 480);
    GlJpegShare share;
    GlJpeg a, b;
    frame->serial = 7;

    const auto first = share.get(*frame, frame->all(), 80, &a);
    ASSERT_TRUE(first);
    EXPECT_EQ(share.get(*frame, frame->all(), 80, &b), first);
    EXPECT_EQ(share.encodings(), 1u);
    EXPECT_NE(share.get(*frame, frame->all(), 75, &b), first);
    EXPECT_NE(share.get(*frame, { 0, 0, 320, 480 }, 80, &b), first);
    frame->serial = 8;
    EXPECT_NE(share.get(*frame, frame->all(), 80, &b), first);
    EXPECT_EQ(share.encodings(), 4u);
}

TEST(JpegShare, sixteen_threads_get_one_encoding)
{
    constexpr int THREADS = 16, FRAMES = 20;
    GlJpegShare share;
    std::vector<std::shared_ptr<GlFrame>> frames;
    for (int i = 0; i < FRAMES; i++) {
        frames.push_back(picture(Picture::motion, 160, 120, i));
        frames.back()->serial = 100 + i;
    }
    std::vector<std::vector<GlJpegShare::Jpeg>> got(THREADS);
    std::atomic<int> arrived{ 0 };
    std::vector<std::thread> threads;
    for (int t = 0; t < THREADS; t++) {
        threads.emplace_back([&, t] {
            GlJpeg jpeg;
            for (int i = 0; i < FRAMES; i++) {
                arrived++;
                while (arrived < THREADS * (i + 1)) {
                    std::this_thread::yield();
                }
                got[t].push_back(share.get(*frames[i], frames[i]->all(), 70, &jpeg));
            }
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    EXPECT_EQ(share.encodings(), uint64_t{FRAMES});
    for (int i = 0; i < FRAMES; i++) {
        ASSERT_TRUE(got[0][i]);
        for (int t = 1; t < THREADS; t++) {
            EXPECT_EQ(got[t][i], got[0][i]);
        }
    }
}

TEST(JpegShare, keeps_the_last_few)
{
    GlJpegShare share;
    GlJpeg jpeg;
    std::vector<std::weak_ptr<const std::vector<uint8_t>>> alive;
    for (int i = 0; i < 20; i++) {
        const auto frame = picture(Picture::render, 32, 32, i);
        frame->serial = i;
        alive.push_back(share.get(*frame, frame->all(), 80, &jpeg));
    }
    const auto kept = std::count_if(alive.begin(), alive.end(),
                                    [](const auto &j) { return !j.expired(); });
    EXPECT_EQ(size_t(kept), GlJpegShare::KEPT);
    EXPECT_FALSE(alive.back().expired());
    share.clear();
    EXPECT_TRUE(alive.back().expired());
}

TEST(JpegShare, what_cannot_be_encoded_is_null_for_all)
{
    const auto frame = picture(Picture::render, 32, 32);
    GlJpegShare share;
    GlJpeg jpeg;
    EXPECT_FALSE(share.get(*frame, { 0, 0, 33, 32 }, 80, &jpeg));
    EXPECT_FALSE(share.get(*frame, { 0, 0, 33, 32 }, 80, &jpeg));
    EXPECT_TRUE(share.get(*frame, frame->all(), 80, &jpeg));
}

/* ---- quality, without JPEGs: the double's sizes are like those of real ones ---- */

namespace {

constexpr size_t PIXELS = 1280 * 720;

size_t size_at(int quality, double at_reference)
{
    return 620 + size_t(at_reference * std::pow(2.0, (quality - 80) / 25.0));
}

/* N pictures, each with the quality that was chosen for TARGET; returns the last one's size */
size_t run(GlJpegQuality *control, int n, size_t target, double at_reference)
{
    size_t size = 0;
    for (int i = 0; i < n; i++) {
        const int quality = control->choose(target, PIXELS);
        size = size_at(quality, at_reference);
        control->observed(quality, size, PIXELS);
    }
    return size;
}

} // namespace

TEST(JpegQuality, fits_the_target)
{
    for (double at_reference : { 30e3, 80e3, 200e3, 600e3 }) {
        for (size_t target : { size_t{40000}, size_t{100000}, size_t{250000}, size_t{800000} }) {
            GlJpegQuality control;
            const size_t size = run(&control, 40, target, at_reference);
            const int quality = control.current();
            EXPECT_GE(quality, GlJpegQuality::MIN);
            EXPECT_LE(quality, GlJpegQuality::MAX);
            if (quality > GlJpegQuality::MIN) {
                EXPECT_LE(size, target) << quality << " " << at_reference;
            }
            if (quality < GlJpegQuality::MAX) {
                EXPECT_GT(size, target * 0.6) << quality << " " << at_reference;
            }
        }
    }
}

TEST(JpegQuality, falls_at_once_and_rises_step_by_step)
{
    GlJpegQuality control;
    run(&control, 40, 10000000, 100e3);
    EXPECT_EQ(control.current(), GlJpegQuality::MAX);
    const int low = control.choose(70000, PIXELS);
    EXPECT_LT(low, 75);
    EXPECT_LE(size_at(low, 100e3), 85000u);

    const int next = control.choose(10000000, PIXELS);
    EXPECT_GT(next, low);
    EXPECT_LE(next, low + 6);
}

TEST(JpegQuality, does_not_flicker)
{
    /* 8 % of noise around what just fits */
    GlJpegQuality control;
    uint32_t seed = 5;
    int changes = 0, before = 0;
    for (int i = 0; i < 400; i++) {
        seed = seed * 1664525 + 1013904223;
        const double noise = 1 + 0.08 * (double(seed >> 8) / (1 << 24) - 0.5);
        const int quality = control.choose(100000, PIXELS);
        control.observed(quality, size_at(quality, 110e3 * noise), PIXELS);
        changes += i > 50 && quality != before;
        before = quality;
    }
    EXPECT_LE(changes, 4);
}

TEST(JpegQuality, more_motion_is_believed_within_two_pictures)
{
    GlJpegQuality control;
    run(&control, 40, 100000, 50e3);
    run(&control, 2, 100000, 150e3);
    EXPECT_LE(size_at(control.choose(100000, PIXELS), 150e3), 125000u);
}

TEST(JpegQuality, small_pictures_say_nothing_wrong_about_large_ones)
{
    GlJpegQuality control;
    run(&control, 20, 100000, 80e3);
    const size_t before = control.expected(80, PIXELS);
    for (int i = 0; i < 20; i++) { /* of the same content */
        control.observed(80, 620 + 80000 * 4096 / PIXELS, 4096);
    }
    EXPECT_NEAR(double(control.expected(80, PIXELS)), double(before), before * 0.1);
}

TEST(JpegQuality, tells_the_size_at_the_reference)
{
    GlJpegQuality control;
    EXPECT_FALSE(control.known());
    EXPECT_GT(control.expected(GlJpegQuality::REFERENCE, PIXELS), 0u);
    run(&control, 40, 60000, 100e3);
    EXPECT_TRUE(control.known());
    EXPECT_LT(control.current(), 75);
    const double at = control.expected(GlJpegQuality::REFERENCE, PIXELS);
    EXPECT_NEAR(at, 100e3, 33e3);
}

TEST(JpegQuality, survives_nonsense)
{
    GlJpegQuality control;
    control.observed(80, 0, PIXELS);
    control.observed(80, 100, 0);
    EXPECT_FALSE(control.known());
    EXPECT_EQ(control.choose(0, PIXELS), GlJpegQuality::MIN);
    control.observed(-5, 1, 1);
    control.observed(1000, SIZE_MAX, 1);
    for (int i = 0; i < 20; i++) {
        const int quality = control.choose(SIZE_MAX, i);
        EXPECT_GE(quality, GlJpegQuality::MIN);
        EXPECT_LE(quality, GlJpegQuality::MAX);
    }
    EXPECT_EQ(control.choose(1, PIXELS), GlJpegQuality::MIN);
}

/* With real pictures: the expected size is right once a picture or two have been seen */
TEST(JpegQuality, predicts_real_pictures)
{
    GlJpeg jpeg;
    std::vector<uint8_t> data;
    for (auto kind : { Picture::text, Picture::photo, Picture::motion, Picture::render }) {
        GlJpegQuality control;
        for (int i = 0; i < 30; i++) {
            const auto frame = picture(kind, 640, 360, i);
            const size_t pixels = 640 * 360, target = 30000;
            const int quality = control.choose(target, pixels);
            const size_t expected = control.expected(quality, pixels);
            ASSERT_TRUE(jpeg.encode(*frame, frame->all(), quality, &data));
            control.observed(quality, data.size(), pixels);
            if (i >= 10) {
                EXPECT_NEAR(double(data.size()), double(expected), expected * 0.25) << int(kind);
                EXPECT_TRUE(data.size() <= target * 1.1 || quality == GlJpegQuality::MIN);
            }
        }
    }
}

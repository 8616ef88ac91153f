/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Software video with the elements that are installed, decoded again. What encoders of any kind do
 * when they stall or fail is tested on the VA double (test-gl-hw-encoder.cpp). */
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <ostream>

#include <gst/gst.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gl-codecs.hpp"
#include "gl-sw-encoder.hpp"
#include "test-pictures.hpp"
#include "video-decoder.hpp"

using namespace red;

namespace {

constexpr uint32_t WIDTH = 640, HEIGHT = 360, RATE = 60; /* frames per second */
constexpr int SCENE = 60; /* frames of it */

/* Made once: that takes longer than encoding them */
const std::vector<GlFramePtr> &scene()
{
    static const auto frames = [] {
        std::vector<GlFramePtr> made;
        for (int t = 0; t < SCENE; t++) {
            made.push_back(picture(Picture::render, WIDTH, HEIGHT, t));
        }
        return made;
    }();
    return frames;
}

/* To WIDTH x HEIGHT as clients scale, nearest neighbour */
std::vector<uint8_t> scaled(const DecodedPicture &from, uint32_t width, uint32_t height)
{
    std::vector<uint8_t> pixels;
    for (uint32_t y = 0; y < height; y++) {
        const uint32_t line = (2 * y + 1) * from.height / (2 * height);
        for (uint32_t x = 0; x < width; x++) {
            const uint32_t column = (2 * x + 1) * from.width / (2 * width);
            auto pixel = from.pixels.data() + (size_t{line} * from.width + column) * 4;
            pixels.insert(pixels.end(), pixel, pixel + 4);
        }
    }
    return pixels;
}

struct Kind {
    const char *name;
    SpiceVideoCodecType codec;
    const char *hidden; /* hides this element, so that the next one is used */
};

const Kind X264 = { "x264", SPICE_VIDEO_CODEC_TYPE_H264, nullptr };
const Kind OPENH264 = { "openh264", SPICE_VIDEO_CODEC_TYPE_H264, "x264enc" };
const Kind VP8 = { "vp8", SPICE_VIDEO_CODEC_TYPE_VP8, nullptr };
const Kind VP9 = { "vp9", SPICE_VIDEO_CODEC_TYPE_VP9, nullptr };

void PrintTo(const Kind &kind, std::ostream *stream)
{
    *stream << kind.name;
}

std::string name_of(const testing::TestParamInfo<Kind> &info)
{
    return info.param.name;
}

/* As if the element were not installed */
class HiddenElement
{
public:
    explicit HiddenElement(const char *name)
    {
        if (name && (feature = gst_registry_lookup_feature(gst_registry_get(), name))) {
            gst_registry_remove_feature(gst_registry_get(), feature);
        }
    }
    ~HiddenElement()
    {
        if (feature) {
            gst_registry_add_feature(gst_registry_get(), feature);
            gst_object_unref(feature);
        }
    }
    HiddenElement(const HiddenElement &) = delete;
    HiddenElement &operator=(const HiddenElement &) = delete;

private:
    GstPluginFeature *feature = nullptr;
};

} // namespace

class SwEncoder: public testing::TestWithParam<Kind>
{
protected:
    void SetUp() override
    {
        if (!gl_sw_can_encode(GetParam().codec)) {
            GTEST_SKIP() << "GStreamer has no software encoder for it here";
        }
    }
    void TearDown() override
    {
        encoder.reset();
        EXPECT_TRUE(GlSwEncoder::wait_ended(10000));
    }

    void make(uint32_t width = WIDTH, uint32_t height = HEIGHT, uint64_t bit_rate = 4000000)
    {
        std::string why;
        encoder = GlSwEncoder::create({ GetParam().codec, width, height, RATE, bit_rate }, {
            [this](std::vector<uint8_t> &&frame, bool key) {
                std::lock_guard<std::mutex> guard(lock);
                frames.push_back(std::move(frame));
                keys += key;
                changed.notify_all();
            },
            [this](const std::string &reason) {
                std::lock_guard<std::mutex> guard(lock);
                failure = reason;
                changed.notify_all();
            } }, &why);
        ASSERT_TRUE(encoder) << why;
    }
    /* The frame is out before the next picture goes in */
    void encode(const GlFramePtr &frame, const GlRect &part)
    {
        const size_t before = frames.size();
        encoder->push(frame, part);
        std::unique_lock<std::mutex> guard(lock);
        const bool in_time = changed.wait_for(guard, std::chrono::seconds(20), [&] {
            return frames.size() > before || !failure.empty();
        });
        ASSERT_TRUE(in_time) << "it keeps frame " << before;
        ASSERT_EQ(failure, "");
        ASSERT_EQ(frames.size(), before + 1);
    }
    void encode_scene(int n, int begin = 0)
    {
        for (int i = begin; i < begin + n; i++) {
            encode(scene()[i % SCENE], { 0, 0, WIDTH, HEIGHT });
            if (HasFatalFailure()) {
                return;
            }
        }
    }
    double bits_per_second(size_t begin, size_t end) const
    {
        size_t bytes = 0;
        for (size_t i = begin; i < end; i++) {
            bytes += frames[i].size();
        }
        return bytes * 8.0 * RATE / (end - begin);
    }

    const HiddenElement hidden{ GetParam().hidden };
    std::mutex lock;
    std::condition_variable changed;
    std::vector<std::vector<uint8_t>> frames;
    size_t keys = 0;
    std::string failure;
    std::unique_ptr<GlSwEncoder> encoder;
};

TEST_P(SwEncoder, each_frame_comes_out_before_the_next_goes_in_and_shows_it)
{
    std::string why;
    auto decoder = VideoDecoder::create(GetParam().codec, &why);
    if (!decoder) {
        GTEST_SKIP() << why;
    }
    make();
    for (int i = 0; i < 60; i++) {
        ASSERT_NO_FATAL_FAILURE(encode_scene(1, i));
        decoder->push(frames.back());
        DecodedPicture shown;
        ASSERT_TRUE(decoder->pull(&shown, 5000)) << "the decoder keeps frame " << i;
        ASSERT_EQ(shown.width, WIDTH);
        ASSERT_EQ(shown.height, HEIGHT);
        if (i >= 10) { /* the first ones have little room */
            EXPECT_GT(psnr(*scene()[i], scene()[i]->all(), shown.pixels.data(), WIDTH * 4), 26)
                << i;
        }
    }
    EXPECT_EQ(keys, 1u);
}

TEST_P(SwEncoder, the_bit_rate_is_followed_without_a_restart)
{
    make();
    int at = 0;
    /* that the scene can use: less than what a perfect picture takes */
    for (uint64_t rate : { 2000000, 900000, 1500000 }) {
        encoder->set_bit_rate(rate);
        ASSERT_NO_FATAL_FAILURE(encode_scene(30, at)); /* half a second to get there */
        const size_t begin = frames.size();
        ASSERT_NO_FATAL_FAILURE(encode_scene(60, at + 30));
        at += 90;
        EXPECT_NEAR(bits_per_second(begin, frames.size()), rate, rate * 0.3) << rate;
    }
    EXPECT_EQ(keys, 1u);
}

TEST_P(SwEncoder, no_frame_takes_many_frames_share)
{
    make(WIDTH, HEIGHT, 2000000);
    ASSERT_NO_FATAL_FAILURE(encode_scene(60));
    const size_t share = 2000000 / 8 / RATE;
    EXPECT_LT(frames[0].size(), share * 6); /* the key frame */
    for (size_t i = 5; i < frames.size(); i++) {
        EXPECT_LT(frames[i].size(), share * 3) << i;
    }
}

TEST_P(SwEncoder, a_thin_line_gets_moving_pictures_too)
{
    std::string why;
    auto decoder = VideoDecoder::create(GetParam().codec, &why);
    if (!decoder) {
        GTEST_SKIP() << why;
    }
    make(WIDTH, HEIGHT, 300000);
    DecodedPicture shown;
    for (int i = 0; i < 60; i++) {
        ASSERT_NO_FATAL_FAILURE(encode_scene(1, i));
        decoder->push(frames.back());
        ASSERT_TRUE(decoder->pull(&shown, 5000));
    }
    const auto &last = *scene()[59], &first = *scene()[0];
    EXPECT_GT(psnr(last, last.all(), shown.pixels.data(), WIDTH * 4),
              psnr(first, first.all(), shown.pixels.data(), WIDTH * 4) + 1);
    /* VP8 and openh264 cannot manage with 600 bytes per frame */
    EXPECT_LT(bits_per_second(10, 60), 300000 * 3);
}

TEST_P(SwEncoder, a_key_frame_comes_when_asked_for)
{
    std::string why;
    make();
    ASSERT_NO_FATAL_FAILURE(encode_scene(5));
    EXPECT_EQ(keys, 1u);
    encoder->force_key_frame();
    ASSERT_NO_FATAL_FAILURE(encode_scene(1, 5));
    EXPECT_EQ(keys, 2u);
    ASSERT_NO_FATAL_FAILURE(encode_scene(3, 6));
    EXPECT_EQ(keys, 2u);

    /* and a decoder can begin with it */
    auto decoder = VideoDecoder::create(GetParam().codec, &why);
    if (!decoder) {
        GTEST_SKIP() << why;
    }
    DecodedPicture shown;
    for (int i = 5; i < 9; i++) {
        decoder->push(frames[i]);
        ASSERT_TRUE(decoder->pull(&shown, 5000)) << i;
    }
    EXPECT_GT(psnr(*scene()[8], scene()[8]->all(), shown.pixels.data(), WIDTH * 4), 20);
}

TEST_P(SwEncoder, parts_of_frames)
{
    std::string why;
    auto decoder = VideoDecoder::create(GetParam().codec, &why);
    if (!decoder) {
        GTEST_SKIP() << why;
    }
    const GlRect part = { 101, 53, 322, 204 };
    make(part.w, part.h);
    DecodedPicture shown;
    for (int i = 0; i < 20; i++) {
        ASSERT_NO_FATAL_FAILURE(encode(scene()[i], part));
        decoder->push(frames.back());
        ASSERT_TRUE(decoder->pull(&shown, 5000));
    }
    ASSERT_EQ(shown.width, part.w);
    ASSERT_EQ(shown.height, part.h);
    EXPECT_GT(psnr(*scene()[19], part, shown.pixels.data(), part.w * 4), 26);
}

TEST_P(SwEncoder, sizes_that_codecs_cannot_do)
{
    const GlRect parts[] = { { 0, 0, 321, 203 }, { 1, 1, 320, 181 }, { 1, 0, 5, 3 }, { 0, 9, 1, 1 },
                             { 0, 0, 639, 1 } };
    std::string why;
    for (const auto &part : parts) {
        auto decoder = VideoDecoder::create(GetParam().codec, &why);
        if (!decoder) {
            GTEST_SKIP() << why;
        }
        frames.clear();
        make(part.w, part.h);
        DecodedPicture shown;
        for (int i = 0; i < 10; i++) {
            ASSERT_NO_FATAL_FAILURE(encode(scene()[i], part)) << part.w << "x" << part.h;
            decoder->push(frames.back());
            ASSERT_TRUE(decoder->pull(&shown, 5000));
        }
        EXPECT_EQ(shown.width % 2, 0u);
        const auto pixels = scaled(shown, part.w, part.h);
        EXPECT_GT(psnr(*scene()[9], part, pixels.data(), part.w * 4), 24)
            << part.w << "x" << part.h << " as " << shown.width << "x" << shown.height;
    }
}

TEST_P(SwEncoder, gives_frames_back)
{
    make();
    std::vector<std::weak_ptr<const GlFrame>> alive;
    for (int i = 0; i < 5; i++) {
        GlFramePtr frame = picture(Picture::render, WIDTH, HEIGHT, i);
        alive.push_back(frame);
        ASSERT_NO_FATAL_FAILURE(encode(frame, frame->all()));
    }
    /* the last picture has been encoded, and is being returned */
    for (int i = 0; i < 500 && !alive.back().expired(); i++) {
        usleep(10000);
    }
    for (auto &frame : alive) {
        EXPECT_TRUE(frame.expired());
    }
}

TEST_P(SwEncoder, the_newest_picture_waits_and_older_ones_go)
{
    make();
    for (int i = 0; i < 30; i++) {
        encoder->push(scene()[i], scene()[i]->all());
        EXPECT_LE(encoder->pending(), GlEncoder::MAX_IN_FLIGHT + 1);
        /* for the one that waits, while another is being encoded */
        encoder->set_bit_rate(1000000 + 100000 * i);
        encoder->force_key_frame();
        usleep(2000);
    }
    std::unique_lock<std::mutex> guard(lock);
    EXPECT_TRUE(changed.wait_for(guard, std::chrono::seconds(20), [&] {
        return frames.size() + encoder->replaced() >= 30;
    })) << failure;
    EXPECT_EQ(encoder->pending(), 0u);
}

TEST_P(SwEncoder, ends_at_any_time_without_waiting)
{
    for (int pushed = 0; pushed < 4; pushed++) {
        frames.clear();
        make();
        for (int i = 0; i < pushed; i++) {
            encoder->push(scene()[i], scene()[i]->all());
        }
        if (pushed == 3) {
            usleep(100000);
        }
        const auto begin = std::chrono::steady_clock::now();
        encoder.reset();
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
    }
    EXPECT_TRUE(GlSwEncoder::wait_ended(10000));
}

INSTANTIATE_TEST_SUITE_P(Kinds, SwEncoder, testing::Values(X264, OPENH264, VP8, VP9), name_of);

/* ---- H.264 alone ---- */

class SwEncoderH264: public SwEncoder {};

/* 0: none */
static int unit_types(const std::vector<uint8_t> &frame, std::vector<int> *types)
{
    for (size_t i = 0; i + 3 < frame.size(); i++) {
        if (frame[i] == 0 && frame[i + 1] == 0 && frame[i + 2] == 1) {
            types->push_back(frame[i + 3] & 31);
        }
    }
    return types->empty() ? 0 : types->front();
}

TEST_P(SwEncoderH264, parameter_sets_come_with_key_frames_only)
{
    constexpr int SLICE = 1, IDR = 5, SPS = 7, PPS = 8;
    make();
    ASSERT_NO_FATAL_FAILURE(encode_scene(5));
    encoder->force_key_frame();
    ASSERT_NO_FATAL_FAILURE(encode_scene(1));
    for (size_t i = 0; i < frames.size(); i++) {
        std::vector<int> types;
        ASSERT_NE(unit_types(frames[i], &types), 0);
        const bool key = i == 0 || i == 5;
        EXPECT_EQ(std::count(types.begin(), types.end(), SPS) > 0, key) << i;
        EXPECT_EQ(std::count(types.begin(), types.end(), PPS) > 0, key) << i;
        EXPECT_EQ(std::count(types.begin(), types.end(), IDR) > 0, key) << i;
        EXPECT_EQ(std::count(types.begin(), types.end(), SLICE) > 0, !key) << i;
    }
}

TEST_P(SwEncoderH264, the_flush_unit_makes_spice_gtk_show_the_frame)
{
    std::string why;
    auto without = VideoDecoder::create(GetParam().codec, &why, true);
    auto with = VideoDecoder::create(GetParam().codec, &why, true);
    if (!without || !with) {
        GTEST_SKIP() << why;
    }
    make();
    DecodedPicture shown;
    for (int i = 0; i < 20; i++) {
        ASSERT_NO_FATAL_FAILURE(encode_scene(1, i));
        with->push(frames.back());
        with->push(gl_h264_flush_unit());
        ASSERT_TRUE(with->pull(&shown, 5000)) << i;
        EXPECT_FALSE(with->pull(&shown, 0)) << i;
        if (i >= 10) {
            EXPECT_GT(psnr(*scene()[i], scene()[i]->all(), shown.pixels.data(), WIDTH * 4), 26);
        }
        without->push(frames.back());
    }
    /* without it, one frame less has been shown */
    for (int i = 0; i < 19; i++) {
        ASSERT_TRUE(without->pull(&shown, 5000)) << i;
    }
    EXPECT_FALSE(without->pull(&shown, 300));
}

INSTANTIATE_TEST_SUITE_P(Kinds, SwEncoderH264, testing::Values(X264, OPENH264), name_of);

/* ---- without an encoder ---- */

TEST(SwEncoderNone, what_cannot_be_encoded_is_refused_with_a_reason)
{
    std::string why;
    EXPECT_FALSE(gl_sw_can_encode(SPICE_VIDEO_CODEC_TYPE_H265));
    EXPECT_FALSE(GlSwEncoder::create({ SPICE_VIDEO_CODEC_TYPE_H265, 64, 64, 60, 1000000 }, {},
                                     &why));
    EXPECT_NE(why, "");
    if (gl_sw_can_encode(SPICE_VIDEO_CODEC_TYPE_VP8)) {
        why.clear();
        EXPECT_FALSE(GlSwEncoder::create({ SPICE_VIDEO_CODEC_TYPE_VP8, 0, 64, 60, 1000000 }, {},
                                         &why));
        EXPECT_NE(why, "");
    }
}

TEST(SwEncoderNone, even_rectangles_where_there_is_room)
{
    EXPECT_EQ(gl_even({ 2, 4, 6, 8 }, 100, 100), (GlRect{ 2, 4, 6, 8 }));
    EXPECT_EQ(gl_even({ 3, 5, 7, 9 }, 100, 100), (GlRect{ 3, 5, 8, 10 }));
    EXPECT_EQ(gl_even({ 93, 91, 7, 9 }, 100, 100), (GlRect{ 92, 90, 8, 10 }));
    EXPECT_EQ(gl_even({ 0, 0, 101, 99 }, 101, 100), (GlRect{ 0, 0, 101, 100 }));
    EXPECT_EQ(gl_even({ 0, 0, 1, 1 }, 1, 1), (GlRect{ 0, 0, 1, 1 }));
}

int main(int argc, char **argv)
{
    gst_init(&argc, &argv); // decoders, too
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The hardware encoder's path, on the VA double. The GPUs are /dev/null and /dev/zero: nodes that
 * can be opened and told apart. */
#include <chrono>
#include <condition_variable>
#include <mutex>

#include <gst/gst.h>
#include <sys/stat.h>

#include "gl-fixture.hpp"
#include "gl-hw-encoder.hpp"
#include "gst-double.hpp"

using namespace red;

namespace {

constexpr uint32_t XR24 = 0x34325258, AR24 = 0x34325241, WIDTH = 320, HEIGHT = 192;

GlRenderNode gpu_at(const std::string &node)
{
    struct stat st;
    GlRenderNode gpu;
    gpu.path = node;
    gpu.device = stat(node.c_str(), &st) == 0 ? st.st_rdev : 0;
    return gpu;
}

/* A picture in a dma-buf, which lives as long as there is a reference to it */
struct TestPicture {
    MemoryBuffer memory{ WIDTH * 4 * HEIGHT };
    GlDmabuf buffer;

    explicit TestPicture(uint32_t fourcc = XR24, uint64_t modifier = 0)
    {
        buffer.width = WIDTH;
        buffer.height = HEIGHT;
        buffer.fourcc = fourcc;
        buffer.modifier = modifier;
        buffer.num_planes = 1;
        buffer.stride[0] = WIDTH * 4;
        buffer.fd[0] = dup(memory.fd);
    }
    uint64_t inode() const
    {
        struct stat st{};
        fstat(memory.fd, &st);
        return st.st_ino;
    }
};

} // namespace

class HwEncoder: public testing::Test
{
protected:
    void SetUp() override
    {
        if (!TestPicture().memory.ok()) {
            GTEST_SKIP() << "no dma-bufs: neither /dev/udmabuf nor its test double";
        }
        std::string why;
        va = GlVaEncoders::open(gpu_at("/dev/null"), &why);
        ASSERT_TRUE(va) << why;
    }
    void TearDown() override
    {
        encoder.reset();
        dut.order("");
        EXPECT_TRUE(GlHwEncoder::wait_ended(10000));
    }

    GlHwEncoder::Callbacks callbacks()
    {
        GlHwEncoder::Callbacks c;
        c.encoded = [this](std::vector<uint8_t> &&frame, bool key) {
            std::lock_guard<std::mutex> guard(lock);
            frames.push_back(std::move(frame));
            keys += key;
            changed.notify_all();
        };
        c.failed = [this](const std::string &why) {
            std::lock_guard<std::mutex> guard(lock);
            failures.push_back(why);
            changed.notify_all();
        };
        return c;
    }
    void make(uint32_t fourcc = XR24, uint64_t modifier = 0, uint32_t w = WIDTH,
              uint32_t h = HEIGHT, SpiceVideoCodecType codec = SPICE_VIDEO_CODEC_TYPE_H264)
    {
        std::string why;
        encoder = GlHwEncoder::create(va, { codec, w, h, fourcc, modifier, 60, 4000000 },
                                      callbacks(), &why);
        ASSERT_TRUE(encoder) << why;
    }
    void push(const std::shared_ptr<TestPicture> &picture)
    {
        encoder->push(picture->buffer, { 0, 0, WIDTH, HEIGHT }, picture);
    }
    bool wait_frames(size_t n)
    {
        std::unique_lock<std::mutex> guard(lock);
        return changed.wait_for(guard, std::chrono::seconds(20), [&] {
            return frames.size() >= n || !failures.empty(); }) && frames.size() >= n;
    }
    std::string wait_failure()
    {
        std::unique_lock<std::mutex> guard(lock);
        changed.wait_for(guard, std::chrono::seconds(20), [&] { return !failures.empty(); });
        return failures.empty() ? "" : failures[0];
    }
    /* Pushes N pictures, each when the previous one has come out */
    void push_one_by_one(size_t n)
    {
        for (size_t i = 0; i < n; i++) {
            push(std::make_shared<TestPicture>());
            ASSERT_TRUE(wait_frames(i + 1)) << i << ": " << (failures.empty() ? "late" : failures[0]);
        }
    }

    VaDouble dut;
    std::shared_ptr<GlVaEncoders> va;
    std::mutex lock;
    std::condition_variable changed;
    std::vector<std::vector<uint8_t>> frames;
    std::vector<std::string> failures;
    size_t keys = 0;
    std::unique_ptr<GlHwEncoder> encoder;
};

TEST_F(HwEncoder, encodes_the_very_buffers_it_is_given)
{
    make();
    auto picture = std::make_shared<TestPicture>();
    push(picture);
    ASSERT_TRUE(wait_frames(1)) << wait_failure();
    /* the byte stream's start code, which decoders need at the beginning */
    ASSERT_GT(frames[0].size(), 4u);
    EXPECT_EQ(std::vector<uint8_t>(frames[0].begin(), frames[0].begin() + 4),
              (std::vector<uint8_t>{ 0, 0, 0, 1 }));
    EXPECT_EQ(keys, 1u);
    const auto seen = dut.lines("frame ");
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_NE(seen[0].find("inode=" + std::to_string(picture->inode())), std::string::npos);
    EXPECT_NE(seen[0].find("fourcc=XR24 modifier=0x0000000000000000 320x192"), std::string::npos)
        << seen[0];
}

TEST_F(HwEncoder, alpha_is_ignored_where_only_opaque_pictures_are_taken)
{
    dut.order("only-modifier=0x7");
    make(AR24, 7);
    push(std::make_shared<TestPicture>(AR24, 7));
    ASSERT_TRUE(wait_frames(1)) << wait_failure();
    EXPECT_NE(dut.lines("frame ")[0].find("fourcc=XR24 modifier=0x0000000000000007"),
              std::string::npos);
}

TEST_F(HwEncoder, a_modifier_that_it_does_not_take_is_a_failure_that_says_so)
{
    dut.order("only-modifier=0x7");
    make(XR24, 9);
    push(std::make_shared<TestPicture>(XR24, 9));
    EXPECT_EQ(wait_failure(), "vah264enc does not accept XR24:0x0000000000000009 at 320x192");
    EXPECT_TRUE(frames.empty());
}

TEST_F(HwEncoder, refused_caps_are_a_failure)
{
    dut.order("refuse-caps");
    make();
    push(std::make_shared<TestPicture>());
    EXPECT_NE(wait_failure().find("not-negotiated"), std::string::npos) << wait_failure();
}

TEST_F(HwEncoder, an_error_in_mid_stream_is_reported_once)
{
    dut.order("fail-at=3");
    make();
    push_one_by_one(2);
    push(std::make_shared<TestPicture>());
    EXPECT_EQ(wait_failure(), "vah264enc: ordered to fail");
    push(std::make_shared<TestPicture>());
    usleep(200000);
    EXPECT_EQ(failures.size(), 1u);
    EXPECT_EQ(frames.size(), 2u);
}

TEST_F(HwEncoder, a_dead_element_is_a_failure)
{
    dut.order("die-at=2");
    make();
    push_one_by_one(1);
    push(std::make_shared<TestPicture>());
    EXPECT_EQ(wait_failure(), "the encoder ended unexpectedly");
}

TEST_F(HwEncoder, a_stall_is_noticed_after_a_second_and_holds_up_nobody)
{
    using Clock = std::chrono::steady_clock;
    dut.order("stall-at=2");
    make();
    push_one_by_one(1);
    const auto begin = Clock::now();
    for (int i = 0; i < 10; i++) {
        push(std::make_shared<TestPicture>());
    }
    const auto pushed = Clock::now();
    EXPECT_NE(wait_failure().find("stalled"), std::string::npos);
    const auto noticed = Clock::now();
    encoder.reset(); /* while its thread hangs */
    const auto gone = Clock::now();
    EXPECT_LT(pushed - begin, std::chrono::milliseconds(500));
    EXPECT_GE(noticed - begin, std::chrono::milliseconds(GlHwEncoder::STALL_MS));
    EXPECT_LT(noticed - begin, 2 * std::chrono::milliseconds(GlHwEncoder::STALL_MS));
    EXPECT_LT(gone - noticed, std::chrono::milliseconds(500));
}

TEST_F(HwEncoder, a_hanging_encoder_calls_nobody_back_after_it_was_given_up)
{
    dut.order("stall-at=1");
    make();
    auto picture = std::make_shared<TestPicture>();
    std::weak_ptr<TestPicture> alive = picture;
    push(picture);
    picture.reset();
    while (dut.lines("frame ").empty()) {
        usleep(10000);
    }
    encoder.reset();
    EXPECT_FALSE(GlHwEncoder::wait_ended(100));
    dut.order("");
    EXPECT_TRUE(GlHwEncoder::wait_ended(10000));
    EXPECT_FALSE(alive.expired()); /* lost for good: its owner may be gone */
}

TEST_F(HwEncoder, pictures_in_flight_are_kept_and_dropped_afterwards)
{
    dut.order("stall-at=1");
    make();
    auto picture = std::make_shared<TestPicture>();
    std::weak_ptr<TestPicture> alive = picture;
    push(picture);
    picture.reset();
    usleep(100000);
    EXPECT_FALSE(alive.expired());
    dut.order("");
    ASSERT_TRUE(wait_frames(1)) << wait_failure();
    encoder.reset();
    EXPECT_TRUE(GlHwEncoder::wait_ended(10000));
    EXPECT_TRUE(alive.expired());
}

TEST_F(HwEncoder, the_newest_waits_and_older_ones_go)
{
    dut.order("stall-at=1");
    make();
    std::vector<std::weak_ptr<TestPicture>> alive;
    uint64_t last = 0;
    for (int i = 0; i < 10; i++) {
        auto picture = std::make_shared<TestPicture>();
        last = picture->inode();
        alive.push_back(picture);
        push(picture);
        while (i == 0 && dut.lines("frame ").empty()) {
            usleep(10000);
        }
    }
    size_t kept = 0;
    for (auto &picture : alive) {
        kept += !picture.expired();
    }
    EXPECT_EQ(kept, GlHwEncoder::MAX_IN_FLIGHT + 1);
    EXPECT_EQ(encoder->pending(), GlHwEncoder::MAX_IN_FLIGHT + 1);
    EXPECT_EQ(encoder->replaced(), 10 - (GlHwEncoder::MAX_IN_FLIGHT + 1));
    dut.order("");
    ASSERT_TRUE(wait_frames(GlHwEncoder::MAX_IN_FLIGHT + 1)) << wait_failure();
    EXPECT_NE(dut.lines("frame ").back().find("inode=" + std::to_string(last)), std::string::npos);
}

TEST_F(HwEncoder, a_key_frame_comes_when_asked_for)
{
    make();
    push_one_by_one(3);
    EXPECT_EQ(keys, 1u);
    encoder->force_key_frame();
    push(std::make_shared<TestPicture>());
    ASSERT_TRUE(wait_frames(4));
    EXPECT_EQ(keys, 2u);
}

TEST_F(HwEncoder, the_bit_rate_can_be_changed)
{
    make();
    push_one_by_one(1);
    EXPECT_EQ(dut.lines("bitrate").back(), "bitrate vah264enc 4000");
    encoder->set_bit_rate(1500000);
    push(std::make_shared<TestPicture>());
    ASSERT_TRUE(wait_frames(2));
    EXPECT_EQ(dut.lines("bitrate").back(), "bitrate vah264enc 1500");
}

TEST_F(HwEncoder, takes_parts_of_linear_buffers_only)
{
    make(XR24, 0, 64, 32);
    TestPicture linear, tiled(XR24, 5);
    const GlRect part = { 64, 32, 64, 32 };
    EXPECT_TRUE(encoder->takes(linear.buffer, part));
    EXPECT_FALSE(encoder->takes(linear.buffer, { 0, 0, WIDTH, HEIGHT }));
    EXPECT_FALSE(encoder->takes(tiled.buffer, part));
    auto picture = std::make_shared<TestPicture>();
    encoder->push(picture->buffer, part, picture);
    EXPECT_TRUE(wait_frames(1)) << wait_failure();
}

TEST_F(HwEncoder, other_codecs_of_the_gpu_work_too)
{
    ASSERT_STREQ(va->encoder(SPICE_VIDEO_CODEC_TYPE_VP9), "vavp9enc");
    make(XR24, 0, WIDTH, HEIGHT, SPICE_VIDEO_CODEC_TYPE_VP9);
    push(std::make_shared<TestPicture>());
    EXPECT_TRUE(wait_frames(1)) << wait_failure();
}

TEST_F(HwEncoder, what_the_encoder_does_not_take_is_converted_on_the_gpu)
{
    std::string why;
    va = GlVaEncoders::open(gpu_at("/dev/zero"), &why);
    ASSERT_TRUE(va) << why;
    dut.order("only-modifier=0x7");
    make(XR24, 9);
    auto picture = std::make_shared<TestPicture>(XR24, 9);
    push(picture);
    ASSERT_TRUE(wait_frames(1)) << wait_failure();
    EXPECT_EQ(dut.lines("convert ").back(),
              "convert varenderD129postproc inode=" + std::to_string(picture->inode()));
    EXPECT_EQ(dut.lines("converted ").size(), 1u);
    EXPECT_TRUE(dut.lines("frame ").empty());
}

TEST_F(HwEncoder, every_gpu_has_its_own_elements)
{
    std::string why;
    auto second = GlVaEncoders::open(gpu_at("/dev/zero"), &why);
    ASSERT_TRUE(second) << why;
    EXPECT_STREQ(va->encoder(SPICE_VIDEO_CODEC_TYPE_H264), "vah264enc");
    EXPECT_STREQ(second->encoder(SPICE_VIDEO_CODEC_TYPE_H264), "varenderD129h264enc");
    EXPECT_EQ(second->encoder(SPICE_VIDEO_CODEC_TYPE_VP9), nullptr);
}

TEST_F(HwEncoder, another_gpus_encoder_is_never_taken)
{
    std::string why;
    EXPECT_FALSE(GlVaEncoders::open(gpu_at("/dev/full"), &why));
    EXPECT_EQ(why, "GStreamer has no VA encoder for /dev/full, only for another GPU");
    EXPECT_FALSE(GlVaEncoders::open(GlRenderNode(), &why));
}

TEST_F(HwEncoder, the_gpu_is_opened_once_and_lent)
{
    const auto before = dut.lines("open ").size();
    make();
    push_one_by_one(1);
    EXPECT_EQ(dut.lines("open ").size(), before);
    EXPECT_FALSE(dut.lines("shared ").empty());
}

TEST_F(HwEncoder, leaves_no_fds_and_no_threads)
{
    make();
    push_one_by_one(2);
    encoder.reset();
    ASSERT_TRUE(GlHwEncoder::wait_ended(10000));
    const int fds = open_fds(), before = threads();
    frames.clear();
    for (int i = 0; i < 8; i++) {
        make();
        push_one_by_one(1);
        encoder.reset();
        ASSERT_TRUE(GlHwEncoder::wait_ended(10000));
        frames.clear();
    }
    EXPECT_LE(open_fds(), fds);
    EXPECT_LE(threads(), before + 2) << "GLib keeps two idle ones";
}

int main(int argc, char **argv)
{
    VaDouble::announce("vah264enc=/dev/null,vavp9enc=/dev/null,varenderD129h264enc=/dev/zero,"
                       "varenderD129postproc=/dev/zero");
    gst_init(&argc, &argv); // the double's own encoder, too
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}

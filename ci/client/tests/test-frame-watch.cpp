/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame-watch.hpp"

#include <gtest/gtest.h>

namespace {

constexpr uint32_t WIDTH = 640, HEIGHT = 360;

Picture frame(uint32_t number)
{
    std::vector<uint32_t> pixels(WIDTH * HEIGHT);
    auto *data = reinterpret_cast<uint8_t *>(pixels.data());
    make_pattern("motion", WIDTH, HEIGHT, 0)->draw({data, WIDTH * 4, WIDTH, HEIGHT}, number, -1);
    return picture_from_bgrx(data, WIDTH, HEIGHT, WIDTH * 4, false);
}

class FrameWatchTest: public testing::Test
{
protected:
    FrameWatchTest()
    {
        watch.count();
        watch.compare_with("motion");
    }

    Picture shown;
    FrameWatch watch{[this](uint32_t) { return shown; }};
};

} // namespace

TEST_F(FrameWatchTest, each_number_is_seen_once_and_when)
{
    shown = frame(7);
    watch.updated(1000);
    watch.updated(2000);
    shown = frame(9);
    watch.updated(3000);
    shown = frame(8);
    watch.updated(4000);
    const auto seen = watch.take_seen();
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[0].at, 1000);
    EXPECT_EQ(seen[1].number, 9);
    EXPECT_EQ(seen[2].at, 4000);
    EXPECT_EQ(watch.number(), 8);
    EXPECT_EQ(watch.highest_number(), 9);
    EXPECT_EQ(watch.backwards(), 1u);
    EXPECT_TRUE(watch.take_seen().empty());
}

TEST_F(FrameWatchTest, a_picture_is_exact_from_the_update_that_made_it_so)
{
    shown = frame(7);
    shown.rgb[shown.rgb.size() - 1] ^= 1;
    watch.updated(1000);
    EXPECT_EQ(watch.exact_since(), -1);
    shown = frame(7);
    watch.updated(2000);
    EXPECT_EQ(watch.exact_since(), 2000);
    watch.updated(3000);
    EXPECT_EQ(watch.exact_since(), 2000);
    shown = frame(8);
    watch.updated(4000);
    EXPECT_EQ(watch.exact_since(), 4000);
}

TEST_F(FrameWatchTest, psnr_is_of_the_luma)
{
    shown = frame(3);
    watch.updated(1000000);
    auto compared = watch.take_compared();
    ASSERT_EQ(compared.size(), 1u);
    EXPECT_EQ(compared[0].number, 3);
    EXPECT_EQ(compared[0].psnr, 99);
    /* All of the same error: 10 * log10(255^2 / 4^2) */
    for (auto &value : shown.rgb) {
        value = value < 128 ? value + 4 : value - 4;
    }
    watch.updated(2000000);
    compared = watch.take_compared();
    ASSERT_EQ(compared.size(), 1u);
    EXPECT_EQ(compared[0].at, 2000000);
    EXPECT_GT(compared[0].psnr, 36.08);
    EXPECT_LT(compared[0].psnr, 45);
}

TEST_F(FrameWatchTest, an_answer_to_a_key_is_noted_once)
{
    shown = frame(1);
    watch.updated(1000);
    watch.expect_echo(1500);
    watch.updated(2000);
    EXPECT_TRUE(watch.take_echoes().empty());
    for (uint32_t y = HEIGHT - 64; y < HEIGHT; y++) {
        const size_t line = size_t{y} * WIDTH * 3;
        for (size_t x = 0; x < 64 * 3; x++) {
            shown.rgb[line + x] ^= 0xff;
        }
    }
    watch.updated(3000);
    watch.updated(4000);
    const auto echoes = watch.take_echoes();
    ASSERT_EQ(echoes.size(), 1u);
    EXPECT_EQ(echoes[0].pressed, 1500);
    EXPECT_EQ(echoes[0].shown, 3000);
}

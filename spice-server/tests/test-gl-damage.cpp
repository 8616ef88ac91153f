/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-damage.hpp"

#include <gtest/gtest.h>
#include <random>

using red::GlDamage;
using red::GlPixels;
using red::GlRect;

namespace {

constexpr uint64_t FRAME_NS = 16666667;

/* A guest's picture, and what a client that gets only the changed parts has of it */
class Picture
{
public:
    Picture(uint32_t width, uint32_t height): w(width), h(height)
    {
        guest.assign(w * h, 0x00102030);
        client.assign(w * h, 0xdeadbeef);
        damage.reset(w, h);
    }

    void fill(const GlRect &r, uint32_t colour)
    {
        for (uint32_t y = r.y; y < r.y + r.h; y++) {
            std::fill_n(&guest[y * w + r.x], r.w, colour);
        }
    }

    /* One frame, of which the guest says that RECT is damaged */
    GlRect frame(const GlRect &rect, uint64_t after_ns = FRAME_NS)
    {
        /* as GL gives it: the lowest line first */
        std::vector<uint32_t> memory;
        for (uint32_t y = rect.y + rect.h; y > rect.y; y--) {
            const uint32_t *line = &guest[(y - 1) * w + rect.x];
            memory.insert(memory.end(), line, line + rect.w);
        }
        GlPixels pixels;
        pixels.top = reinterpret_cast<const uint8_t *>(&memory[(rect.h - 1) * rect.w]);
        pixels.stride = -ptrdiff_t(rect.w * GlPixels::BYTES);
        now += after_ns;
        const GlRect out = damage.changed(rect, pixels, now);
        EXPECT_TRUE(out.empty() || rect.united(out) == rect) << "sent what was not read";
        for (uint32_t y = out.y; y < out.y + out.h; y++) {
            std::copy_n(&guest[y * w + out.x], out.w, &client[y * w + out.x]);
        }
        return out;
    }
    GlRect frame() { return frame({ 0, 0, w, h }); }

    bool client_is_right() const { return guest == client; }

private:
    const uint32_t w, h;
    uint64_t now = 1;
    std::vector<uint32_t> guest, client;
    GlDamage damage;
};

} // namespace

TEST(Changed, the_first_picture_is_sent_whole)
{
    Picture p(101, 37);
    EXPECT_EQ(p.frame(), (GlRect{ 0, 0, 101, 37 }));
    EXPECT_TRUE(p.client_is_right());
}

TEST(Changed, an_unchanged_flip_sends_nothing)
{
    Picture p(101, 37);
    p.frame();
    for (int i = 0; i < 100; i++) {
        EXPECT_TRUE(p.frame().empty());
    }
}

TEST(Changed, unchanged_flips_after_slow_motion_send_nothing)
{
    Picture p(101, 37);
    for (uint32_t i = 0; i < 100; i++) {
        p.fill({ 0, 0, 101, 37 }, i * 0x10101);
        p.frame({ 0, 0, 101, 37 }, 6 * FRAME_NS);
    }
    for (int i = 0; i < 8; i++) {
        EXPECT_TRUE(p.frame({ 0, 0, 101, 37 }, 6 * FRAME_NS).empty());
    }
    EXPECT_TRUE(p.client_is_right());
}

TEST(Changed, a_blinking_cursor_is_sent_alone)
{
    Picture p(101, 37);
    p.frame();
    const GlRect cursor = { 50, 20, 2, 9 };
    for (uint32_t i = 0; i < 40; i++) {
        p.fill(cursor, i % 2 ? 0xffffff : 0);
        EXPECT_EQ(p.frame({ 0, 0, 101, 37 }, 500000000), cursor);
    }
    EXPECT_TRUE(p.client_is_right());
}

TEST(Changed, single_pixels_in_the_corners_are_found)
{
    for (GlRect pixel : { GlRect{ 0, 0, 1, 1 }, GlRect{ 100, 0, 1, 1 }, GlRect{ 0, 36, 1, 1 },
                          GlRect{ 100, 36, 1, 1 } }) {
        Picture p(101, 37);
        p.frame();
        p.fill(pixel, 0xffffff);
        EXPECT_EQ(p.frame(), pixel);
        EXPECT_TRUE(p.client_is_right());
    }
}

/* spice finds a video by frames of the very same place */
TEST(Changed, a_video_keeps_its_place_though_its_edges_rest)
{
    Picture p(101, 37);
    p.frame();
    const GlRect video = { 10, 10, 60, 20 };
    p.fill({ 11, 10, 59, 20 }, 1);
    p.frame({ 0, 0, 101, 37 }, 500000000);
    p.fill({ 10, 10, 58, 20 }, 2);
    EXPECT_EQ(p.frame(), video);
    for (uint32_t i = 0; i < 30; i++) {
        p.fill({ 12 + i % 3, 11, 50, 17 }, 100 + i);
        EXPECT_EQ(p.frame(), video);
    }
    EXPECT_TRUE(p.client_is_right());
}

TEST(Changed, a_small_change_after_a_video_is_small_again)
{
    Picture p(101, 37);
    p.frame();
    p.fill({ 10, 10, 60, 20 }, 1);
    p.frame({ 0, 0, 101, 37 }, 500000000);
    p.fill({ 11, 11, 3, 3 }, 2);
    EXPECT_EQ(p.frame(), (GlRect{ 11, 11, 3, 3 }));
}

TEST(Changed, motion_all_over_that_ends_is_noticed)
{
    Picture p(101, 37);
    for (uint32_t i = 0; i < 100; i++) {
        p.fill({ 0, 0, 101, 37 }, i);
        EXPECT_EQ(p.frame(), (GlRect{ 0, 0, 101, 37 }));
    }
    int sent = 0;
    for (int i = 0; i < 20; i++) {
        sent += !p.frame().empty();
    }
    EXPECT_LE(sent, 8);
    EXPECT_TRUE(p.client_is_right());
}

TEST(Changed, partial_damage_is_never_lost)
{
    std::mt19937 random(1);
    for (int round = 0; round < 20; round++) {
        Picture p(64, 48);
        p.frame();
        for (int i = 0; i < 200; i++) {
            GlRect r;
            r.x = random() % 64;
            r.y = random() % 48;
            r.w = 1 + random() % (64 - r.x);
            r.h = 1 + random() % (48 - r.y);
            if (random() % 3) {
                p.fill(r, random() % 4);
            }
            if (random() % 4 == 0) {
                p.fill({ 0, 0, 64, 48 }, random());
                r = { 0, 0, 64, 48 };
            }
            p.frame(r, random() % 2 ? FRAME_NS : 300000000);
            ASSERT_TRUE(p.client_is_right()) << "round " << round << " frame " << i;
        }
    }
}

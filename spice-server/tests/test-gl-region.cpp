/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Regions, against a bitmap that does the same pixel by pixel. */
#include "gl-region.hpp"

#include <gtest/gtest.h>

#include "test-random.hpp"

using red::GlRect;
using red::GlRegion;

namespace {

constexpr uint32_t SIZE = 40;

/* A region as one bool for each pixel */
struct Bitmap {
    std::vector<bool> in = std::vector<bool>(SIZE * SIZE);

    void set(const GlRect &rect, bool value)
    {
        for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
            for (uint32_t x = rect.x; x < rect.x + rect.w; x++) {
                in[y * SIZE + x] = value;
            }
        }
    }
    void keep(const GlRect &rect)
    {
        Bitmap inside;
        inside.set(rect, true);
        for (size_t i = 0; i < in.size(); i++) {
            in[i] = in[i] && inside.in[i];
        }
    }
    bool operator==(const Bitmap &other) const { return in == other.in; }
};

/* Fails where rectangles overlap or are empty */
Bitmap drawn(const GlRegion &region)
{
    Bitmap bitmap;
    for (const auto &rect : region.rects()) {
        EXPECT_FALSE(rect.empty());
        for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
            for (uint32_t x = rect.x; x < rect.x + rect.w; x++) {
                EXPECT_FALSE(bitmap.in[y * SIZE + x]) << "twice: " << x << ", " << y;
                bitmap.in[y * SIZE + x] = true;
            }
        }
    }
    return bitmap;
}

/* Possibly empty */
GlRect any_rect(Random &random)
{
    return random() % 20 ? random.rect(SIZE, SIZE) : GlRect{ random() % SIZE, 3, 0, 5 };
}

} // namespace

TEST(Region, is_the_set_of_pixels_that_its_operations_say)
{
    Random random(1);
    for (int run = 0; run < 300; run++) {
        GlRegion region;
        Bitmap expected;
        for (int step = 0; step < 20; step++) {
            const GlRect rect = any_rect(random);
            switch (random() % 5) {
            case 0: region &= rect; expected.keep(rect); break;
            case 1: region -= rect; expected.set(rect, false); break;
            default: region += rect; expected.set(rect, true); break;
            }
            ASSERT_TRUE(drawn(region) == expected);
            uint64_t area = 0;
            GlRect bounds;
            for (uint32_t i = 0; i < SIZE * SIZE; i++) {
                if (expected.in[i]) {
                    area++;
                    bounds = bounds.united({ i % SIZE, i / SIZE, 1, 1 });
                }
            }
            ASSERT_EQ(region.area(), area);
            ASSERT_EQ(region.empty(), area == 0);
            if (area) {
                ASSERT_EQ(region.bounds(), bounds);
            }
        }
    }
}

TEST(Region, lists_rectangles_top_to_bottom_and_left_to_right)
{
    Random random(2);
    for (int run = 0; run < 300; run++) {
        GlRegion region;
        for (int i = 0; i < 6; i++) {
            region += any_rect(random);
        }
        GlRect before;
        for (const auto &rect : region.rects()) {
            EXPECT_TRUE(before.empty() || before.y < rect.y ||
                        (before.y == rect.y && before.x < rect.x));
            before = rect;
        }
    }
}

TEST(Region, of_an_empty_rectangle_is_empty)
{
    EXPECT_TRUE(GlRegion().empty());
    EXPECT_TRUE(GlRegion(GlRect{}).empty());
    EXPECT_TRUE(GlRegion(GlRect{ 3, 4, 0, 5 }).empty());
    EXPECT_TRUE(GlRegion(GlRect{ 3, 4, 5, 0 }).empty());
    EXPECT_TRUE(GlRegion(GlRect{ 3, 4, 0, 5 }).rects().empty());
    GlRegion region(GlRect{ 1, 1, 5, 5 });
    region += GlRect{};
    EXPECT_EQ(region, GlRegion(GlRect({ 1, 1, 5, 5 })));
    region &= GlRect{};
    EXPECT_TRUE(region.empty());
}

TEST(Region, is_a_value)
{
    const GlRect a{ 1, 2, 3, 4 }, b{ 10, 2, 3, 4 };
    GlRegion region(a), copy(region);
    copy += b;
    EXPECT_EQ(region, GlRegion(a)) << "a copy is not the original";
    EXPECT_EQ(copy.area(), 24u);

    GlRegion moved(std::move(copy));
    EXPECT_EQ(moved.area(), 24u);
    region = moved;
    EXPECT_EQ(region, moved);
    auto &same = region;
    region = same;
    EXPECT_EQ(region, moved);
    region = GlRegion(b);
    EXPECT_EQ(region, GlRegion(b));
    region.clear();
    EXPECT_TRUE(region.empty());
    EXPECT_EQ(region, GlRegion());

    EXPECT_EQ(GlRegion(a) + b - a, GlRegion(b));
    EXPECT_EQ((GlRegion(a) + b) & a, GlRegion(a));
}

TEST(Region, is_equal_however_it_was_made)
{
    GlRegion halves(GlRect{ 0, 0, 10, 10 });
    halves += GlRect{ 10, 0, 10, 10 };
    EXPECT_EQ(halves, GlRegion(GlRect({ 0, 0, 20, 10 })));
    EXPECT_FALSE(halves == GlRegion(GlRect{ 0, 0, 20, 11 }));
    EXPECT_EQ(halves - halves, GlRegion()) << "nothing is nothing, wherever it was";
    EXPECT_FALSE(GlRegion() == halves);
}

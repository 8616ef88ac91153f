/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-rect.hpp"

#include <gtest/gtest.h>

using red::GlRect;

namespace red {
static std::ostream &operator<<(std::ostream &out, const GlRect &r)
{
    return out << r.w << "x" << r.h << "+" << r.x << "+" << r.y;
}
} // namespace red

constexpr uint32_t MAX = UINT32_MAX;

TEST(Damage, inside_stays_as_it_is)
{
    EXPECT_EQ((GlRect{ 1, 2, 3, 4 }.clipped(4, 6)), (GlRect{ 1, 2, 3, 4 }));
    EXPECT_EQ((GlRect{ 0, 0, 7, 5 }.clipped(7, 5)), (GlRect{ 0, 0, 7, 5 }));
}

TEST(Damage, what_sticks_out_is_cut_off)
{
    EXPECT_EQ((GlRect{ 1, 2, 3, 4 }.clipped(3, 3)), (GlRect{ 1, 2, 2, 1 }));
    EXPECT_EQ((GlRect{ 6, 4, 100, 100 }.clipped(7, 5)), (GlRect{ 6, 4, 1, 1 }));
    EXPECT_TRUE((GlRect{ 7, 0, 1, 1 }.clipped(7, 5).empty()));
    EXPECT_TRUE((GlRect{ 0, 5, 1, 1 }.clipped(7, 5).empty()));
    EXPECT_TRUE((GlRect{ 0, 0, 1, 1 }.clipped(0, 0).empty()));
}

TEST(Damage, any_values_of_a_guest_are_safe)
{
    EXPECT_EQ((GlRect{ 5, 5, MAX, MAX }.clipped(10, 10)), (GlRect{ 5, 5, 5, 5 }));
    EXPECT_EQ((GlRect{ 0, 0, MAX, MAX }.clipped(10, 10)), (GlRect{ 0, 0, 10, 10 }));
    EXPECT_TRUE((GlRect{ MAX, MAX, MAX, MAX }.clipped(10, 10).empty()));
    EXPECT_TRUE((GlRect{ MAX - 1, 0, 2, 2 }.clipped(10, 10).empty()));
    EXPECT_EQ((GlRect{ MAX - 1, 0, MAX, 1 }.clipped(MAX, 1)), (GlRect{ MAX - 1, 0, 1, 1 }));
}

TEST(Damage, empty_is_no_width_or_no_height)
{
    EXPECT_TRUE(GlRect().empty());
    EXPECT_TRUE((GlRect{ 1, 1, 0, 5 }.empty()));
    EXPECT_TRUE((GlRect{ 1, 1, 5, 0 }.empty()));
    EXPECT_FALSE((GlRect{ 0, 0, 1, 1 }.empty()));
}

TEST(Damage, union_holds_both_and_no_more)
{
    EXPECT_EQ((GlRect{ 1, 1, 2, 2 }.united({ 5, 7, 1, 1 })), (GlRect{ 1, 1, 5, 7 }));
    EXPECT_EQ((GlRect{ 5, 7, 1, 1 }.united({ 1, 1, 2, 2 })), (GlRect{ 1, 1, 5, 7 }));
    EXPECT_EQ((GlRect{ 0, 0, 10, 10 }.united({ 3, 3, 2, 2 })), (GlRect{ 0, 0, 10, 10 }));
    EXPECT_EQ((GlRect{ 3, 3, 2, 2 }.united(GlRect())), (GlRect{ 3, 3, 2, 2 }));
    EXPECT_EQ(GlRect().united({ 3, 3, 2, 2 }), (GlRect{ 3, 3, 2, 2 }));
}

TEST(Damage, union_of_unclipped_rectangles_never_shrinks)
{
    EXPECT_EQ((GlRect{ 10, 0, MAX, 4 }.united({ 0, 0, 20, 4 })), (GlRect{ 0, 0, MAX, 4 }));
    EXPECT_EQ((GlRect{ 0, MAX, 1, MAX }.united({ 0, 5, 1, 1 })), (GlRect{ 0, 5, 1, MAX - 5 }));
}

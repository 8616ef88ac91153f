/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-drawn-motion.hpp"

#include <gtest/gtest.h>

using red::GlDrawnMotion;

namespace {

constexpr uint64_t MS = 1000000;
constexpr uint64_t LARGE = GlDrawnMotion::PIXELS, SMALL = LARGE - 1;

/* N changes, one every EACH_MS; returns the time of the last one */
uint64_t change(GlDrawnMotion *motion, size_t n, uint64_t each_ms, uint64_t pixels = LARGE,
                uint64_t from_ns = 1000 * MS)
{
    for (size_t i = 0; i < n; i++) {
        motion->changed(pixels, from_ns + i * each_ms * MS);
    }
    return from_ns + (n - 1) * each_ms * MS;
}

} // namespace

TEST(DrawnMotion, is_as_many_large_changes_within_its_time)
{
    GlDrawnMotion motion;
    EXPECT_FALSE(motion.starts(0));
    uint64_t now = change(&motion, GlDrawnMotion::CHANGES - 1, 16);
    EXPECT_FALSE(motion.starts(now));
    motion.changed(LARGE, now + 16 * MS);
    EXPECT_TRUE(motion.starts(now + 16 * MS));
}

TEST(DrawnMotion, is_no_blinking_cursor_and_no_clock)
{
    GlDrawnMotion typing, clock;
    EXPECT_FALSE(typing.starts(change(&typing, 100, 16, SMALL)));
    EXPECT_FALSE(clock.starts(change(&clock, 100, 200)));
}

TEST(DrawnMotion, looks_at_the_last_changes_alone)
{
    GlDrawnMotion motion;
    uint64_t now = change(&motion, 100, 16);
    EXPECT_TRUE(motion.starts(now));
    EXPECT_FALSE(motion.starts(now + GlDrawnMotion::WITHIN_NS));
    now = change(&motion, GlDrawnMotion::CHANGES, 500, LARGE, now);
    EXPECT_FALSE(motion.starts(now));
}

TEST(DrawnMotion, begins_anew)
{
    GlDrawnMotion motion;
    uint64_t now = change(&motion, 100, 16);
    motion.begin_anew();
    EXPECT_FALSE(motion.starts(now));
    EXPECT_TRUE(motion.starts(change(&motion, GlDrawnMotion::CHANGES, 16, LARGE, now)));
}

TEST(DrawnMotion, ends_when_nothing_large_is_drawn_though_nothing_changes)
{
    GlDrawnMotion motion;
    motion.note_draw(LARGE, 1000 * MS);
    EXPECT_FALSE(motion.has_ended(1000 * MS + GlDrawnMotion::STILL_NS - 1));
    motion.note_draw(SMALL, 1200 * MS);
    EXPECT_TRUE(motion.has_ended(1000 * MS + GlDrawnMotion::STILL_NS));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Finds the part of the screen that moves. That part is sent as video; what stands still beside it
 * is not.
 *
 * Time is an argument (monotonic, ns). No GL, no spice types.
 */
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gl-rect.hpp"
#include "gl-region.hpp"

namespace red {

class GlMotion
{
public:
    /* CHANGES changes within WITHIN_NS are motion: five frames, at 7 frames per second or more */
    static constexpr unsigned CHANGES = 5;
    static constexpr uint64_t WITHIN_NS = 600000000;
    /* A part that has not changed for this time stands still. Its lossless picture has to be there
     * within 500 ms of the last motion. */
    static constexpr uint64_t STILL_NS = 250000000;
    /* A smaller area is a cursor, a clock or typing; pixels */
    static constexpr uint64_t MIN_AREA = 96 * 96;

    /* Starts with a screen of this size, pixels, on which nothing moves */
    void reset(uint32_t width, uint32_t height);
    void changed(const GlRegion &region, uint64_t now_ns);
    /* The rectangle that moves, with even edges unless they are the screen's; empty: nothing moves.
     * It grows at once and shrinks late, since each new size is a new stream. */
    GlRect moving(uint64_t now_ns);
    /* The part of REGION that has not changed since SINCE_NS */
    GlRegion unchanged(const GlRegion &region, uint64_t since_ns) const;
    /* When anything in RECT last changed; 0: never */
    uint64_t last_change_ns(const GlRect &rect) const;

private:
    static constexpr uint32_t CELL = 16;
    static constexpr uint64_t SHRINK_NS = 1000000000;

    struct Cell {
        std::array<uint64_t, CHANGES> ns{}; /* the last changes, a ring */
        unsigned next = 0;
        uint64_t newest() const { return ns[(next + CHANGES - 1) % CHANGES]; }
        uint64_t oldest() const { return ns[next]; }
    };

    GlRect found(uint64_t now_ns) const;
    const Cell &cell(uint32_t column, uint32_t row) const { return cells[row * columns + column]; }
    GlRect rect_of(uint32_t column, uint32_t row) const;

    uint32_t w = 0, h = 0, columns = 0, rows = 0;
    std::vector<Cell> cells;
    GlRect current;
    uint64_t smaller_ns = 0; /* since when far less moves; 0: not the case */
};

} // namespace red

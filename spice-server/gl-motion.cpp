/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-motion.hpp"

#include <algorithm>

namespace red {

static uint64_t area(const GlRect &r)
{
    return uint64_t{r.w} * r.h;
}

void GlMotion::reset(uint32_t width, uint32_t height)
{
    w = width;
    h = height;
    columns = (width + CELL - 1) / CELL;
    rows = (height + CELL - 1) / CELL;
    cells.assign(size_t{columns} * rows, {});
    current = {};
    smaller_ns = 0;
}

GlRect GlMotion::rect_of(uint32_t column, uint32_t row) const
{
    return GlRect{ column * CELL, row * CELL, CELL, CELL }.clipped(w, h);
}

void GlMotion::changed(const GlRegion &region, uint64_t now_ns)
{
    for (const auto &part : region.rects()) {
        const GlRect r = part.clipped(w, h);
        if (r.empty()) {
            continue;
        }
        for (uint32_t row = r.y / CELL; row <= (r.y + r.h - 1) / CELL; row++) {
            for (uint32_t column = r.x / CELL; column <= (r.x + r.w - 1) / CELL; column++) {
                auto &c = cells[row * columns + column];
                if (c.newest() != now_ns) { // two parts of one frame in one cell are one change
                    c.ns[c.next] = now_ns;
                    c.next = (c.next + 1) % CHANGES;
                }
            }
        }
    }
}

/* The rectangle around all cells that move */
GlRect GlMotion::found(uint64_t now_ns) const
{
    GlRect all;
    uint64_t sum = 0;

    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t column = 0; column < columns; column++) {
            const auto &c = cell(column, row);
            if (c.oldest() && c.newest() + STILL_NS > now_ns && c.oldest() + WITHIN_NS > now_ns) {
                const GlRect r = rect_of(column, row);
                all = all.united(r);
                sum += area(r);
            }
        }
    }
    return sum >= MIN_AREA ? all : GlRect{};
}

GlRect GlMotion::moving(uint64_t now_ns)
{
    const GlRect now = found(now_ns);

    if (now.empty()) {
        current = {};
    } else if (!(current.united(now) == current)) {
        current = current.united(now);
        smaller_ns = 0;
    } else if (area(now) * 2 > area(current)) {
        smaller_ns = 0;
    } else if (!smaller_ns) {
        smaller_ns = now_ns;
    } else if (smaller_ns + SHRINK_NS < now_ns) {
        current = now;
        smaller_ns = 0;
    }
    return current;
}

GlRegion GlMotion::unchanged(const GlRegion &region, uint64_t since_ns) const
{
    GlRegion still = region;

    for (const auto &part : region.rects()) {
        const GlRect r = part.clipped(w, h);
        if (r.empty()) {
            continue;
        }
        for (uint32_t row = r.y / CELL; row <= (r.y + r.h - 1) / CELL; row++) {
            for (uint32_t column = r.x / CELL; column <= (r.x + r.w - 1) / CELL; ) {
                const uint32_t first = column;
                while (column < columns && column <= (r.x + r.w - 1) / CELL &&
                       cell(column, row).newest() > since_ns) {
                    column++;
                }
                if (column > first) {
                    still -= GlRect{ first * CELL, row * CELL, (column - first) * CELL, CELL };
                } else {
                    column++;
                }
            }
        }
    }
    return still;
}

uint64_t GlMotion::last_change_ns(const GlRect &rect) const
{
    const GlRect r = rect.clipped(w, h);
    uint64_t last = 0;

    if (r.empty()) {
        return 0;
    }
    for (uint32_t row = r.y / CELL; row <= (r.y + r.h - 1) / CELL; row++) {
        for (uint32_t column = r.x / CELL; column <= (r.x + r.w - 1) / CELL; column++) {
            last = std::max(last, cell(column, row).newest());
        }
    }
    return last;
}

} // namespace red

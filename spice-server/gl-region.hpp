/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A set of pixels, as rectangles: pixman's region, like spice's own QRegion, with RAII. No GL, no
 * spice types. */
#pragma once

#include <vector>

#include <pixman.h>

#include "gl-rect.hpp"

namespace red {

class GlRegion
{
public:
    GlRegion() { pixman_region32_init(&region); }
    GlRegion(const GlRect &rect) { init(rect); }
    GlRegion(const GlRegion &o): GlRegion() { pixman_region32_copy(&region, &o.region); }
    GlRegion(GlRegion &&o): GlRegion() { std::swap(region, o.region); }
    ~GlRegion() { pixman_region32_fini(&region); }
    GlRegion &operator=(const GlRegion &o)
    {
        if (this != &o) {
            pixman_region32_copy(&region, &o.region);
        }
        return *this;
    }
    GlRegion &operator=(GlRegion &&o)
    {
        std::swap(region, o.region);
        return *this;
    }

    bool empty() const { return !pixman_region32_not_empty(region_()); }
    void clear() { *this = GlRegion(); }
    bool operator==(const GlRegion &o) const
    {
        /* To pixman, regions that became empty in different places differ */
        return empty() ? o.empty() : pixman_region32_equal(region_(), o.region_());
    }

    GlRegion &operator+=(const GlRegion &o)
    {
        pixman_region32_union(&region, &region, o.region_());
        return *this;
    }
    GlRegion &operator-=(const GlRegion &o)
    {
        pixman_region32_subtract(&region, &region, o.region_());
        return *this;
    }
    GlRegion &operator&=(const GlRegion &o)
    {
        pixman_region32_intersect(&region, &region, o.region_());
        return *this;
    }
    friend GlRegion operator+(GlRegion a, const GlRegion &b) { return a += b; }
    friend GlRegion operator-(GlRegion a, const GlRegion &b) { return a -= b; }
    friend GlRegion operator&(GlRegion a, const GlRegion &b) { return a &= b; }

    /* The smallest rectangle around it */
    GlRect bounds() const
    {
        return rect_of(*pixman_region32_extents(region_()));
    }
    /* In pixels */
    uint64_t area() const
    {
        uint64_t sum = 0;
        for (const auto &r : rects()) {
            sum += uint64_t{r.w} * r.h;
        }
        return sum;
    }
    /* Disjoint, top to bottom, left to right */
    std::vector<GlRect> rects() const
    {
        int n = 0;
        auto boxes = pixman_region32_rectangles(region_(), &n);
        std::vector<GlRect> all;
        all.reserve(n);
        for (int i = 0; i < n; i++) {
            all.push_back(rect_of(boxes[i]));
        }
        return all;
    }

private:
    void init(const GlRect &r) { pixman_region32_init_rect(&region, r.x, r.y, r.w, r.h); }
    /* pixman takes non-const pointers where it only reads */
    pixman_region32_t *region_() const { return const_cast<pixman_region32_t *>(&region); }
    static GlRect rect_of(const pixman_box32_t &b)
    {
        return { uint32_t(b.x1), uint32_t(b.y1), uint32_t(b.x2 - b.x1), uint32_t(b.y2 - b.y1) };
    }

    pixman_region32_t region;
};

} // namespace red

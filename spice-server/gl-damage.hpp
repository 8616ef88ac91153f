/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What really changed between two pictures. Guests that flip whole buffers report whole
 * buffers as damaged (Linux' virtio-gpu does so for every flip), also when a cursor blinks.
 *
 * No GL, no spice types. One thread.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gl-pixels.hpp"
#include "gl-rect.hpp"

namespace red {

class GlDamage
{
public:
    /* For pictures of this size in pixels; the next one counts as changed all over */
    void reset(uint32_t width, uint32_t height);

    /* PIXELS: what RECT of the picture looks like now, always in the same byte order; NOW_NS:
     * monotonic time. Returns the part of RECT that is to be sent: where it differs from what was
     * given before, a little more so that the part of a video stays the same from frame to frame;
     * empty if nothing changed. PIXELS are read once, and what has not changed is not copied. */
    GlRect changed(const GlRect &rect, const GlPixels &pixels, uint64_t now_ns);

private:
    bool known(const GlRect &rect) const;
    GlRect compare(const GlRect &rect, const GlPixels &pixels) const;
    void store(const GlRect &part, const GlRect &rect, const GlPixels &pixels);
    GlRect steadied(const GlRect &found, uint64_t now_ns);

    uint32_t w = 0, h = 0;
    std::vector<uint8_t> last; /* the picture as given so far */
    GlRect valid;              /* the part of it that is up to date */
    GlRect sent;               /* what was returned last */
    uint64_t sent_ns = 0;
    unsigned full = 0;         /* pictures in a row that changed nearly all over */
    unsigned unchecked = 0;    /* pictures since that were not compared */
};

} // namespace red

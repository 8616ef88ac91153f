/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-damage.hpp"

#include <cstring>

namespace red {

static constexpr size_t PIXEL = GlPixels::BYTES;
/* Comparing is for nothing while everything moves: after so many pictures that changed all
 * over, only the last of so many is compared, with the one before it. */
static constexpr unsigned FULL_BEFORE_SKIPPING = 16;
static constexpr unsigned CHECK_ONE_IN = 8;
/* Pictures further apart than this are all compared: that costs little then, and flips that
 * change nothing must not look like motion for long */
static constexpr uint64_t FAST_NS = 25000000;
/* Pixels above which no second picture is kept to compare with */
static constexpr uint64_t MAX_AREA = 8192 * 8192;
/* Within this time a part is widened to the last one, if it lies in that and is a quarter of
 * it or more, and by the last one, if half of itself is enough for that */
static constexpr uint64_t STEADY_NS = 200000000;

static uint64_t area(const GlRect &r)
{
    return uint64_t{r.w} * r.h;
}

static bool contains(const GlRect &outer, const GlRect &inner)
{
    return outer.united(inner) == outer;
}

void GlDamage::reset(uint32_t width, uint32_t height)
{
    *this = GlDamage();
    w = width;
    h = height;
}

bool GlDamage::known(const GlRect &rect) const
{
    return !valid.empty() && contains(valid, rect);
}

GlRect GlDamage::compare(const GlRect &rect, const GlPixels &pixels) const
{
    const size_t line = rect.w * PIXEL;
    uint32_t top = rect.h, bottom = 0, left = rect.w, right = 0;

    for (uint32_t y = 0; y < rect.h; y++) {
        const uint8_t *now = pixels.line(y);
        const uint8_t *before = &last[((rect.y + y) * size_t{w} + rect.x) * PIXEL];
        if (memcmp(now, before, line) == 0) {
            continue;
        }
        top = top == rect.h ? y : top;
        bottom = y + 1;
        /* only outside of what is known to differ: usually nothing or little */
        for (uint32_t x = 0; x < left; x++) {
            if (memcmp(now + x * PIXEL, before + x * PIXEL, PIXEL) != 0) {
                left = x;
            }
        }
        for (uint32_t x = rect.w; x > right; x--) {
            if (memcmp(now + (x - 1) * PIXEL, before + (x - 1) * PIXEL, PIXEL) != 0) {
                right = x;
            }
        }
    }
    if (top == rect.h) {
        return {};
    }
    return { rect.x + left, rect.y + top, right - left, bottom - top };
}

/* PART of RECT, which PIXELS are */
void GlDamage::store(const GlRect &part, const GlRect &rect, const GlPixels &pixels)
{
    last.resize(size_t{w} * h * PIXEL);
    for (uint32_t y = part.y; y < part.y + part.h; y++) {
        memcpy(&last[(y * size_t{w} + part.x) * PIXEL],
               pixels.line(y - rect.y) + (part.x - rect.x) * PIXEL, part.w * PIXEL);
    }
}

GlRect GlDamage::steadied(const GlRect &found, uint64_t now_ns)
{
    const GlRect both = sent.united(found);
    const bool recent = now_ns - sent_ns < STEADY_NS;
    const uint64_t most = both == sent ? area(found) * 4 : area(found) * 3 / 2;

    sent_ns = now_ns;
    return recent && area(both) <= most ? both : found;
}

GlRect GlDamage::changed(const GlRect &rect, const GlPixels &pixels, uint64_t now_ns)
{
    const bool idle = full >= FULL_BEFORE_SKIPPING && now_ns - sent_ns < FAST_NS &&
                      ++unchecked % CHECK_ONE_IN < CHECK_ONE_IN - 2;
    if (idle || area({ 0, 0, w, h }) > MAX_AREA) {
        valid = {}; // what is stored gets older than what was sent
        sent = rect;
        sent_ns = now_ns;
        return rect;
    }

    const bool comparable = known(rect);
    const GlRect found = comparable ? compare(rect, pixels) : rect;
    if (found.empty()) {
        full = 0;
        return {};
    }

    const bool nearly_all = area(found) * 8 >= area({ 0, 0, w, h }) * 7;
    if (comparable || !nearly_all) {
        full = nearly_all ? full + 1 : 0;
    }
    store(found, rect, pixels);
    valid = valid.empty() || contains(rect, valid) ? rect : valid;

    const GlRect out = steadied(found, now_ns);
    sent = contains(rect, out) ? out : found;
    return sent;
}

} // namespace red

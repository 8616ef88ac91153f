/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client shows that applies what GlDamage says is what the guest shows; rectangles of a
 * guest, whatever they are, stay inside the picture. */
#include <cstdint>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "gl-damage.hpp"

using namespace red;

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static bool inside(const GlRect &inner, const GlRect &outer)
{
    return inner.empty() || (inner.x >= outer.x && inner.y >= outer.y &&
                             uint64_t{inner.x} + inner.w <= uint64_t{outer.x} + outer.w &&
                             uint64_t{inner.y} + inner.h <= uint64_t{outer.y} + outer.h);
}

static GlRect any_rect(FuzzedDataProvider &data)
{
    const auto number = [&] {
        return data.ConsumeBool() ? data.ConsumeIntegralInRange<uint32_t>(0, 64)
                                  : data.ConsumeIntegral<uint32_t>();
    };
    const uint32_t x = number(), y = number(), w = number(), h = number();
    return { x, y, w, h };
}

struct Picture {
    uint32_t w, h;
    std::vector<uint32_t> pixels;
};

static std::vector<uint32_t> part(const Picture &picture, const GlRect &rect)
{
    std::vector<uint32_t> pixels;
    for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
        auto line = picture.pixels.begin() + size_t{y} * picture.w;
        pixels.insert(pixels.end(), line + rect.x, line + rect.x + rect.w);
    }
    return pixels;
}

/* The guest draws a little of RECT, or all of it */
static void draw(Picture &picture, const GlRect &rect, FuzzedDataProvider &data)
{
    const uint32_t color = data.ConsumeIntegral<uint32_t>();
    const uint32_t step = data.ConsumeIntegralInRange<uint32_t>(1, 40);
    uint32_t n = data.ConsumeIntegralInRange<uint32_t>(0, 39);
    for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
        for (uint32_t x = rect.x; x < rect.x + rect.w; x++) {
            if (n++ % step == 0) {
                picture.pixels[size_t{y} * picture.w + x] = color + n;
            }
        }
    }
}

static void copy(Picture &to, const Picture &from, const GlRect &rect)
{
    for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
        for (uint32_t x = rect.x; x < rect.x + rect.w; x++) {
            to.pixels[size_t{y} * to.w + x] = from.pixels[size_t{y} * from.w + x];
        }
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    FuzzedDataProvider data(bytes, size);
    GlDamage damage;
    Picture guest { data.ConsumeIntegralInRange<uint32_t>(1, 48),
                    data.ConsumeIntegralInRange<uint32_t>(1, 48), {} };
    guest.pixels.resize(size_t{guest.w} * guest.h);
    Picture client = guest;
    uint64_t now = 1;

    damage.reset(guest.w, guest.h);
    const GlRect all = { 0, 0, guest.w, guest.h };
    bool whole_sent = false;
    while (data.remaining_bytes() > 0) {
        const GlRect a = any_rect(data), b = any_rect(data);
        require(inside(a.clipped(guest.w, guest.h), all));
        require(a.empty() || inside(a.clipped(guest.w, guest.h), a.united(b)));
        require(b.empty() || inside(b.clipped(guest.w, guest.h), a.united(b)));

        const GlRect rect = whole_sent ? a.clipped(guest.w, guest.h) : all;
        if (rect.empty()) {
            continue;
        }
        draw(guest, rect, data);
        now += data.ConsumeIntegralInRange<uint64_t>(0, 300000000);
        const auto memory = part(guest, rect);
        GlPixels pixels;
        pixels.top = reinterpret_cast<const uint8_t *>(memory.data());
        pixels.stride = rect.w * GlPixels::BYTES;
        const GlRect changed = damage.changed(rect, pixels, now);
        require(inside(changed, rect));
        copy(client, guest, changed);
        require(client.pixels == guest.pixels);
        whole_sent = true;
        if (data.ConsumeIntegralInRange<int>(0, 15) == 0) {
            damage.reset(guest.w, guest.h);
            whole_sent = false;
        }
    }
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-frames.hpp"

#include <algorithm>
#include <cstring>

namespace red {

static constexpr size_t PIXEL = GlFrame::BYTES;

void GlFrames::clear()
{
    newest.reset();
    slots.clear(); // readers keep their frames
}

/* A frame of this size without readers; null: none is available */
GlFrames::Slot *GlFrames::take(uint32_t width, uint32_t height)
{
    slots.erase(std::remove_if(slots.begin(), slots.end(), [&](const Slot &slot) {
        return !*slot.read &&
            (slot.frame->width() != width || slot.frame->height() != height);
    }), slots.end());

    for (auto &slot : slots) {
        /* one of another size may have lost its last reader since */
        if (!*slot.read && slot.frame->width() == width && slot.frame->height() == height) {
            return &slot;
        }
    }
    if (slots.size() >= MAX_FRAMES) {
        return nullptr;
    }
    auto frame = GlFrame::create(width, height);
    if (!frame) {
        return nullptr;
    }
    const GlRect all = frame->all();
    slots.push_back({ std::move(frame), std::make_shared<std::atomic<bool>>(false), all });
    return &slots.back();
}

/* The memory is written again only after the last reader, in whatever thread, drops the frame */
GlFramePtr GlFrames::publish(Slot *slot)
{
    *slot->read = true;
    return GlFramePtr(slot->frame.get(), [frame = slot->frame, read = slot->read](const GlFrame *) {
        *read = false;
    });
}

static void copy(const GlRect &rect, const GlFrame &from, GlFrame *to)
{
    for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
        memcpy(to->writable_line(y) + rect.x * PIXEL, from.pixel(rect.x, y), rect.w * PIXEL);
    }
}

/* Copies PIXELS to NEXT, and adds the cells of RECT in which they differ from the newest frame to
 * *CHANGED. A row of cells is compared line by line, while it is in the processor's cache; a cell
 * that is known to differ is not compared again. */
void GlFrames::compare(const GlRect &rect, const GlPixels &pixels, GlFrame *next,
                       GlRegion *changed) const
{
    const uint32_t columns = (rect.x + rect.w - 1) / CELL - rect.x / CELL + 1;
    std::vector<uint8_t> differs(columns);

    for (uint32_t y = rect.y; y < rect.y + rect.h; ) {
        const uint32_t end = std::min((y / CELL + 1) * CELL, rect.y + rect.h), top = y;
        std::fill(differs.begin(), differs.end(), 0);
        for (; y < end; y++) {
            auto now = next->writable_line(y);
            pixels.copy({ 0, y - rect.y, rect.w, 1 }, now + rect.x * PIXEL, 0);
            const uint8_t *before = newest->line(y);
            uint32_t x = rect.x;
            for (uint32_t column = 0; column < columns; column++) {
                const uint32_t right = std::min((x / CELL + 1) * CELL, rect.x + rect.w);
                if (!differs[column] &&
                    memcmp(now + x * PIXEL, before + x * PIXEL, (right - x) * PIXEL) != 0) {
                    differs[column] = 1;
                }
                x = right;
            }
        }
        for (uint32_t column = 0; column < columns; ) {
            const uint32_t first = column;
            while (column < columns && differs[column]) {
                column++;
            }
            if (column > first) {
                const uint32_t left = std::max((rect.x / CELL + first) * CELL, rect.x);
                const uint32_t right = std::min((rect.x / CELL + column) * CELL, rect.x + rect.w);
                *changed += GlRect{ left, top, right - left, end - top };
            } else {
                column++;
            }
        }
    }
}

GlFrames::Update GlFrames::update(uint32_t width, uint32_t height, const GlRect &rect,
                                  const GlPixels &pixels, uint64_t now_ns, GlRegion *changed)
{
    const bool first = !newest || newest->width() != width || newest->height() != height;

    changed->clear();
    if (first) {
        newest.reset();
    }
    auto slot = take(width, height);
    if (!slot) {
        return slots.size() < MAX_FRAMES ? Update::NO_MEMORY : Update::BUSY;
    }
    auto &next = slot->frame;
    if (first) {
        pixels.copy({ 0, 0, width, height }, next->writable_line(0), next->stride());
        *changed = next->all();
    } else {
        compare(rect, pixels, next.get(), changed);
        if (changed->empty()) {
            slot->stale -= rect;
            return Update::SAME;
        }
        for (const auto &part : (slot->stale - rect).rects()) {
            copy(part, *newest, next.get());
        }
    }
    for (auto &other : slots) {
        if (first && &other != slot) {
            other.stale = other.frame->all();
        }
        other.stale += *changed;
    }
    slot->stale.clear();
    next->serial = ++serial;
    next->time_ns = now_ns;
    newest = publish(slot);
    return Update::CHANGED;
}

} // namespace red

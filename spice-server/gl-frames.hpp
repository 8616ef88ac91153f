/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * The frames of one display: keeps the newest one up to date from readbacks, and finds what has
 * really changed. Guests that flip whole buffers report whole buffers as damaged, even if only a
 * cursor blinks (Linux's virtio-gpu driver does so for every flip).
 *
 * Each frame that differs from the previous one is a GlFrame of its own, for readers in other
 * threads. Memory is bounded, and reused once no reader needs it.
 *
 * No GL, no spice types. One thread.
 */
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "gl-frame.hpp"
#include "gl-pixels.hpp"
#include "gl-region.hpp"

namespace red {

class GlFrames
{
public:
    /* Changes are found in cells of CELL x CELL pixels */
    static constexpr uint32_t CELL = 16;
    /* Frames in memory: the newest, the next one, and those that encoders are reading */
    static constexpr size_t MAX_FRAMES = 6;

    enum class Update {
        CHANGED,
        SAME,
        BUSY,      /* all frames are being read: nothing has been taken over */
        NO_MEMORY, /* nothing has been taken over either */
    };

    /* PIXELS: the present contents of RECT in a frame of WIDTH x HEIGHT; read once. *CHANGED: where
     * they differ from the previous frame. The first frame of a size must be whole, and counts as
     * changed everywhere. */
    Update update(uint32_t width, uint32_t height, const GlRect &rect, const GlPixels &pixels,
                  uint64_t now_ns, GlRegion *changed);
    /* The next frame counts as changed everywhere, and must be whole */
    void reset() { newest.reset(); }
    /* As reset(), and frees the frames that have no reader */
    void clear();

    /* Null: there is none */
    const GlFramePtr &current() const { return newest; }

private:
    struct Slot {
        std::shared_ptr<GlFrame> frame;
        std::shared_ptr<std::atomic<bool>> read; /* it has readers, or may have */
        GlRegion stale; /* where it may differ from the newest */
    };

    Slot *take(uint32_t width, uint32_t height);
    static GlFramePtr publish(Slot *slot);
    void compare(const GlRect &rect, const GlPixels &pixels, GlFrame *next, GlRegion *changed) const;

    std::vector<Slot> slots;
    GlFramePtr newest;
    uint64_t serial = 0;
};

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pictures of one display: keeps the newest up to date from what is read back, and finds out
 * what has really changed. Guests that flip whole buffers report whole buffers as damaged (Linux'
 * virtio-gpu does so for every flip), also when a cursor blinks.
 *
 * Each picture that differs from the one before is a GlFrame of its own, for readers in other
 * threads; memory is used again when nobody reads it, and bounded.
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
    /* Changes are found in cells of so many pixels each way */
    static constexpr uint32_t CELL = 16;
    /* Frames in memory: the newest, the next one, and those that encoders are reading */
    static constexpr size_t MAX_FRAMES = 6;

    enum class Update {
        CHANGED,
        SAME,
        BUSY,      /* all frames are being read: nothing has been taken over */
        NO_MEMORY, /* the same */
    };

    /* PIXELS: what RECT of a picture of WIDTH x HEIGHT looks like now, read once. *CHANGED: where
     * that differs from before, everywhere in the first picture of a size. The first picture must
     * be whole. */
    Update update(uint32_t width, uint32_t height, const GlRect &rect, const GlPixels &pixels,
                  uint64_t now_ns, GlRegion *changed);
    /* The next picture counts as changed all over, and must be whole */
    void reset() { newest.reset(); }
    /* The same, and what nobody reads is given back */
    void clear();

    /* Null: there is none */
    const GlFramePtr &current() const { return newest; }

private:
    struct Slot {
        std::shared_ptr<GlFrame> frame;
        std::shared_ptr<std::atomic<bool>> read; /* somebody reads it, or may */
        GlRegion stale; /* where it differs from the newest, or may */
    };

    Slot *take(uint32_t width, uint32_t height);
    static GlFramePtr publish(Slot *slot);
    void compare(const GlRect &rect, const GlPixels &pixels, GlFrame *next, GlRegion *changed) const;

    std::vector<Slot> slots;
    GlFramePtr newest;
    uint64_t serial = 0;
};

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When motion begins and ends where nobody reads the pixels: by what the guest draws. Times are
 * monotonic, in ns. No GL, no spice types.
 */
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace red {

class GlDrawnMotion
{
public:
    /* So many changes within so long are motion, if they are as large as the display channel's own
     * streams are: a cursor that blinks, or typing, is not */
    static constexpr size_t CHANGES = 6;
    static constexpr uint64_t WITHIN_NS = 600000000;
    static constexpr uint64_t PIXELS = 96 * 96;
    /* Motion has ended. What is then shown lossless has to be there within 500 ms. */
    static constexpr uint64_t STILL_NS = 300000000;

    /* So many pixels have changed */
    void changed(uint64_t pixels, uint64_t now_ns)
    {
        if (pixels >= PIXELS) {
            changes_ns[count++ % CHANGES] = now_ns;
        }
    }
    /* Any thread: the guest draws so many */
    void drawn(uint64_t pixels, uint64_t now_ns)
    {
        if (pixels >= PIXELS) {
            drawn_ns = now_ns;
        }
    }
    bool starts(uint64_t now_ns) const
    {
        return count >= CHANGES && changes_ns[count % CHANGES] + WITHIN_NS >= now_ns;
    }
    bool has_ended(uint64_t now_ns) const { return drawn_ns + STILL_NS <= now_ns; }
    void begin_anew() { count = 0; }

private:
    uint64_t changes_ns[CHANGES] = {}; /* the last ones */
    size_t count = 0;
    std::atomic<uint64_t> drawn_ns{0};
};

} // namespace red

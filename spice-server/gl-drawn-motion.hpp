/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * When the hardware path begins and ends: motion begins by the changes that readbacks find, and
 * ends by what the guest draws, since nothing is read back meanwhile. Times are monotonic, in ns.
 * No GL, no spice types.
 */
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace red {

class GlDrawnMotion
{
public:
    /* CHANGES changes of at least PIXELS within WITHIN_NS are motion. PIXELS is the least size of
     * the display channel's own streams: a blinking cursor, or typing, is not motion. */
    static constexpr size_t CHANGES = 6;
    static constexpr uint64_t WITHIN_NS = 600000000;
    static constexpr uint64_t PIXELS = 96 * 96;
    /* Motion has ended after this time without a draw of at least PIXELS. The lossless picture that
     * follows has to be there within 500 ms of the last motion. */
    static constexpr uint64_t STILL_NS = 300000000;

    /* A readback has found this many changed pixels */
    void changed(uint64_t pixels, uint64_t now_ns)
    {
        if (pixels >= PIXELS) {
            changes_ns[count++ % CHANGES] = now_ns;
        }
    }
    /* Any thread: the guest draws this many pixels */
    void note_draw(uint64_t pixels, uint64_t now_ns)
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
    uint64_t changes_ns[CHANGES] = {}; /* times of the last changes, a ring */
    size_t count = 0;
    std::atomic<uint64_t> drawn_ns{0};
};

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a client's next picture may go, so that it gets no more of them than its rate and gets those at
 * an even pace. A guest that is not faster than that has none of its pictures wait: turns move to when
 * they come. No spice types, no clock; times are monotonic ns.
 */
#pragma once

#include <algorithm>
#include <cstdint>

namespace red {

class GlTurns
{
public:
    /* A picture that comes that much before its turn does not wait for it */
    static constexpr uint64_t EARLY_NS = 4000000;

    /* When the next turn begins */
    uint64_t opens_ns() const { return next_ns - std::min(next_ns, EARLY_NS); }

    /* The newest picture, which came then, is before its turn */
    void waits(uint64_t came_ns) { since_ns = came_ns; }

    /* It goes. INTERVAL_NS: between two of them */
    void goes(uint64_t now_ns, uint64_t interval_ns)
    {
        /* Little at a time: where pictures come more often than they may go, and so at any time, it
         * does not add up to more than a few percent */
        constexpr uint64_t SHARE = 16;
        const uint64_t waited_ns = since_ns ? std::min(now_ns - since_ns, interval_ns) : 0;

        next_ns = (now_ns < next_ns + interval_ns ? next_ns : now_ns) + interval_ns - waited_ns / SHARE;
        since_ns = 0;
    }

private:
    uint64_t next_ns = 0;
    uint64_t since_ns = 0; /* when the picture that waits came; 0: none does */
};

} // namespace red

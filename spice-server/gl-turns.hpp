/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * When a client's next picture may be sent, so that the client gets no more pictures than its rate
 * allows, at an even pace. If the guest is not faster than that, no picture waits: turns move to
 * the times at which pictures come. No spice types, no clock; times are monotonic ns.
 */
#pragma once

#include <algorithm>
#include <cstdint>

namespace red {

class GlTurns
{
public:
    /* A picture that comes up to this long before its turn does not wait */
    static constexpr uint64_t EARLY_NS = 4000000;

    /* When the next turn begins */
    uint64_t opens_ns() const { return next_ns - std::min(next_ns, EARLY_NS); }

    /* The newest picture came at CAME_NS, before its turn */
    void waits(uint64_t came_ns) { since_ns = came_ns; }

    /* A picture is sent. INTERVAL_NS: between two pictures */
    void goes(uint64_t now_ns, uint64_t interval_ns)
    {
        /* A little at a time: if pictures come more often than they may be sent, and thus at any
         * time, this adds up to no more than a few percent */
        constexpr uint64_t SHARE = 16;
        const uint64_t waited_ns = since_ns ? std::min(now_ns - since_ns, interval_ns) : 0;

        next_ns = (now_ns < next_ns + interval_ns ? next_ns : now_ns) + interval_ns - waited_ns / SHARE;
        since_ns = 0;
    }

private:
    uint64_t next_ns = 0;
    uint64_t since_ns = 0; /* when the waiting picture came; 0: none waits */
};

} // namespace red

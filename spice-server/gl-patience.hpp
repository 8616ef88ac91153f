/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * The wait budget: whether the guest may wait for a local client that still reads its buffer.
 * Answers within one frame are free. Beyond that a client may delay the guest by at most 5 % of the
 * time, with an initial allowance of one full timeout (80 ms). A client that exceeds its budget is
 * sent pictures, but the guest does not wait for it.
 *
 * No GL, no spice types. Times are monotonic, in ns.
 */
#pragma once

#include <algorithm>
#include <cstdint>

namespace red {

class GlPatience
{
public:
    /* Longest time that the guest waits for one answer: five frames at 60 Hz */
    static constexpr uint64_t LONGEST_NS = 80000000;

    /* The client is sent a picture. True: the guest may wait for its answer, until end() */
    bool begin(uint64_t now_ns)
    {
        const uint64_t forgiven = (now_ns - held_at_ns) / FORGIVEN_ONE_IN;
        held_ns -= std::min(held_ns, forgiven);
        held_at_ns = now_ns;
        began_ns = held_ns < LONGEST_NS ? now_ns : 0;
        return began_ns != 0;
    }

    /* The client has answered, or the guest waits no longer. A second call does nothing. */
    void end(uint64_t now_ns)
    {
        if (began_ns) {
            const uint64_t took = std::min(now_ns - began_ns, LONGEST_NS);
            held_ns += took - std::min(took, FRAME_NS);
            began_ns = 0;
        }
    }

private:
    static constexpr uint64_t FRAME_NS = 16666667;
    static constexpr uint64_t FORGIVEN_ONE_IN = 20;

    uint64_t held_ns = 0, held_at_ns = 0; /* delay beyond a frame each, less what is forgiven */
    uint64_t began_ns = 0;                /* 0: the guest does not wait for it */
};

} // namespace red

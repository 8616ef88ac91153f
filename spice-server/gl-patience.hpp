/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * May the guest wait for a client that still reads its buffer? A client is waited for as long as
 * it costs the guest next to nothing: answers within a frame cost nothing, and what they take
 * longer may be a twentieth of the time in all, and for a start what the guest waits once at most.
 * One that is slower is sent pictures without being waited for.
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
    /* The longest that the guest waits for one answer: five frames at 60 Hz */
    static constexpr uint64_t LONGEST_NS = 80000000;

    /* The client gets a picture. True: it may be waited for, until end() */
    bool begin(uint64_t now_ns)
    {
        const uint64_t forgiven = (now_ns - held_at_ns) / FORGIVEN_ONE_IN;
        held_ns -= std::min(held_ns, forgiven);
        held_at_ns = now_ns;
        began_ns = held_ns < LONGEST_NS ? now_ns : 0;
        return began_ns != 0;
    }

    /* It has answered, or is not waited for any longer. Does nothing the second time. */
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

    uint64_t held_ns = 0, held_at_ns = 0; /* more than frames take, less what is forgiven */
    uint64_t began_ns = 0;                /* 0: it is not waited for */
};

} // namespace red

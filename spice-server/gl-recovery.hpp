/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * When a GL context that is lost is replaced. A GPU that is reset now and then gets a new context at
 * once. One that is reset too often, or on which no context can be created, does not work: that is
 * tried again later, after ever longer times.
 *
 * No GL, no spice types. Times are monotonic, in ns.
 */
#pragma once

#include <algorithm>
#include <cstdint>

namespace red {

class GlRecovery
{
public:
    /* More resets than this within RESETS_NS are too many */
    static constexpr unsigned int MAX_RESETS = 5;
    static constexpr uint64_t RESETS_NS = 60 * uint64_t{1000000000};
    /* Time until the first try after a failure; it doubles with each failure, up to LAST_WAIT_NS */
    static constexpr uint64_t FIRST_WAIT_NS = 1000000000;
    static constexpr uint64_t LAST_WAIT_NS = 32 * FIRST_WAIT_NS;

    /* The context is lost. True: it is to be replaced at once. */
    bool lost(uint64_t now_ns)
    {
        if (!resets || now_ns - first_reset_ns > RESETS_NS) {
            first_reset_ns = now_ns;
            resets = 0;
        }
        return ++resets <= MAX_RESETS;
    }

    /* There is no context: it was not to be replaced, or none could be created */
    void failed(uint64_t now_ns)
    {
        wait_ns = next_ns ? std::min(wait_ns * 2, LAST_WAIT_NS) : FIRST_WAIT_NS;
        next_ns = now_ns + wait_ns;
    }

    void succeeded() { next_ns = 0; }

    /* When to try to create a context; 0: there is one */
    uint64_t next_try_ns() const { return next_ns; }

private:
    unsigned int resets = 0;
    uint64_t first_reset_ns = 0;    /* of RESETS */
    uint64_t next_ns = 0;
    uint64_t wait_ns = 0;
};

} // namespace red

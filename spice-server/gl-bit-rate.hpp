/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * The bit rate of a running encoder, which follows what the link can carry, but not each of its
 * fluctuations: an encoder that is changed all the time does worse. It falls sooner than it rises,
 * since too much queues up at once.
 *
 * No spice types. Rates are in bits per second, times monotonic in ns.
 */
#pragma once

#include <cstdint>

namespace red {

class GlBitRate
{
public:
    /* Least time from one change to the next, if that lowers or raises the rate */
    static constexpr uint64_t FALL_NS = 50000000;
    static constexpr uint64_t RISE_NS = 250000000;

    void begin(uint64_t wanted, uint64_t now_ns)
    {
        rate = wanted;
        set_ns = now_ns;
    }

    /* True: the rate is WANTED from now on, which differs by more than 5 % */
    bool follow(uint64_t wanted, uint64_t now_ns)
    {
        const bool falls = wanted < rate;
        const uint64_t difference = falls ? rate - wanted : wanted - rate;

        if (difference * 20 <= rate || now_ns <= set_ns + (falls ? FALL_NS : RISE_NS)) {
            return false;
        }
        begin(wanted, now_ns);
        return true;
    }

    uint64_t bits_per_second() const { return rate; }

private:
    uint64_t rate = 0;
    uint64_t set_ns = 0;
};

} // namespace red

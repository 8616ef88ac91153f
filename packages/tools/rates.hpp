/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast counters grow, from one reading to the next */
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "displays.hpp"

class Rates
{
public:
    struct Rate {
        bool known = false; /* not at the first reading, nor when a counter begins again */
        double frames = 0;  /* per second */
        double mbits = 0;   /* Mbit/s; 0 of a display */
    };

    /* at: seconds of one clock */
    void look(double at, const std::vector<Display> &displays);

    /* Of a display: its draws */
    Rate of(const Display &display) const;
    Rate of(const Display &display, const DisplayClient &client) const;

private:
    struct Counters {
        int64_t frames, bytes;
    };
    using Key = std::pair<int64_t, int64_t>; /* display, client */
    using Seen = std::map<Key, Counters>;

    Rate between(const Key &key) const;

    Seen before, last;
    double before_at = 0, last_at = 0;
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* GlRate: whether the round trip to the client has become longer. */
#include "gl-rate.hpp"

#include <algorithm>
#include <cmath>

namespace red {

static constexpr double MS = 1e6; /* ns */

static constexpr uint64_t LONGER_FOR_NS = uint64_t(1000 * MS);
static constexpr double LONGER_NS = 4 * MS, LONGER_PER_JITTER = 3;

/* Lower bound, ns, of the time beyond the shortest round trip that a message of size 0 would take:
 * the intercept of the line through the sizes and round trips of messages [FROM, TO). Bytes ahead
 * of a message count as its own, since they delay it as much. 0: unknown. */
double GlRate::way_begins(size_t from, size_t to) const
{
    double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, sum_yy = 0, shortest = 1e18;
    for (size_t i = from; i < to; i++) {
        const Message &message = messages[i];
        if (message.rtt_ns > 0 && message.timed) {
            const double x = double(message.size) + message.ahead, y = message.rtt_ns - base_ns;
            n++;
            sum_x += x;
            sum_y += y;
            sum_xx += x * x;
            sum_xy += x * y;
            sum_yy += y * y;
            shortest = std::min(shortest, y);
        }
    }
    if (n < 6) {
        return 0;
    }
    const double mean_x = sum_x / n, mean_y = sum_y / n;
    const double xx = sum_xx - sum_x * mean_x, xy = sum_xy - sum_x * mean_y;
    const double yy = sum_yy - sum_y * mean_y;
    if (xx < 0.0025 * sum_xx) {
        return 0; /* sizes are all the same */
    }
    const double slope = std::max(xy / xx, 0.0);
    const double left = std::max(yy - 2 * slope * xy + slope * slope * xx, 0.0) / (n - 2);
    const double error = std::sqrt(left * (1 / n + mean_x * mean_x / xx));
    return std::min(mean_y - slope * mean_x - 2 * error, shortest);
}

/* If messages take longer whatever their size, the round trip has become longer, or others keep the
 * queue full. If they take longer the larger they are, the link has become slower. */
void GlRate::learn_longer_way()
{
    size_t from = flying, middle = flying, known = 0;
    while (from > 0 && (known < 16 || messages[from].sent_ns + LONGER_FOR_NS > now)) {
        from--;
        known += messages[from].rtt_ns > 0 && messages[from].timed;
        if (known == 8 || messages[from].sent_ns + LONGER_FOR_NS / 2 > now) {
            middle = from;
        }
    }
    if (known < 16 || messages[from].sent_ns + LONGER_FOR_NS > now) {
        return;
    }
    const double enough_ns = LONGER_NS + LONGER_PER_JITTER * jitter_ns;
    const double newer = way_begins(middle, flying);
    if (newer > enough_ns) {
        const double begin = std::min(newer, way_begins(from, middle));
        if (begin > enough_ns) {
            lengthen_way(begin);
        }
    }
}

/* As learn_longer_way(), for when hardly anything is sent: nothing of ours was ahead of MESSAGE,
 * and its size does not explain OVER_NS */
void GlRate::learn_longer_way_alone(const Message &message, double over_ns)
{
    if (message.together > message.size) {
        return;
    }
    if (over_ns < LONGER_NS + LONGER_PER_JITTER * jitter_ns) {
        longer = 0;
        return;
    }
    const double by_ns = 0.9 * (message.rtt_ns - base_ns);
    if (!longer++) {
        longer_from_ns = now;
        longer_by_ns = by_ns;
    }
    longer_by_ns = std::min(longer_by_ns, by_ns);
    if (longer >= 3 && double(now - longer_from_ns) > 500 * MS) {
        lengthen_way(longer_by_ns);
        longer = 0;
    }
}

void GlRate::lengthen_way(double by_ns)
{
    if (!(first_base_ns > 0)) {
        first_base_ns = base_ns;
    }
    base_ns += by_ns;
    base_changed_ns = now;
    drain_wait_ns = DRAIN_FIRST_NS;
    drain_ns = now + drain_wait_ns;
    queue = 0;
    waiting_ns = 0; /* messages did not wait */
    ceiling = FASTEST;
    rate = std::max({ rate, best, best_before }); /* the link has not become slower */
    for (auto &message : messages) {
        message.most = FASTEST; /* it was found with the shorter round trip */
        message.rtt_ns = 0;
    }
}

} // namespace red

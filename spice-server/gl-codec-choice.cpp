/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-codec-choice.hpp"

#include <algorithm>

namespace red {

static constexpr uint64_t MS = 1000000;

/* Multiples of the rate that JPEG needs. Between the two, the codec is kept. */
static constexpr double ENOUGH = 1.3, TOO_LITTLE = 1.05;
static constexpr uint64_t ENOUGH_FOR_NS = 2000 * MS, TOO_LITTLE_FOR_NS = 300 * MS;
/* A sharp fall counts for FELL_NS, but only if JPEG has been too much for FELL_FOR_NS: for a moment
 * a client that pauses looks like a fall */
static constexpr uint64_t FELL_NS = 1000 * MS, FELL_FOR_NS = 100 * MS;
/* After choose() has not been called for this long, earlier observations are void */
static constexpr uint64_t PAUSE_NS = 500 * MS;
static constexpr uint64_t LEAST_WAIT_NS = 3000 * MS, MOST_WAIT_NS = 30000 * MS;
/* A change to JPEG that did not last this long was a mistake */
static constexpr uint64_t QUICK_NS = 10000 * MS;

GlCodecChoice::Codec GlCodecChoice::choose(uint64_t rate, uint64_t fell_ns, double fps,
                                           size_t jpeg_size, uint64_t now_ns)
{
    if (!jpeg_size || !(fps > 0)) {
        return current;
    }

    const double need = fps * double(jpeg_size);
    const bool enough = double(rate) >= ENOUGH * need;
    const bool too_little = double(rate) < (decided ? TOO_LITTLE : ENOUGH) * need;
    if (!decided && enough) {
        decide(Codec::JPEG, "the link has room for JPEG", now_ns);
    }

    const bool better = current == Codec::JPEG ? too_little : enough;
    if (now_ns > asked_ns + PAUSE_NS) {
        since_ns = 0;
    }
    asked_ns = now_ns;
    if (!better) {
        since_ns = 0;
        return current;
    }
    if (!since_ns) {
        since_ns = now_ns;
    }
    /* A clock that jumps back delays a change, but does not cause one */
    const uint64_t held_ns = now_ns - std::min(now_ns, since_ns);
    const uint64_t stayed_ns = now_ns - std::min(now_ns, changed_ns);
    const bool fell = fell_ns > changed_ns && now_ns - std::min(now_ns, fell_ns) < FELL_NS;
    if (current == Codec::INTER) {
        if (held_ns >= ENOUGH_FOR_NS && stayed_ns >= wait_ns) {
            change(Codec::JPEG, "the link has room for JPEG", now_ns);
        }
    } else if (!decided) {
        /* A link often looks much too slow by its first pictures */
        if (held_ns >= TOO_LITTLE_FOR_NS) {
            decide(Codec::INTER, "the link is too slow for JPEG", now_ns);
        }
    } else if ((fell && held_ns >= FELL_FOR_NS) ||
               (held_ns >= TOO_LITTLE_FOR_NS && stayed_ns >= LEAST_WAIT_NS)) {
        wait_ns = stayed_ns < QUICK_NS ? std::min(2 * wait_ns, MOST_WAIT_NS) : LEAST_WAIT_NS;
        change(Codec::INTER,
               fell ? "the link has become much slower" : "the link is too slow for JPEG", now_ns);
    }
    return current;
}

void GlCodecChoice::decide(Codec first, const char *because, uint64_t now_ns)
{
    decided = true;
    wait_ns = LEAST_WAIT_NS;
    change(first, because, now_ns);
}

void GlCodecChoice::change(Codec to, const char *because, uint64_t now_ns)
{
    current = to;
    reason = because;
    changed_ns = now_ns;
    since_ns = 0;
}

} // namespace red

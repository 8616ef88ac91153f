/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-codec-choice.hpp"

#include <algorithm>

namespace red {

static constexpr uint64_t MS = 1000000;

/* Of what JPEG takes. Between the two things stay as they are. */
static constexpr double ENOUGH = 1.3, TOO_LITTLE = 1.05;
static constexpr uint64_t ENOUGH_FOR_NS = 2000 * MS, TOO_LITTLE_FOR_NS = 300 * MS;
/* A sharp fall that is not older than that; a client that has paused looks like one for a moment */
static constexpr uint64_t FELL_NS = 1000 * MS, FELL_FOR_NS = 100 * MS;
/* Not asked for that long: what was so before says nothing of now */
static constexpr uint64_t PAUSE_NS = 500 * MS;
static constexpr uint64_t LEAST_WAIT_NS = 3000 * MS, MOST_WAIT_NS = 30000 * MS;
/* JPEG that did not hold for that long had better not been tried */
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
    /* A clock that jumps back makes for a long wait, not for a change */
    const uint64_t held_ns = now_ns - std::min(now_ns, since_ns);
    const uint64_t stayed_ns = now_ns - std::min(now_ns, changed_ns);
    const bool fell = fell_ns > changed_ns && now_ns - std::min(now_ns, fell_ns) < FELL_NS;
    if (current == Codec::INTER) {
        if (held_ns >= ENOUGH_FOR_NS && stayed_ns >= wait_ns) {
            change(Codec::JPEG, "the link has room for JPEG", now_ns);
        }
    } else if (!decided) {
        /* What the first pictures tell of a link is often much too little */
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

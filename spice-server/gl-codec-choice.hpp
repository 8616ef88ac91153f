/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JPEG, or a codec that sends differences between frames? JPEG costs least CPU and is decoded at
 * once, but takes many times the bandwidth: it is for links on which it leaves room, and for the
 * first moments, in which that is found out. A change costs a large first frame, so none is made in haste, and one that was a mistake is not repeated
 * soon.
 *
 * No spice types. Times are monotonic, in ns.
 */
#pragma once

#include <cstddef>
#include <cstdint>

namespace red {

class GlCodecChoice
{
public:
    enum class Codec { INTER, JPEG };

    /*
     * Which one now? To be asked some times a second while there is a video.
     * RATE: what the link has for this video, bytes/s (GlRate::share()). FELL_NS: when it became
     * much slower last (GlRate::fell_ns()). FPS: frames that the guest draws in a second.
     * JPEG_SIZE: of a frame as a JPEG that is good enough, bytes; 0: unknown.
     */
    Codec choose(uint64_t rate, uint64_t fell_ns, double fps, size_t jpeg_size, uint64_t now_ns);

    Codec codec() const { return current; }
    /* Why that one; a literal */
    const char *why() const { return reason; }

private:
    void decide(Codec first, const char *because, uint64_t now_ns);
    void change(Codec to, const char *because, uint64_t now_ns);

    Codec current = Codec::JPEG;
    const char *reason = "the link's bandwidth is not known yet";
    bool decided = false;
    uint64_t changed_ns = 0, asked_ns = 0;
    uint64_t since_ns = 0; /* the other one would be better since then; 0: it would not */
    uint64_t wait_ns = 0;  /* from one change to JPEG */
};

} // namespace red

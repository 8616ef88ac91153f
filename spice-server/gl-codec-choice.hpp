/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Chooses between JPEG and a codec that sends differences between frames. JPEG costs the least CPU
 * and is decoded at once, but takes many times the bandwidth: it is used on links that have room
 * for it, and at first, until the link is known. Each change costs a large first frame, so none is
 * made in haste, and one that turned out wrong is not repeated soon.
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
     * The codec to use now. To be called a few times a second while there is a video.
     * RATE: the video's share of the link, bytes/s (GlRate::share()). FELL_NS: when the link last
     * became much slower (GlRate::fell_ns()). FPS: most frames that the client is sent per second.
     * JPEG_SIZE: size of a frame as a JPEG that is good enough, bytes; 0: unknown.
     */
    Codec choose(uint64_t rate, uint64_t fell_ns, double fps, size_t jpeg_size, uint64_t now_ns);

    Codec codec() const { return current; }
    /* Why this codec was chosen; a literal */
    const char *why() const { return reason; }

private:
    void decide(Codec first, const char *because, uint64_t now_ns);
    void change(Codec to, const char *because, uint64_t now_ns);

    Codec current = Codec::JPEG;
    const char *reason = "the link's bandwidth is not known yet";
    bool decided = false;
    uint64_t changed_ns = 0, asked_ns = 0;
    uint64_t since_ns = 0; /* since when the other codec would be better; 0: it would not */
    uint64_t wait_ns = 0;  /* least time that INTER is kept before a change to JPEG */
};

} // namespace red

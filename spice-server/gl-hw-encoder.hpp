/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Video encoded by the card that renders: dma-bufs in, frames out. The pictures are neither mapped
 * nor copied by the CPU.
 *
 * Nothing here waits for the card: a thread of the encoder's own sets it up and ends it, and one
 * that hangs there hangs alone.
 */
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gl-dmabuf.hpp"
#include "gl-hw-card.hpp"
#include "gl-rect.hpp"

namespace red {

class GlHwEncoder
{
public:
    /* Pictures that the encoder may be reading; above that the newest waits, older ones go. The
     * guest draws on meanwhile: of two, the second's buffer would more often be the guest's again
     * before the encoder comes to it, and a frame newer than the next. */
    static constexpr unsigned MAX_IN_FLIGHT = 1;
    /* From a picture's way in to its frame's way out */
    static constexpr uint32_t STALL_MS = 1000;
    /* The same for the first one, while which the card is set up */
    static constexpr uint32_t START_MS = 3000;

    struct Format {
        SpiceVideoCodecType codec;
        uint32_t width, height;     /* pixels */
        uint32_t fourcc;            /* DRM_FORMAT_* */
        uint64_t modifier;          /* DRM_FORMAT_MOD_* */
        uint32_t frames_per_second; /* at most; a guess */
        uint64_t bit_rate;          /* bits a second */
    };

    /* Called from any thread, one at a time; never within the encoder's calls except close(), nor
     * after its destructor. They must not destroy the encoder. */
    struct Callbacks {
        std::function<void(std::vector<uint8_t> &&frame, bool key)> encoded;
        /* Once, and nothing after it. WHY: one sentence */
        std::function<void(const std::string &why)> failed;
    };

    /* Returns at once; what goes wrong later is for Callbacks::failed. Null with *why when the
     * card does not encode this codec. */
    static std::unique_ptr<GlHwEncoder> create(const std::shared_ptr<GlHwCard> &card,
                                               const Format &format, Callbacks &&callbacks,
                                               std::string *why);
    ~GlHwEncoder();
    GlHwEncoder(const GlHwEncoder &) = delete;
    GlHwEncoder &operator=(const GlHwEncoder &) = delete;

    const Format &format() const;
    /* Is PART of the buffer a picture of this format? Parts of tiled buffers never are. */
    bool takes(const GlDmabuf &buffer, const GlRect &part) const;
    /* One picture that takes() is true of. KEEPER keeps the buffer and its fds: it is dropped, in
     * any thread, when the encoder does not read the picture any more. */
    void push(const GlDmabuf &buffer, const GlRect &part, std::shared_ptr<const void> keeper);
    /* The next picture pushed gives a key frame */
    void force_key_frame();
    void set_bit_rate(uint64_t bits_per_second);

    /* Pictures pushed whose frames have not come out, those waiting included */
    unsigned pending() const;
    /* Pictures that a newer one has replaced before they were encoded */
    uint64_t replaced() const;

    /* Waits until all encoders of the process that were destroyed have come to their end. False:
     * some hang; the pictures in these are then kept for ever, so that nobody is called back. */
    static bool wait_ended(uint32_t ms);

private:
    class Run;

    explicit GlHwEncoder(std::shared_ptr<Run> run);
    std::shared_ptr<Run> run;
};

} // namespace red

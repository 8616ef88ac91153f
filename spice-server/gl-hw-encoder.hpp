/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Video encoded by the card that renders: dma-bufs in, frames out. The pictures are neither mapped
 * nor copied by the CPU. Nothing here waits for the card (gl-encoder.hpp).
 */
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gl-dmabuf.hpp"
#include "gl-encoder.hpp"
#include "gl-hw-card.hpp"
#include "gl-rect.hpp"

namespace red {

class GlHwEncoder
{
public:
    /* The guest draws on meanwhile: of two, the second's buffer would more often be the guest's
     * again before the encoder comes to it, and a frame newer than the next. */
    static constexpr unsigned MAX_IN_FLIGHT = GlEncoder::MAX_IN_FLIGHT;
    static constexpr uint32_t STALL_MS = GlEncoder::STALL_MS;

    struct Format {
        SpiceVideoCodecType codec;
        uint32_t width, height;     /* pixels */
        uint32_t fourcc;            /* DRM_FORMAT_* */
        uint64_t modifier;          /* DRM_FORMAT_MOD_* */
        uint32_t frames_per_second; /* at most; a guess */
        uint64_t bit_rate;          /* bits a second */
    };
    using Callbacks = GlEncoder::Callbacks;

    /* Returns at once; what goes wrong later is for Callbacks::failed. Null with *why when the
     * card does not encode this codec. */
    static std::unique_ptr<GlHwEncoder> create(const std::shared_ptr<GlHwCard> &card,
                                               const Format &format, Callbacks &&callbacks,
                                               std::string *why);
    ~GlHwEncoder();
    GlHwEncoder(const GlHwEncoder &) = delete;
    GlHwEncoder &operator=(const GlHwEncoder &) = delete;

    const Format &format() const { return form; }
    /* Is PART of the buffer a picture of this format? Parts of tiled buffers never are. */
    bool takes(const GlDmabuf &buffer, const GlRect &part) const;
    /* One picture that takes() is true of. KEEPER keeps the buffer and its fds: it is dropped, in
     * any thread, when the encoder does not read the picture any more. */
    void push(const GlDmabuf &buffer, const GlRect &part, std::shared_ptr<const void> keeper);

    /* As GlEncoder's */
    void force_key_frame();
    void set_bit_rate(uint64_t bits_per_second);
    unsigned pending() const;
    uint64_t replaced() const;
    static bool wait_ended(uint32_t ms);

private:
    GlHwEncoder(const Format &format, std::unique_ptr<GlEncoder> encoder);

    const Format form;
    const std::unique_ptr<GlEncoder> encoder;
};

} // namespace red

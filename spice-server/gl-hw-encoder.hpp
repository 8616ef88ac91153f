/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Video encoded by the GPU that renders: dma-bufs in, encoded frames out. The CPU neither maps nor
 * copies the pixels. Nothing here waits for the GPU (gl-encoder.hpp).
 */
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gl-dmabuf.hpp"
#include "gl-encoder.hpp"
#include "gl-va-encoders.hpp"
#include "gl-rect.hpp"

namespace red {

class GlHwEncoder
{
public:
    /* The guest draws on while a picture is encoded. With two in flight, the guest would more often
     * draw into the second one's buffer before the encoder reads it. */
    static constexpr unsigned MAX_IN_FLIGHT = GlEncoder::MAX_IN_FLIGHT;
    static constexpr uint32_t STALL_MS = GlEncoder::STALL_MS;

    struct Format {
        SpiceVideoCodecType codec;
        uint32_t width, height;     /* pixels */
        uint32_t fourcc;            /* DRM_FORMAT_* */
        uint64_t modifier;          /* DRM_FORMAT_MOD_* */
        uint32_t frames_per_second; /* upper bound */
        uint64_t bit_rate;          /* bits/s */
    };
    using Callbacks = GlEncoder::Callbacks;

    /* Returns at once; Callbacks::failed reports what fails later. Null, with the reason in *why,
     * if the GPU cannot encode this codec. */
    static std::unique_ptr<GlHwEncoder> create(const std::shared_ptr<GlVaEncoders> &va,
                                               const Format &format, Callbacks &&callbacks,
                                               std::string *why);
    ~GlHwEncoder();
    GlHwEncoder(const GlHwEncoder &) = delete;
    GlHwEncoder &operator=(const GlHwEncoder &) = delete;

    const Format &format() const { return form; }
    /* Is PART of the buffer a picture of this format? Parts of tiled buffers never are. */
    bool takes(const GlDmabuf &buffer, const GlRect &part) const;
    /* Encodes a picture that takes() accepts. KEEPER keeps the buffer and its fds alive; it is
     * released, in any thread, when the encoder no longer reads the picture. */
    void push(const GlDmabuf &buffer, const GlRect &part, std::shared_ptr<const void> keeper);

    /* As in GlEncoder */
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

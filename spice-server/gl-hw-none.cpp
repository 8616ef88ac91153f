/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* For builds without GStreamer, or with one older than 1.24, which lacks dma-buf modifiers */
#include "gl-va-encoders.hpp"
#include "gl-hw-encoder.hpp"

namespace red {

struct GlVaEncoders::Elements {};

GlVaEncoders::GlVaEncoders() = default;
GlVaEncoders::~GlVaEncoders() = default;

std::shared_ptr<GlVaEncoders> GlVaEncoders::open(const GlRenderNode &, std::string *why)
{
    *why = "spice-server was built without GStreamer 1.24 or newer";
    return {};
}

const char *GlVaEncoders::encoder(SpiceVideoCodecType) const { return nullptr; }

std::unique_ptr<GlHwEncoder> GlHwEncoder::create(const std::shared_ptr<GlVaEncoders> &, const Format &,
                                                 Callbacks &&, std::string *why)
{
    *why = "spice-server was built without GStreamer 1.24 or newer";
    return {};
}

GlHwEncoder::~GlHwEncoder() = default;
bool GlHwEncoder::takes(const GlDmabuf &, const GlRect &) const { return false; }
void GlHwEncoder::push(const GlDmabuf &, const GlRect &, std::shared_ptr<const void>) {}
void GlHwEncoder::force_key_frame() {}
void GlHwEncoder::set_bit_rate(uint64_t) {}
unsigned GlHwEncoder::pending() const { return 0; }
uint64_t GlHwEncoder::replaced() const { return 0; }
bool GlHwEncoder::wait_ended(uint32_t) { return true; }

} // namespace red

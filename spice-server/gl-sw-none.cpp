/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* For builds without GStreamer, which need gl-hw-none.cpp, too */
#include "gl-codecs.hpp"
#include "gl-encoder.hpp"
#include "gl-sw-encoder.hpp"

namespace red {

void gl_codecs_load(uint32_t) {}
bool gl_codecs_work() { return false; }

class GlEncoder::Run {};
GlEncoder::~GlEncoder() = default;
bool GlEncoder::wait_ended(uint32_t) { return true; }

std::unique_ptr<GlSwEncoder> GlSwEncoder::create(const Format &, Callbacks &&, std::string *why)
{
    *why = "spice-server was built without GStreamer";
    return {};
}

GlSwEncoder::~GlSwEncoder() = default;
void GlSwEncoder::push(const GlFramePtr &, const GlRect &) {}
void GlSwEncoder::force_key_frame() {}
void GlSwEncoder::set_bit_rate(uint64_t) {}
unsigned GlSwEncoder::pending() const { return 0; }
uint64_t GlSwEncoder::replaced() const { return 0; }
bool GlSwEncoder::wait_ended(uint32_t) { return true; }

bool gl_sw_can_encode(SpiceVideoCodecType) { return false; }
GlRect gl_even(const GlRect &rect, uint32_t, uint32_t) { return rect; }

const std::vector<uint8_t> &gl_h264_flush_unit()
{
    static const std::vector<uint8_t> none;
    return none;
}

} // namespace red

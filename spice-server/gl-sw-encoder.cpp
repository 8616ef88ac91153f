/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-sw-encoder.hpp"

#include "gl-sw-pipeline.hpp"

namespace red {

GlSwEncoder::GlSwEncoder(const Format &format, std::unique_ptr<GlEncoder> encoder_):
    form(format), encoder(std::move(encoder_))
{
}

GlSwEncoder::~GlSwEncoder() = default;

std::unique_ptr<GlSwEncoder> GlSwEncoder::create(const Format &format, Callbacks &&callbacks,
                                                 std::string *why)
{
    if (!gl_sw_can_encode(format.codec)) {
        *why = "GStreamer has no software encoder for this codec";
        return {};
    }
    if (format.width == 0 || format.height == 0 || format.frames_per_second == 0) {
        *why = "the video has no pixels or a frame rate of 0";
        return {};
    }
    auto encoder = GlEncoder::create(
        [format](GlEncoderPipeline::Handlers &&handlers, std::string *reason) {
            return GlSwPipeline::start(format, std::move(handlers), reason);
        }, std::move(callbacks), why);
    if (!encoder) {
        return {};
    }
    return std::unique_ptr<GlSwEncoder>(new GlSwEncoder(format, std::move(encoder)));
}

void GlSwEncoder::push(const GlFramePtr &frame, const GlRect &part)
{
    encoder->push({ nullptr, frame.get(), part, frame });
}

void GlSwEncoder::force_key_frame()
{
    encoder->force_key_frame();
}

void GlSwEncoder::set_bit_rate(uint64_t bits_per_second)
{
    encoder->set_bit_rate(bits_per_second);
}

unsigned GlSwEncoder::pending() const
{
    return encoder->pending();
}

uint64_t GlSwEncoder::replaced() const
{
    return encoder->replaced();
}

bool GlSwEncoder::wait_ended(uint32_t ms)
{
    return GlEncoder::wait_ended(ms);
}

bool gl_sw_can_encode(SpiceVideoCodecType codec)
{
    return GlSwPipeline::element_for(codec) != nullptr;
}

/* gl_even() in one dimension; END: size of the picture in it */
static void make_even(uint32_t *start, uint32_t *length, uint32_t end)
{
    if (*length % 2 == 0) {
        return;
    }
    if (*start + *length < end) {
        (*length)++;
    } else if (*start > 0) {
        (*start)--;
        (*length)++;
    }
}

GlRect gl_even(const GlRect &rect, uint32_t width, uint32_t height)
{
    GlRect even = rect;
    make_even(&even.x, &even.w, width);
    make_even(&even.y, &even.h, height);
    return even;
}

const std::vector<uint8_t> &gl_h264_flush_unit()
{
    /* access unit delimiters for any slice type, with their start codes */
    static const std::vector<uint8_t> units = { 0, 0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x09, 0xf0 };
    return units;
}

} // namespace red

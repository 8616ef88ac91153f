/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-hw-encoder.hpp"

#include "gl-hw-pipeline.hpp"

namespace red {

GlHwEncoder::GlHwEncoder(const Format &format, std::unique_ptr<GlEncoder> encoder_):
    form(format), encoder(std::move(encoder_))
{
}

GlHwEncoder::~GlHwEncoder() = default;

std::unique_ptr<GlHwEncoder> GlHwEncoder::create(const std::shared_ptr<GlVaEncoders> &va,
                                                 const Format &format, Callbacks &&callbacks,
                                                 std::string *why)
{
    if (!va || !va->encoder(format.codec)) {
        *why = "the GPU has no encoder for this codec";
        return {};
    }
    auto encoder = GlEncoder::create(
        [va, format](GlEncoderPipeline::Handlers &&handlers, std::string *reason) {
            return GlHwPipeline::start(*va, format, std::move(handlers), reason);
        }, std::move(callbacks), why);
    if (!encoder) {
        return {};
    }
    return std::unique_ptr<GlHwEncoder>(new GlHwEncoder(format, std::move(encoder)));
}

bool GlHwEncoder::takes(const GlDmabuf &buffer, const GlRect &part) const
{
    constexpr uint64_t LINEAR = 0;
    const GlRect whole = { 0, 0, buffer.width, buffer.height };

    return part.w == form.width && part.h == form.height && buffer.fourcc == form.fourcc &&
        buffer.modifier == form.modifier &&
        (part == whole || (buffer.modifier == LINEAR && buffer.num_planes == 1));
}

void GlHwEncoder::push(const GlDmabuf &buffer, const GlRect &part,
                       std::shared_ptr<const void> keeper)
{
    encoder->push({ &buffer, nullptr, part, std::move(keeper) });
}

void GlHwEncoder::force_key_frame()
{
    encoder->force_key_frame();
}

void GlHwEncoder::set_bit_rate(uint64_t bits_per_second)
{
    encoder->set_bit_rate(bits_per_second);
}

unsigned GlHwEncoder::pending() const
{
    return encoder->pending();
}

uint64_t GlHwEncoder::replaced() const
{
    return encoder->replaced();
}

bool GlHwEncoder::wait_ended(uint32_t ms)
{
    return GlEncoder::wait_ended(ms);
}

} // namespace red

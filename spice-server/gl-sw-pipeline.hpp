/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The pipeline of a GlSwEncoder: appsrc ! [scaler !] converter ! encoder ! appsink, on the CPU */
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gl-gst-pipeline.hpp"
#include "gl-sw-encoder.hpp"

namespace red {

class GlSwPipeline final: public GlGstPipeline
{
public:
    /* "x264enc" and the like; null: none is installed. Any thread */
    static const char *element_for(SpiceVideoCodecType codec);

    /* A playing pipeline; null, with the reason in *why, if an element is missing or fails */
    static std::unique_ptr<GlSwPipeline> start(const GlSwEncoder::Format &format,
                                               Handlers &&handlers, std::string *why);

    void push(const GlEncoderPicture &picture, void (*release)(void *), void *opaque) override;
    void set_bit_rate(uint64_t bits_per_second) override;

private:
    GlSwPipeline(const GlSwEncoder::Format &format, Handlers &&handlers);
    bool build(std::string *why);
    bool scale(uint32_t width, uint32_t height, std::string *why);

    const GlSwEncoder::Format format;
    /* owned by the pipeline; the first two are null unless the size is scaled */
    GstElement *scaler = nullptr, *scaled = nullptr, *converter = nullptr, *converted = nullptr;
    uint64_t pushed = 0;
};

} // namespace red

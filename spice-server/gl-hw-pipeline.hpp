/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The pipeline of a GlHwEncoder: appsrc ! [converter !] VA encoder ! appsink, all on one GPU.
 * Creating and destroying it may hang. */
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gl-gst-pipeline.hpp"
#include "gl-hw-encoder.hpp"

namespace red {

class GlHwPipeline final: public GlGstPipeline
{
public:
    /* A playing pipeline; null, with the reason in *why, if an element is missing, cannot be opened
     * or refuses the format */
    static std::unique_ptr<GlHwPipeline> start(const GlVaEncoders &va,
                                               const GlHwEncoder::Format &format,
                                               Handlers &&handlers, std::string *why);
    ~GlHwPipeline() override;

    void push(const GlEncoderPicture &picture, void (*release)(void *), void *opaque) override;
    void set_bit_rate(uint64_t bits_per_second) override;

private:
    GlHwPipeline(const GlHwEncoder::Format &format, Handlers &&handlers);
    bool build(const GlVaEncoders &va, std::string *why);
    bool offer(GstElement *element);
    bool choose_caps(const GlVaEncoders &va, std::string *why);

    const GlHwEncoder::Format format;
    /* owned by the pipeline; null if the encoder does not need them */
    GstElement *converter = nullptr, *between = nullptr;
    GstAllocator *allocator = nullptr;
    gint64 started_us = 0;
    GstClockTime last_pts = 0;
};

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The GStreamer pipeline of a GlHwEncoder: appsrc ! [converter !] VA encoder ! appsink, all on one
 * card. Any thread, one at a time, unless said otherwise; making and ending it may hang. */
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include "gl-hw-encoder.hpp"

namespace red {

class GlHwPipeline
{
public:
    struct Handlers { /* from GStreamer's threads */
        std::function<void(std::vector<uint8_t> &&frame, bool key)> encoded;
        std::function<void(const std::string &why)> failed; /* maybe more than once */
    };

    /* Playing; null with *why when an element is missing, cannot be opened, or refuses the format */
    static std::unique_ptr<GlHwPipeline> start(const GlHwCard &card,
                                               const GlHwEncoder::Format &format,
                                               Handlers &&handlers, std::string *why);
    /* No handler is called after that */
    ~GlHwPipeline();
    GlHwPipeline(const GlHwPipeline &) = delete;
    GlHwPipeline &operator=(const GlHwPipeline &) = delete;

    /* RELEASE(OPAQUE) when the picture is not read any more; in any thread. False: it was not
     * taken, and RELEASE has been called. */
    bool push(const GlDmabuf &buffer, const GlRect &part, GDestroyNotify release, void *opaque);
    void force_key_frame();
    void set_bit_rate(uint64_t bits_per_second);

private:
    GlHwPipeline(const GlHwEncoder::Format &format, Handlers &&handlers);
    bool build(const GlHwCard &card, std::string *why);
    bool choose_caps(const GlHwCard &card, std::string *why);
    bool link(std::string *why);
    bool add(GstElement *element);

    static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, void *opaque);
    static GstFlowReturn on_frame(GstAppSink *sink, void *opaque);

    const GlHwEncoder::Format format;
    const Handlers handlers;
    GstElement *pipeline = nullptr;
    /* the pipeline's, in this order */
    GstElement *source = nullptr, *converter = nullptr, *between = nullptr, *encoder = nullptr,
        *filter = nullptr, *sink = nullptr;
    GstAllocator *allocator = nullptr;
    gint64 started_us = 0;
    GstClockTime last_pts = 0;
};

} // namespace red

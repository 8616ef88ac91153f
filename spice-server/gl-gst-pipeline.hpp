/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GStreamer pipelines of encoders have in common: appsrc ! [converters !] encoder ! appsink.
 * Those who derive from it say what is between its ends. */
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <spice/enums.h>

#include "gl-encoder.hpp"

namespace red {

class GlGstPipeline: public GlEncoderPipeline
{
public:
    ~GlGstPipeline() override;
    void force_key_frame() override;

protected:
    explicit GlGstPipeline(Handlers &&handlers);

    /* Both ends, and ENCODER (floating; null: there is none) that makes CODEC between them. All
     * are added, and not linked. */
    bool begin(GstElement *encoder, SpiceVideoCodecType codec, std::string *why);
    /* Takes ELEMENT (floating). False: it is null, or cannot be had. */
    bool add(GstElement *element);
    /* In this order; those that are null are left out */
    bool link(std::initializer_list<GstElement *> elements, std::string *why);
    bool ready(GstElement *element);
    bool play(std::string *why);
    /* Takes BUFFER */
    bool push_buffer(GstBuffer *buffer);

    static std::string name_of(GstElement *element);
    /* The property set to what VALUE says, if there is such a property and such a value */
    static void set(GstElement *element, const char *property, const char *value);
    static void set_caps(GstElement *element, const char *caps);
    /* As much of VALUE as an integer property, if there is one, can hold */
    static void set_number(GstElement *element, const char *property, uint64_t value);

    /* the pipeline's */
    GstElement *source = nullptr, *encoder = nullptr, *filter = nullptr, *sink = nullptr;
    GstElement *const pipeline;

private:
    static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, void *opaque);
    static GstFlowReturn on_frame(GstAppSink *sink, void *opaque);

    const Handlers handlers;
};

} // namespace red

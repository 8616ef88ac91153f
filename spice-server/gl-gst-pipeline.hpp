/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Base of the encoders' GStreamer pipelines: appsrc ! [converters !] encoder ! appsink. Derived
 * classes provide what is between the two ends. */
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

    /* Creates both ends and adds them, with ENCODER (floating) for CODEC between them. Links
     * nothing. False, with the reason in *why, if ENCODER is null or an element is missing. */
    bool begin(GstElement *encoder, SpiceVideoCodecType codec, std::string *why);
    /* Adds ELEMENT (floating) to the pipeline, which owns it then. False: null, or refused */
    bool add(GstElement *element);
    /* Links the elements in this order, leaving out those that are null */
    bool link(std::initializer_list<GstElement *> elements, std::string *why);
    bool ready(GstElement *element);
    bool play(std::string *why);
    /* Takes ownership of BUFFER */
    bool push_buffer(GstBuffer *buffer);

    static std::string name_of(GstElement *element);
    /* Sets the property from text, if there is such a property and it accepts VALUE */
    static void set(GstElement *element, const char *property, const char *value);
    static void set_caps(GstElement *element, const char *caps);
    /* Sets an integer property, if there is one, to VALUE, clamped to its range */
    static void set_number(GstElement *element, const char *property, uint64_t value);

    /* owned by the pipeline */
    GstElement *source = nullptr, *encoder = nullptr, *filter = nullptr, *sink = nullptr;
    GstElement *const pipeline;

private:
    static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, void *opaque);
    static GstFlowReturn on_frame(GstAppSink *sink, void *opaque);

    const Handlers handlers;
};

} // namespace red

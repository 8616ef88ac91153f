/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-gst-pipeline.hpp"

#include <algorithm>
#include <cstring>

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

namespace red {

GlGstPipeline::GlGstPipeline(Handlers &&handlers_):
    pipeline(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr)))),
    handlers(std::move(handlers_))
{
    auto bus = gst_element_get_bus(pipeline);
    gst_bus_set_sync_handler(bus, on_message, this, nullptr);
    gst_object_unref(bus);
}

GlGstPipeline::~GlGstPipeline()
{
    gst_element_set_state(pipeline, GST_STATE_NULL);
    auto bus = gst_element_get_bus(pipeline);
    gst_bus_set_sync_handler(bus, nullptr, nullptr, nullptr);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
}

/* ---- for derived classes ---- */

std::string GlGstPipeline::name_of(GstElement *element)
{
    auto factory = element ? gst_element_get_factory(element) : nullptr;
    return factory ? GST_OBJECT_NAME(factory) : "GStreamer";
}

void GlGstPipeline::set(GstElement *element, const char *property, const char *value)
{
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), property)) {
        gst_util_set_object_arg(G_OBJECT(element), property, value);
    }
}

void GlGstPipeline::set_caps(GstElement *element, const char *text)
{
    auto caps = gst_caps_from_string(text);
    g_object_set(element, "caps", caps, nullptr);
    gst_caps_unref(caps);
}

void GlGstPipeline::set_number(GstElement *element, const char *property, uint64_t value)
{
    auto spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), property);
    if (spec && G_IS_PARAM_SPEC_UINT(spec)) {
        const auto range = G_PARAM_SPEC_UINT(spec);
        g_object_set(element, property, static_cast<guint>(
            std::clamp<uint64_t>(value, range->minimum, range->maximum)), nullptr);
    } else if (spec && G_IS_PARAM_SPEC_INT(spec)) {
        const auto range = G_PARAM_SPEC_INT(spec);
        g_object_set(element, property, static_cast<gint>(
            std::clamp<uint64_t>(value, std::max(0, range->minimum), range->maximum)), nullptr);
    }
}

static const char *encoded_caps(SpiceVideoCodecType codec)
{
    switch (codec) {
    case SPICE_VIDEO_CODEC_TYPE_H264:
        return "video/x-h264,stream-format=byte-stream,alignment=au";
    case SPICE_VIDEO_CODEC_TYPE_H265:
        return "video/x-h265,stream-format=byte-stream,alignment=au";
    case SPICE_VIDEO_CODEC_TYPE_VP8:
        return "video/x-vp8";
    default:
        return "video/x-vp9";
    }
}

bool GlGstPipeline::add(GstElement *element)
{
    return element && gst_bin_add(GST_BIN(pipeline), element);
}

bool GlGstPipeline::begin(GstElement *encoder_, SpiceVideoCodecType codec, std::string *why)
{
    encoder = encoder_;
    source = gst_element_factory_make("appsrc", nullptr);
    filter = gst_element_factory_make("capsfilter", nullptr);
    sink = gst_element_factory_make("appsink", nullptr);
    if (!add(source) || !add(encoder) || !add(filter) || !add(sink)) {
        *why = "GStreamer has no " + std::string(!source ? "appsrc" : !encoder ? "encoder" :
                                                 !filter ? "capsfilter" : "appsink");
        return false;
    }
    g_object_set(source, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE,
                 "max-bytes", guint64{0}, nullptr);
    g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = on_frame;
    gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, this, nullptr);
    set_caps(filter, encoded_caps(codec));
    return true;
}

bool GlGstPipeline::link(std::initializer_list<GstElement *> elements, std::string *why)
{
    GstElement *previous = nullptr;
    for (auto element : elements) {
        if (!element) {
            continue;
        }
        if (previous && !gst_element_link(previous, element)) {
            *why = name_of(previous) + " and " + name_of(element) + " cannot be linked";
            return false;
        }
        previous = element;
    }
    return true;
}

bool GlGstPipeline::ready(GstElement *element)
{
    return gst_element_set_state(element, GST_STATE_READY) != GST_STATE_CHANGE_FAILURE;
}

bool GlGstPipeline::play(std::string *why)
{
    if (gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        *why = name_of(encoder) + " failed to start";
        return false;
    }
    return true;
}

bool GlGstPipeline::push_buffer(GstBuffer *buffer)
{
    return gst_app_src_push_buffer(GST_APP_SRC(source), buffer) == GST_FLOW_OK;
}

void GlGstPipeline::force_key_frame()
{
    /* not gst_element_send_event(): that takes the lock which state changes hold */
    auto pad = gst_element_get_static_pad(encoder, "src");
    gst_pad_send_event(pad, gst_video_event_new_upstream_force_key_unit(
        GST_CLOCK_TIME_NONE, TRUE, 0));
    gst_object_unref(pad);
}

/* ---- GStreamer's threads ---- */

GstFlowReturn GlGstPipeline::on_frame(GstAppSink *appsink, void *data)
{
    auto self = static_cast<GlGstPipeline *>(data);
    auto sample = gst_app_sink_pull_sample(appsink);
    auto buffer = sample ? gst_sample_get_buffer(sample) : nullptr;
    GstMapInfo map;

    /* the encoded frame, not the picture */
    if (buffer && gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        std::vector<uint8_t> frame(map.data, map.data + map.size);
        const bool key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
        gst_buffer_unmap(buffer, &map);
        self->handlers.encoded(std::move(frame), key);
    } else if (buffer) {
        self->handlers.failed("cannot read an encoded frame");
    }
    if (sample) {
        gst_sample_unref(sample);
    }
    return GST_FLOW_OK;
}

static std::string error_text(const std::string &element, GstMessage *message)
{
    GError *error = nullptr;
    gchar *debug = nullptr;
    gst_message_parse_error(message, &error, &debug);
    std::string text = element.empty() ? element : element + ": ";
    text += error ? error->message : "unknown error";
    const char *reason = debug ? strstr(debug, "reason ") : nullptr;
    if (reason) { /* why the data flow ended, such as "not-negotiated (-4)" */
        text += std::string(" (") + reason + ")";
    }
    g_clear_error(&error);
    g_free(debug);
    return text;
}

GstBusSyncReply GlGstPipeline::on_message(GstBus *, GstMessage *message, void *data)
{
    auto self = static_cast<GlGstPipeline *>(data);

    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        self->handlers.failed(error_text(
            GST_IS_ELEMENT(message->src) ? name_of(GST_ELEMENT(message->src)) : "", message));
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        self->handlers.failed("the encoder ended unexpectedly");
    }
    /* there is no reader of the bus */
    gst_message_unref(message);
    return GST_BUS_DROP;
}

} // namespace red

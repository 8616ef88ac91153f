/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-hw-pipeline.hpp"

#include <algorithm>
#include <cstring>

#include <unistd.h>

#include <gst/allocators/gstdmabuf.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

namespace red {

namespace {

std::string name_of(GstElement *element)
{
    auto factory = element ? gst_element_get_factory(element) : nullptr;
    return factory ? GST_OBJECT_NAME(factory) : "GStreamer";
}

std::string drm_format(uint32_t fourcc, uint64_t modifier)
{
    gchar *text = gst_video_dma_drm_fourcc_to_string(fourcc, modifier);
    const std::string format = text ? text : "an unknown format";
    g_free(text);
    return format;
}

/* The same with its alpha ignored: a scanout is opaque, and few encoders list both */
uint32_t opaque(uint32_t fourcc)
{
    switch (fourcc) {
    case GST_MAKE_FOURCC('A', 'R', '2', '4'): return GST_MAKE_FOURCC('X', 'R', '2', '4');
    case GST_MAKE_FOURCC('A', 'B', '2', '4'): return GST_MAKE_FOURCC('X', 'B', '2', '4');
    case GST_MAKE_FOURCC('R', 'A', '2', '4'): return GST_MAKE_FOURCC('R', 'X', '2', '4');
    case GST_MAKE_FOURCC('B', 'A', '2', '4'): return GST_MAKE_FOURCC('B', 'X', '2', '4');
    case GST_MAKE_FOURCC('A', 'R', '3', '0'): return GST_MAKE_FOURCC('X', 'R', '3', '0');
    case GST_MAKE_FOURCC('A', 'B', '3', '0'): return GST_MAKE_FOURCC('X', 'B', '3', '0');
    default: return fourcc;
    }
}

GstCaps *dmabuf_caps(const GlHwEncoder::Format &format, uint32_t fourcc)
{
    auto caps = gst_caps_new_simple("video/x-raw",
        "format", G_TYPE_STRING, "DMA_DRM",
        "drm-format", G_TYPE_STRING, drm_format(fourcc, format.modifier).c_str(),
        "width", G_TYPE_INT, static_cast<int>(format.width),
        "height", G_TYPE_INT, static_cast<int>(format.height),
        "framerate", GST_TYPE_FRACTION, static_cast<int>(format.frames_per_second), 1,
        "interlace-mode", G_TYPE_STRING, "progressive",
        "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, nullptr);
    gst_caps_set_features(caps, 0, gst_caps_features_new(GST_CAPS_FEATURE_MEMORY_DMABUF, nullptr));
    return caps;
}

const char *encoded_caps(SpiceVideoCodecType codec)
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

bool pad_takes(GstElement *element, GstCaps *caps)
{
    auto pad = gst_element_get_static_pad(element, "sink");
    auto taken = gst_pad_query_caps(pad, nullptr);
    const bool takes = gst_caps_can_intersect(taken, caps);
    gst_caps_unref(taken);
    gst_object_unref(pad);
    return takes;
}

void set(GstElement *element, const char *property, const char *value)
{
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), property)) {
        gst_util_set_object_arg(G_OBJECT(element), property, value);
    }
}

/* Frames are to come out at once, and a lost one cannot happen: no B-frames, few key frames */
void tune(GstElement *encoder)
{
    set(encoder, "b-frames", "0");
    set(encoder, "ref-frames", "1");
    set(encoder, "target-usage", "7");
    set(encoder, "rate-control", "vbr");
    set(encoder, "key-int-max", "1024");
}

void set_caps(GstElement *element, const char *text)
{
    auto caps = gst_caps_from_string(text);
    g_object_set(element, "caps", caps, nullptr);
    gst_caps_unref(caps);
}

gsize size_of(const GlDmabuf &buffer, int plane)
{
    const off_t size = lseek(buffer.fd[plane], 0, SEEK_END);
    return size > 0 ? size : buffer.offset[plane] + gsize{buffer.stride[plane]} * buffer.height;
}

} // namespace

GlHwPipeline::GlHwPipeline(const GlHwEncoder::Format &format_, Handlers &&handlers_):
    format(format_),
    handlers(std::move(handlers_)),
    allocator(gst_dmabuf_allocator_new()),
    started_us(g_get_monotonic_time())
{
}

GlHwPipeline::~GlHwPipeline()
{
    if (pipeline) {
        gst_element_set_state(pipeline, GST_STATE_NULL);
        auto bus = gst_element_get_bus(pipeline);
        gst_bus_set_sync_handler(bus, nullptr, nullptr, nullptr);
        gst_object_unref(bus);
        gst_object_unref(pipeline);
    }
    gst_object_unref(allocator);
}

bool GlHwPipeline::add(GstElement *element)
{
    return element && gst_bin_add(GST_BIN(pipeline), element);
}

std::unique_ptr<GlHwPipeline> GlHwPipeline::start(const GlHwCard &card,
                                                  const GlHwEncoder::Format &format,
                                                  Handlers &&handlers, std::string *why)
{
    std::unique_ptr<GlHwPipeline> self(new GlHwPipeline(format, std::move(handlers)));
    if (!self->build(card, why) || !self->choose_caps(card, why) || !self->link(why)) {
        return {};
    }
    if (gst_element_set_state(self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        *why = name_of(self->encoder) + " does not start";
        return {};
    }
    return self;
}

/* All elements but the converter, ready but not linked */
bool GlHwPipeline::build(const GlHwCard &card, std::string *why)
{
    pipeline = GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr)));
    auto bus = gst_element_get_bus(pipeline);
    gst_bus_set_sync_handler(bus, on_message, this, nullptr);
    gst_object_unref(bus);
    card.lend(pipeline);

    source = gst_element_factory_make("appsrc", nullptr);
    encoder = card.make_encoder(format.codec);
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
    set_caps(filter, encoded_caps(format.codec));
    tune(encoder);
    set_bit_rate(format.bit_rate);
    if (gst_element_set_state(pipeline, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE) {
        *why = name_of(encoder) + " cannot be opened";
        return false;
    }
    return true;
}

/* The encoder takes the pictures as they are, or the card's converter does and makes NV12 of them,
 * on the card too. What elements take is known when they are ready. */
bool GlHwPipeline::choose_caps(const GlHwCard &card, std::string *why)
{
    const uint32_t fourccs[] = { format.fourcc, opaque(format.fourcc) };

    for (auto element : { encoder, card.make_converter() }) {
        if (!element) {
            continue;
        }
        if (element != encoder) {
            converter = element;
            between = gst_element_factory_make("capsfilter", nullptr);
            if (!add(converter) || !add(between) ||
                gst_element_set_state(converter, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE) {
                break;
            }
            set_caps(between, "video/x-raw(memory:VAMemory),format=NV12");
        }
        for (uint32_t fourcc : fourccs) {
            auto caps = dmabuf_caps(format, fourcc);
            const bool taken = pad_takes(element, caps);
            if (taken) {
                gst_app_src_set_caps(GST_APP_SRC(source), caps);
            }
            gst_caps_unref(caps);
            if (taken) {
                return true;
            }
        }
    }
    *why = name_of(encoder) + " does not take " + drm_format(format.fourcc, format.modifier) +
        " of " + std::to_string(format.width) + "x" + std::to_string(format.height);
    return false;
}

bool GlHwPipeline::link(std::string *why)
{
    GstElement *previous = nullptr;
    for (auto element : { source, converter, between, encoder, filter, sink }) {
        if (!element) {
            continue;
        }
        if (previous && !gst_element_link(previous, element)) {
            *why = name_of(previous) + " and " + name_of(element) + " do not fit";
            return false;
        }
        previous = element;
    }
    return true;
}

bool GlHwPipeline::push(const GlDmabuf &buffer, const GlRect &part, GDestroyNotify release,
                        void *opaque_data)
{
    auto picture = gst_buffer_new();
    gsize offset[GST_VIDEO_MAX_PLANES] = {};
    gint stride[GST_VIDEO_MAX_PLANES] = {};
    gsize before = 0;

    for (int i = 0; i < buffer.num_planes; i++) {
        const gsize size = size_of(buffer, i);
        /* the fds stay the caller's: RELEASE says when they may be closed */
        gst_buffer_append_memory(picture, gst_dmabuf_allocator_alloc_with_flags(
            allocator, buffer.fd[i], size, GST_FD_MEMORY_FLAG_DONT_CLOSE));
        offset[i] = before + buffer.offset[i];
        stride[i] = buffer.stride[i];
        before += size;
    }
    /* a part is taken of linear buffers of one plane alone, of 4 bytes a pixel */
    offset[0] += gsize{part.y} * buffer.stride[0] + gsize{part.x} * 4;
    gst_buffer_add_video_meta_full(picture, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_DMA_DRM,
                                   part.w, part.h, buffer.num_planes, offset, stride);
    /* goes with the last reference to the memory, which an encoder may keep longer than the buffer */
    gst_mini_object_set_qdata(GST_MINI_OBJECT(gst_buffer_peek_memory(picture, 0)),
                              g_quark_from_static_string("spice-gl-keeper"), opaque_data, release);

    const GstClockTime now = (g_get_monotonic_time() - started_us) * GST_USECOND;
    last_pts = std::max(now, last_pts + GST_USECOND);
    GST_BUFFER_PTS(picture) = last_pts;
    return gst_app_src_push_buffer(GST_APP_SRC(source), picture) == GST_FLOW_OK;
}

void GlHwPipeline::force_key_frame()
{
    /* not gst_element_send_event(): that takes the lock which state changes hold */
    auto pad = gst_element_get_static_pad(encoder, "src");
    gst_pad_send_event(pad, gst_video_event_new_upstream_force_key_unit(
        GST_CLOCK_TIME_NONE, TRUE, 0));
    gst_object_unref(pad);
}

void GlHwPipeline::set_bit_rate(uint64_t bits_per_second)
{
    /* "bitrate": guint, kbit/s, in all of them */
    auto spec = g_object_class_find_property(G_OBJECT_GET_CLASS(encoder), "bitrate");
    if (spec && G_IS_PARAM_SPEC_UINT(spec)) {
        const uint64_t most = G_PARAM_SPEC_UINT(spec)->maximum;
        g_object_set(encoder, "bitrate",
                     static_cast<guint>(std::min(most, bits_per_second / 1000)), nullptr);
    }
}

GstFlowReturn GlHwPipeline::on_frame(GstAppSink *appsink, void *data)
{
    auto self = static_cast<GlHwPipeline *>(data);
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
        self->handlers.failed("an encoded frame cannot be read");
    }
    if (sample) {
        gst_sample_unref(sample);
    }
    return GST_FLOW_OK;
}

static std::string error_text(GstMessage *message)
{
    GError *error = nullptr;
    gchar *debug = nullptr;
    gst_message_parse_error(message, &error, &debug);
    std::string text = GST_IS_ELEMENT(message->src) ?
        name_of(GST_ELEMENT(message->src)) + ": " : std::string();
    text += error ? error->message : "an error";
    const char *reason = debug ? strstr(debug, "reason ") : nullptr;
    if (reason) { /* why the data flow ended, as "not-negotiated (-4)" */
        text += std::string(" (") + reason + ")";
    }
    g_clear_error(&error);
    g_free(debug);
    return text;
}

GstBusSyncReply GlHwPipeline::on_message(GstBus *, GstMessage *message, void *data)
{
    auto self = static_cast<GlHwPipeline *>(data);

    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        self->handlers.failed(error_text(message));
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        self->handlers.failed("the encoder has ended by itself");
    }
    /* nobody reads the bus */
    gst_message_unref(message);
    return GST_BUS_DROP;
}

} // namespace red

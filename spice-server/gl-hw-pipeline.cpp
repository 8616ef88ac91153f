/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-hw-pipeline.hpp"

#include <algorithm>

#include <unistd.h>

#include <gst/allocators/gstdmabuf.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

namespace red {

namespace {

std::string drm_format(uint32_t fourcc, uint64_t modifier)
{
    gchar *text = gst_video_dma_drm_fourcc_to_string(fourcc, modifier);
    const std::string format = text ? text : "an unknown format";
    g_free(text);
    return format;
}

/* FOURCC without its alpha channel: scanouts are opaque, and few encoders list both */
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

bool pad_takes(GstElement *element, GstCaps *caps)
{
    auto pad = gst_element_get_static_pad(element, "sink");
    auto taken = gst_pad_query_caps(pad, nullptr);
    const bool takes = gst_caps_can_intersect(taken, caps);
    gst_caps_unref(taken);
    gst_object_unref(pad);
    return takes;
}

gsize size_of(const GlDmabuf &buffer, int plane)
{
    const off_t size = lseek(buffer.fd[plane], 0, SEEK_END);
    return size > 0 ? size : buffer.offset[plane] + gsize{buffer.stride[plane]} * buffer.height;
}

} // namespace

GlHwPipeline::GlHwPipeline(const GlHwEncoder::Format &format_, Handlers &&handlers_):
    GlGstPipeline(std::move(handlers_)),
    format(format_),
    allocator(gst_dmabuf_allocator_new()),
    started_us(g_get_monotonic_time())
{
}

GlHwPipeline::~GlHwPipeline()
{
    gst_object_unref(allocator); /* its memory holds references of its own */
}

std::unique_ptr<GlHwPipeline> GlHwPipeline::start(const GlVaEncoders &va,
                                                  const GlHwEncoder::Format &format,
                                                  Handlers &&handlers, std::string *why)
{
    std::unique_ptr<GlHwPipeline> self(new GlHwPipeline(format, std::move(handlers)));
    if (!self->build(va, why) || !self->choose_caps(va, why) ||
        !self->link({ self->source, self->converter, self->between, self->encoder, self->filter,
                      self->sink }, why) ||
        !self->play(why)) {
        return {};
    }
    return self;
}

/* Creates all elements but the converter; they are ready, but not linked */
bool GlHwPipeline::build(const GlVaEncoders &va, std::string *why)
{
    va.lend(pipeline);
    if (!begin(va.make_encoder(format.codec), format.codec, why)) {
        return false;
    }
    /* Low latency over a reliable transport: no B-frames, rare key frames */
    set(encoder, "b-frames", "0");
    set(encoder, "ref-frames", "1");
    set(encoder, "target-usage", "7");
    set(encoder, "rate-control", "vbr");
    set(encoder, "key-int-max", "1024");
    set_bit_rate(format.bit_rate);
    if (!ready(pipeline)) {
        *why = name_of(encoder) + " cannot be opened";
        return false;
    }
    return true;
}

/* Does ELEMENT, which is ready, accept the pictures? If so, sets the source's caps. */
bool GlHwPipeline::offer(GstElement *element)
{
    for (uint32_t fourcc : { format.fourcc, opaque(format.fourcc) }) {
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
    return false;
}

/* The encoder accepts the pictures as they are, or else the GPU's converter does, which converts
 * them to NV12 on the GPU. What elements accept is known once they are ready. */
bool GlHwPipeline::choose_caps(const GlVaEncoders &va, std::string *why)
{
    if (offer(encoder)) {
        return true;
    }
    converter = va.make_converter();
    between = gst_element_factory_make("capsfilter", nullptr);
    if (add(between) && add(converter) && ready(converter)) {
        set_caps(between, "video/x-raw(memory:VAMemory),format=NV12");
        if (offer(converter)) {
            return true;
        }
    }
    *why = name_of(encoder) + " does not accept " + drm_format(format.fourcc, format.modifier) +
        " at " + std::to_string(format.width) + "x" + std::to_string(format.height);
    return false;
}

void GlHwPipeline::push(const GlEncoderPicture &picture, void (*release)(void *), void *opaque_data)
{
    const auto &buffer = *picture.buffer;
    const auto &part = picture.part;
    auto pixels = gst_buffer_new();
    gsize offset[GST_VIDEO_MAX_PLANES] = {};
    gint stride[GST_VIDEO_MAX_PLANES] = {};
    gsize before = 0;

    for (int i = 0; i < buffer.num_planes; i++) {
        const gsize size = size_of(buffer, i);
        /* the caller keeps the fds: RELEASE is called when they may be closed */
        gst_buffer_append_memory(pixels, gst_dmabuf_allocator_alloc_with_flags(
            allocator, buffer.fd[i], size, GST_FD_MEMORY_FLAG_DONT_CLOSE));
        offset[i] = before + buffer.offset[i];
        stride[i] = buffer.stride[i];
        before += size;
    }
    /* parts are only taken of linear buffers with one plane of 4 bytes per pixel */
    offset[0] += gsize{part.y} * buffer.stride[0] + gsize{part.x} * 4;
    gst_buffer_add_video_meta_full(pixels, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_DMA_DRM,
                                   part.w, part.h, buffer.num_planes, offset, stride);
    /* called with the last reference to the memory, which encoders may keep longer than PIXELS */
    gst_mini_object_set_qdata(GST_MINI_OBJECT(gst_buffer_peek_memory(pixels, 0)),
                              g_quark_from_static_string("spice-gl-keeper"), opaque_data, release);

    const GstClockTime now = (g_get_monotonic_time() - started_us) * GST_USECOND;
    last_pts = std::max(now, last_pts + GST_USECOND);
    GST_BUFFER_PTS(pixels) = last_pts;
    push_buffer(pixels);
}

void GlHwPipeline::set_bit_rate(uint64_t bits_per_second)
{
    set_number(encoder, "bitrate", bits_per_second / 1000); /* kbit/s in all VA encoders */
}

} // namespace red

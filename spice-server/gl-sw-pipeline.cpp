/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-sw-pipeline.hpp"

#include <algorithm>

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include "gl-codecs.hpp"

namespace red {

namespace {

struct Setting {
    const char *property, *value;
};

/*
 * Common to all encoders: a frame comes out before the next goes in (no B-frames, no lookahead),
 * no frame is dropped, key frames are made on request only (the transport is reliable), and a frame
 * may take little more than its share (a small buffer model): one that is too large is late, and
 * so are those behind it. Properties that a version lacks are skipped.
 */
constexpr Setting X264[] = {
    { "tune", "zerolatency" },
    { "sliced-threads", "true" },
    { "byte-stream", "true" },
    { "aud", "false" },
    { "pass", "cbr" },
    /* Limiting the quality leaves room for when the link becomes slower. There is no lower limit:
     * the first frame would take many frames' share. */
    { "qp-min", "18" },
    { "bframes", "0" },
    { "rc-lookahead", "0" },
    { "sync-lookahead", "0" },
    { "mb-tree", "false" },
    { "key-int-max", "2147483647" },
    { "intra-refresh", "false" },
    { "option-string", "scenecut=0" },
};

/* Not usage-type=screen: a tenth of the bit rate in full motion, at a tenth of the quality */
constexpr Setting OPENH264[] = {
    { "complexity", "low" },
    { "rate-control", "bitrate" },
    { "qp-min", "18" },
    { "enable-frame-skip", "false" },
    { "gop-size", "2147483647" },
    { "scene-change-detection", "false" },
    { "background-detection", "false" },
    { "adaptive-quantization", "false" },
    { "slice-mode", "n-slices" },
};

constexpr Setting VPX[] = {
    { "deadline", "1" }, /* realtime */
    { "end-usage", "cbr" },
    { "lag-in-frames", "0" },
    { "error-resilient", "0" },
    { "keyframe-mode", "disabled" },
    { "max-intra-bitrate", "400" }, /* percent of a frame's share, for the first frame */
    { "dropframe-threshold", "0" },
    { "resize-allowed", "false" },
    { "buffer-size", "100" }, /* ms */
    { "buffer-optimal-size", "60" },
    { "buffer-initial-size", "60" },
    { "undershoot", "100" },
    { "overshoot", "15" },
    { "static-threshold", "100" },
    { "min-quantizer", "10" },
};

constexpr Setting VP8[] = {
    { "cpu-used", "-12" }, /* below zero: this very speed, instead of an adaptive one */
    /* With more, decoders use a thread for each, and these wait for each other in busy loops */
    { "token-partitions", "1" },
};

constexpr Setting VP9[] = {
    { "cpu-used", "9" },
    { "row-mt", "true" },
    { "aq-mode", "cyclic-refresh" }, /* halves the variation of frame sizes */
    { "frame-parallel-decoding", "false" },
};

/* The better ones of each codec first */
constexpr struct {
    SpiceVideoCodecType codec;
    const char *element;
} ELEMENTS[] = {
    { SPICE_VIDEO_CODEC_TYPE_H264, "x264enc" },
    { SPICE_VIDEO_CODEC_TYPE_H264, "openh264enc" },
    { SPICE_VIDEO_CODEC_TYPE_VP8, "vp8enc" },
    { SPICE_VIDEO_CODEC_TYPE_VP9, "vp9enc" },
};

constexpr uint32_t MIN_SIZE = 16; /* of x264 and openh264, pixels */

/* The smallest size from LENGTH up that the codecs support */
uint32_t codec_size(uint32_t length)
{
    return std::max(MIN_SIZE, length + length % 2);
}

/* More threads mean more slices, each of which costs bits, and leave the guest less CPU time */
unsigned thread_count(SpiceVideoCodecType codec)
{
    const unsigned processors = g_get_num_processors();

    /* VP8's threads wait for each other in busy loops: without a processor for each, a frame takes
     * many times as long as with one thread */
    if (codec == SPICE_VIDEO_CODEC_TYPE_VP8) {
        return processors < 4 ? 1 : 2;
    }
    return std::min(4u, processors);
}

} // namespace

const char *GlSwPipeline::element_for(SpiceVideoCodecType codec)
{
    for (const auto &known : ELEMENTS) {
        if (known.codec == codec && gl_codecs_have(known.element)) {
            return known.element;
        }
    }
    return nullptr;
}

GlSwPipeline::GlSwPipeline(const GlSwEncoder::Format &format_, Handlers &&handlers_):
    GlGstPipeline(std::move(handlers_)), format(format_)
{
}

std::unique_ptr<GlSwPipeline> GlSwPipeline::start(const GlSwEncoder::Format &format,
                                                  Handlers &&handlers, std::string *why)
{
    std::unique_ptr<GlSwPipeline> self(new GlSwPipeline(format, std::move(handlers)));
    if (!self->build(why) ||
        !self->link({ self->source, self->scaler, self->scaled, self->converter, self->converted,
                      self->encoder, self->filter, self->sink }, why) ||
        !self->play(why)) {
        return {};
    }
    return self;
}

bool GlSwPipeline::build(std::string *why)
{
    const auto name = element_for(format.codec);
    const unsigned thread_number = thread_count(format.codec);
    const auto threads = std::to_string(thread_number);

    if (!name) {
        *why = "the encoder for this codec is no longer available";
        return false;
    }
    if (!begin(gst_element_factory_make(name, nullptr), format.codec, why)) {
        return false;
    }
    auto set_all = [this](const auto &settings) {
        for (const auto &setting : settings) {
            set(encoder, setting.property, setting.value);
        }
    };
    switch (format.codec) {
    case SPICE_VIDEO_CODEC_TYPE_VP8:
        set_all(VPX);
        set_all(VP8);
        set(encoder, "threads", threads.c_str());
        break;
    case SPICE_VIDEO_CODEC_TYPE_VP9:
        set_all(VPX);
        set_all(VP9);
        set(encoder, "threads", threads.c_str());
        set(encoder, "tile-columns", thread_number > 2 ? "2" : thread_number > 1 ? "1" : "0");
        break;
    default:
        if (std::string(name) == "x264enc") {
            /* Two to three dB better in full motion, for up to a third more time */
            constexpr uint64_t PIXELS_A_THREAD = 500000;
            const uint64_t pixels = uint64_t{format.width} * format.height;
            set(encoder, "speed-preset",
                pixels <= thread_number * PIXELS_A_THREAD ? "superfast" : "ultrafast");
            set_all(X264);
            set(encoder, "threads", threads.c_str());
        } else {
            set_all(OPENH264);
            set(encoder, "multi-thread", threads.c_str());
            set(encoder, "num-slices", threads.c_str());
        }
    }
    set_bit_rate(format.bit_rate);

    converter = gst_element_factory_make("videoconvert", nullptr);
    converted = gst_element_factory_make("capsfilter", nullptr);
    if (!add(converter) || !add(converted)) {
        *why = "GStreamer has no videoconvert";
        return false;
    }
    set(converter, "dither", "none");
    set_caps(converted, "video/x-raw,format=I420");

    auto caps = gst_caps_new_simple("video/x-raw",
        "format", G_TYPE_STRING, "BGRx",
        "width", G_TYPE_INT, static_cast<int>(format.width),
        "height", G_TYPE_INT, static_cast<int>(format.height),
        "framerate", GST_TYPE_FRACTION, static_cast<int>(format.frames_per_second), 1,
        "interlace-mode", G_TYPE_STRING, "progressive",
        "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, nullptr);
    gst_app_src_set_caps(GST_APP_SRC(source), caps);
    gst_caps_unref(caps);

    const uint32_t width = codec_size(format.width), height = codec_size(format.height);
    return (width == format.width && height == format.height) || scale(width, height, why);
}

/* Doubles some lines and columns: a client that scales back in the same way drops just these */
bool GlSwPipeline::scale(uint32_t width, uint32_t height, std::string *why)
{
    scaler = gst_element_factory_make("videoscale", nullptr);
    scaled = gst_element_factory_make("capsfilter", nullptr);
    if (!add(scaler) || !add(scaled)) {
        *why = "GStreamer has no videoscale";
        return false;
    }
    set(scaler, "method", "nearest-neighbour");
    set(scaler, "add-borders", "false");
    const auto caps = "video/x-raw,pixel-aspect-ratio=1/1,width=" + std::to_string(width) +
        ",height=" + std::to_string(height);
    set_caps(scaled, caps.c_str());
    return true;
}

void GlSwPipeline::push(const GlEncoderPicture &picture, void (*release)(void *), void *opaque)
{
    const auto &frame = *picture.frame;
    const auto &part = picture.part;
    gsize offset[GST_VIDEO_MAX_PLANES] = {};
    gint stride[GST_VIDEO_MAX_PLANES] = { static_cast<gint>(frame.stride()) };
    const gsize size = frame.stride() * (part.h - 1) + part.w * GlFrame::BYTES;

    /* not written to: the flag says so */
    auto pixels = gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY,
                                              const_cast<uint8_t *>(frame.pixel(part.x, part.y)),
                                              size, 0, size, opaque, release);
    gst_buffer_add_video_meta_full(pixels, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_BGRx,
                                   part.w, part.h, 1, offset, stride);
    /* Not the time of the push: encoders would give more bits to a frame that comes after a pause,
     * and the link has no more room for that one than for another */
    GST_BUFFER_PTS(pixels) = gst_util_uint64_scale_int(pushed++, GST_SECOND,
                                                       format.frames_per_second);
    GST_BUFFER_DURATION(pixels) = GST_SECOND / format.frames_per_second;
    push_buffer(pixels);
}

void GlSwPipeline::set_bit_rate(uint64_t bits_per_second)
{
    const auto name = name_of(encoder);

    if (name == "x264enc") {
        /* The buffer model holds a frame or two, but more if frames have to be tiny: with less than
         * 3 bytes for a block of 16x16 pixels x264 repeats the same picture again and again. With
         * so small a buffer it uses 80 to 90 % of the bit rate that it is given. */
        constexpr uint64_t BUFFER_MS = 30, PIXELS_A_BYTE = 90;
        const uint64_t given = std::max<uint64_t>(1000, bits_per_second * 115 / 100);
        const uint64_t least = uint64_t{format.width} * format.height / PIXELS_A_BYTE;
        set_number(encoder, "vbv-buf-capacity", std::max(BUFFER_MS, least * 8 * 1000 / given));
        set_number(encoder, "bitrate", given / 1000);
    } else if (name == "openh264enc") {
        /* the bit rate never exceeds the limit, whether it rises or falls */
        set_number(encoder, "max-bitrate", UINT32_MAX);
        set_number(encoder, "bitrate", bits_per_second);
        set_number(encoder, "max-bitrate", bits_per_second + bits_per_second / 4);
    } else {
        set_number(encoder, "target-bitrate", bits_per_second);
    }
}

} // namespace red

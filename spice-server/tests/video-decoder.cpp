/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "video-decoder.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

/* Pictures are copied in the thread that has decoded them, since ThreadSanitizer does not see how
 * GStreamer's threads synchronise */
struct VideoDecoder::Pipeline {
    GstElement *bin = nullptr;
    GstElement *source = nullptr, *sink = nullptr;

    std::mutex lock;
    std::condition_variable changed;
    std::deque<DecodedPicture> pictures;

    ~Pipeline()
    {
        if (bin) {
            gst_element_set_state(bin, GST_STATE_NULL);
            gst_object_unref(source);
            gst_object_unref(sink);
            gst_object_unref(bin);
        }
    }
};

static DecodedPicture copy_of(GstSample *sample)
{
    DecodedPicture picture;
    GstVideoInfo info;
    GstVideoFrame frame;
    if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) &&
        gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ)) {
        picture.width = GST_VIDEO_FRAME_WIDTH(&frame);
        picture.height = GST_VIDEO_FRAME_HEIGHT(&frame);
        for (uint32_t y = 0; y < picture.height; y++) {
            auto line = static_cast<uint8_t *>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)) +
                y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0);
            picture.pixels.insert(picture.pixels.end(), line, line + picture.width * 4);
        }
        gst_video_frame_unmap(&frame);
    }
    return picture;
}

static const char *decoder_of(SpiceVideoCodecType codec)
{
    switch (codec) {
    case SPICE_VIDEO_CODEC_TYPE_H264: return "h264parse ! avdec_h264";
    case SPICE_VIDEO_CODEC_TYPE_VP8: return "vp8dec";
    default: return "vp9dec";
    }
}

static const char *caps_of(SpiceVideoCodecType codec, bool as_spice_gtk)
{
    switch (codec) {
    case SPICE_VIDEO_CODEC_TYPE_H264:
        return as_spice_gtk ? "video/x-h264" :
            "video/x-h264,stream-format=byte-stream,alignment=au";
    case SPICE_VIDEO_CODEC_TYPE_VP8: return "video/x-vp8";
    default: return "video/x-vp9";
    }
}

std::unique_ptr<VideoDecoder> VideoDecoder::create(SpiceVideoCodecType codec, std::string *why,
                                                   bool as_spice_gtk)
{
    const std::string text = std::string("appsrc name=source is-live=true format=time caps=") +
        caps_of(codec, as_spice_gtk) + " ! " + decoder_of(codec) +
        " ! videoconvert ! video/x-raw,format=BGRx ! appsink name=sink sync=false async=false";
    GError *error = nullptr;
    std::unique_ptr<VideoDecoder> self(new VideoDecoder);
    self->pipeline = std::make_unique<Pipeline>();
    auto bin = gst_parse_launch_full(text.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (!bin) {
        *why = error->message;
        g_clear_error(&error);
        return {};
    }
    self->pipeline->bin = GST_ELEMENT(gst_object_ref_sink(bin));
    self->pipeline->source = gst_bin_get_by_name(GST_BIN(bin), "source");
    self->pipeline->sink = gst_bin_get_by_name(GST_BIN(bin), "sink");
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = [](GstAppSink *sink, void *opaque) {
        auto pipeline = static_cast<Pipeline *>(opaque);
        if (auto sample = gst_app_sink_pull_sample(sink)) {
            auto picture = copy_of(sample);
            gst_sample_unref(sample);
            std::lock_guard<std::mutex> guard(pipeline->lock);
            pipeline->pictures.push_back(std::move(picture));
            pipeline->changed.notify_all();
        }
        return GST_FLOW_OK;
    };
    gst_app_sink_set_callbacks(GST_APP_SINK(self->pipeline->sink), &callbacks,
                               self->pipeline.get(), nullptr);
    gst_element_set_state(bin, GST_STATE_PLAYING);
    return self;
}

VideoDecoder::~VideoDecoder() = default;

void VideoDecoder::push(const std::vector<uint8_t> &data)
{
    auto buffer = gst_buffer_new_memdup(data.data(), data.size());
    gst_app_src_push_buffer(GST_APP_SRC(pipeline->source), buffer);
}

bool VideoDecoder::pull(DecodedPicture *picture, unsigned ms)
{
    auto &pictures = pipeline->pictures;
    std::unique_lock<std::mutex> guard(pipeline->lock);
    if (!pipeline->changed.wait_for(guard, std::chrono::milliseconds(ms),
                                    [&] { return !pictures.empty(); })) {
        return false;
    }
    *picture = std::move(pictures.front());
    pictures.pop_front();
    return true;
}

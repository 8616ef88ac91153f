/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video-decoder.hpp"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

struct VideoDecoder::Pipeline {
    GstElement *bin = nullptr;
    GstElement *source = nullptr, *sink = nullptr;

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
    auto sample = gst_app_sink_try_pull_sample(GST_APP_SINK(pipeline->sink), ms * GST_MSECOND);
    if (!sample) {
        return false;
    }
    GstVideoInfo info;
    GstVideoFrame frame;
    const bool good = gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) &&
        gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ);
    if (good) {
        picture->width = GST_VIDEO_FRAME_WIDTH(&frame);
        picture->height = GST_VIDEO_FRAME_HEIGHT(&frame);
        picture->pixels.clear();
        for (uint32_t y = 0; y < picture->height; y++) {
            auto line = static_cast<uint8_t *>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)) +
                y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0);
            picture->pixels.insert(picture->pixels.end(), line, line + picture->width * 4);
        }
        gst_video_frame_unmap(&frame);
    }
    gst_sample_unref(sample);
    return good;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The software encoder inside the VA double, and its log and orders. */
#include "va-double.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <gst/allocators/gstdmabuf.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

struct VaDoubleInside {
    GstElement *pipeline;
    GstAppSrc *src;
    GstAppSink *sink;
    GstVideoInfo info;
    guint64 frames;
};

static gchar *control(void)
{
    const char *path = g_getenv("VA_DOUBLE_CONTROL");
    gchar *text = NULL;

    if (path) {
        g_file_get_contents(path, &text, NULL, NULL);
    }
    return text ? text : g_strdup("");
}

static guint64 number_after(const char *text, const char *word, guint64 otherwise)
{
    const char *found = strstr(text, word);

    return found ? g_ascii_strtoull(found + strlen(word), NULL, 0) : otherwise;
}

VaDoubleOrders va_double_orders(void)
{
    g_autofree gchar *text = control();
    VaDoubleOrders orders = {
        .refuse_caps = strstr(text, "refuse-caps") != NULL,
        .only_modifier = number_after(text, "only-modifier=", G_MAXUINT64),
        .fail_at = number_after(text, "fail-at=", 0),
        .stall_at = number_after(text, "stall-at=", 0),
        .die_at = number_after(text, "die-at=", 0),
    };

    return orders;
}

gboolean va_double_ordered(const char *word)
{
    g_autofree gchar *text = control();

    return strstr(text, word) != NULL;
}

void va_double_log(const char *format, ...)
{
    const char *path = g_getenv("VA_DOUBLE_LOG");
    FILE *file = path ? fopen(path, "ae") : NULL;
    va_list arguments;

    if (!file) {
        return;
    }
    va_start(arguments, format);
    g_autofree gchar *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(file, "%s\n", line);
    fclose(file);
}

gboolean va_double_log_buffer(const char *word, const char *name, GstBuffer *buffer)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (guint i = 0; i < gst_buffer_n_memory(buffer); i++) {
        GstMemory *memory = gst_buffer_peek_memory(buffer, i);
        struct stat st;

        if (!gst_is_dmabuf_memory(memory) || fstat(gst_dmabuf_memory_get_fd(memory), &st) != 0) {
            va_double_log("no-dmabuf %s", name);
            return FALSE;
        }
        g_string_append_printf(line, " inode=%" G_GUINT64_FORMAT, (guint64)st.st_ino);
    }
    va_double_log("%s %s%s", word, name, line->str);
    return TRUE;
}

/* As a VA encoder is set up for a remote desktop: one frame in, one frame out */
static const char *encoder_of(const char *codec)
{
    if (strcmp(codec, "h264") == 0) {
        return "x264enc name=encoder tune=zerolatency speed-preset=ultrafast key-int-max=1000 "
               "bitrate=8000 byte-stream=true ! video/x-h264,profile=constrained-baseline,"
               "stream-format=byte-stream,alignment=au";
    }
    if (strcmp(codec, "h265") == 0) {
        return "x265enc name=encoder tune=zerolatency speed-preset=ultrafast ! "
               "video/x-h265,stream-format=byte-stream,alignment=au";
    }
    return "vp9enc name=encoder deadline=1 cpu-used=8 lag-in-frames=0 end-usage=cbr ! video/x-vp9";
}

VaDoubleInside *va_double_inside_new(const char *codec)
{
    g_autofree gchar *line = g_strdup_printf(
        "appsrc name=src format=time is-live=true ! videoconvert ! %s ! "
        "appsink name=sink sync=false async=false", encoder_of(codec));
    GstElement *pipeline = gst_parse_launch_full(line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, NULL);

    if (!pipeline) {
        return NULL;
    }
    VaDoubleInside *inside = g_new0(VaDoubleInside, 1);
    inside->pipeline = pipeline;
    inside->src = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(pipeline), "src"));
    inside->sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(pipeline), "sink"));
    return inside;
}

void va_double_inside_free(VaDoubleInside *inside)
{
    if (!inside) {
        return;
    }
    gst_element_set_state(inside->pipeline, GST_STATE_NULL);
    gst_object_unref(inside->src);
    gst_object_unref(inside->sink);
    gst_object_unref(inside->pipeline);
    g_free(inside);
}

gboolean va_double_inside_start(VaDoubleInside *inside, const GstVideoInfo *info)
{
    g_autoptr(GstCaps) caps = gst_video_info_to_caps((GstVideoInfo *)info);

    inside->info = *info;
    inside->frames = 0;
    gst_element_set_state(inside->pipeline, GST_STATE_READY);
    gst_app_src_set_caps(inside->src, caps);
    return gst_element_set_state(inside->pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
}

/* A real encoder would let the GPU read the picture here: the double maps it */
GstBuffer *va_double_copy(const GstVideoInfo *info, GstBuffer *buffer)
{
    GstVideoMeta *meta = gst_buffer_get_video_meta(buffer);
    const gsize offset = meta ? meta->offset[0] : 0;
    const gsize stride = meta ? (gsize)meta->stride[0] : GST_VIDEO_INFO_PLANE_STRIDE(info, 0);
    const gsize line = GST_VIDEO_INFO_WIDTH(info) * 4, lines = GST_VIDEO_INFO_HEIGHT(info);
    GstBuffer *copy = gst_buffer_new_allocate(NULL, line * lines, NULL);
    GstMapInfo from, to;

    if (!gst_buffer_map(buffer, &from, GST_MAP_READ)) {
        gst_buffer_unref(copy);
        return NULL;
    }
    gst_buffer_map(copy, &to, GST_MAP_WRITE);
    for (gsize y = 0; y < lines && offset + y * stride + line <= from.size; y++) {
        memcpy(to.data + y * line, from.data + offset + y * stride, line);
    }
    gst_buffer_unmap(copy, &to);
    gst_buffer_unmap(buffer, &from);
    return copy;
}

GstBuffer *va_double_inside_encode(VaDoubleInside *inside, GstBuffer *buffer,
                                   gboolean key_frame, gboolean *is_key)
{
    GstBuffer *picture = GST_VIDEO_INFO_FORMAT(&inside->info) == GST_VIDEO_FORMAT_NV12 ?
        gst_buffer_copy_deep(buffer) : va_double_copy(&inside->info, buffer);
    GstBuffer *encoded = NULL;
    g_autoptr(GstSample) sample = NULL;

    if (!picture) {
        return NULL;
    }
    GST_BUFFER_PTS(picture) = inside->frames++ * (GST_SECOND / 60);
    if (key_frame) {
        gst_element_send_event(GST_ELEMENT(inside->sink), gst_event_new_custom(
            GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new("GstForceKeyUnit",
                "running-time", GST_TYPE_CLOCK_TIME, GST_CLOCK_TIME_NONE,
                "all-headers", G_TYPE_BOOLEAN, TRUE, "count", G_TYPE_UINT, 0, NULL)));
    }
    gst_app_src_push_buffer(inside->src, picture);
    sample = gst_app_sink_try_pull_sample(inside->sink, 5 * GST_SECOND);
    if (sample) {
        encoded = gst_buffer_copy(gst_sample_get_buffer(sample));
        *is_key = !GST_BUFFER_FLAG_IS_SET(encoded, GST_BUFFER_FLAG_DELTA_UNIT);
    }
    return encoded;
}

GstCaps *va_double_inside_caps(VaDoubleInside *inside)
{
    GstPad *pad = gst_element_get_static_pad(GST_ELEMENT(inside->sink), "sink");
    GstCaps *caps = gst_pad_get_current_caps(pad);

    gst_object_unref(pad);
    return caps;
}

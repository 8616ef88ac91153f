/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test double of GStreamer's VA encoders: see va-double.c */
#pragma once

#define GST_USE_UNSTABLE_API
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gst/video/gstvideoencoder.h>

/* What a test wants of the encoders now: VA_DOUBLE_CONTROL names a file of words */
typedef struct {
    gboolean refuse_caps;
    guint64 only_modifier;  /* G_MAXUINT64: any */
    guint fail_at, stall_at, die_at; /* frame of an element, from 1; 0: never */
} VaDoubleOrders;

VaDoubleOrders va_double_orders(void);
gboolean va_double_ordered(const char *word);

/* One line, to the file that VA_DOUBLE_LOG names */
void va_double_log(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* A line "WORD NAME …" with the inodes of a buffer's dma-bufs; FALSE: some of its memory is not one */
gboolean va_double_log_buffer(const char *word, const char *name, GstBuffer *buffer);
/* A packed copy of a picture of 4 bytes a pixel; NULL: it cannot be mapped */
GstBuffer *va_double_copy(const GstVideoInfo *info, GstBuffer *buffer);

/* What the converter makes and the encoders take too */
#define VA_DOUBLE_CONVERTED \
    "video/x-raw(memory:VAMemory),format=NV12,width=[16,8192],height=[16,8192]"
/* WORDS, name and node, are kept forever */
gboolean va_double_add_converter(GstPlugin *plugin, gchar **words);

/* The software encoder inside: takes a picture, gives its frame */
typedef struct VaDoubleInside VaDoubleInside;

VaDoubleInside *va_double_inside_new(const char *codec);
void va_double_inside_free(VaDoubleInside *inside);
gboolean va_double_inside_start(VaDoubleInside *inside, const GstVideoInfo *info);
/* NULL: it failed */
GstBuffer *va_double_inside_encode(VaDoubleInside *inside, GstBuffer *buffer,
                                   gboolean key_frame, gboolean *is_key);
GstCaps *va_double_inside_caps(VaDoubleInside *inside);

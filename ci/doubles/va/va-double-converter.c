/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TEST DOUBLE of the VA elements' vapostproc, as far as a VA encoder needs it: a dma-buf of any
 * modifier in, NV12 "in the GPU's memory" out. In fact the process's memory and CPU are used.
 */
#include "va-double.h"

#include <string.h>

#include <gst/base/gstbasetransform.h>

#define IN "video/x-raw(memory:DMABuf),format=DMA_DRM,width=[16,8192],height=[16,8192]"

typedef struct {
    GstBaseTransform parent;
    GstVideoConverter *converter;
    GstVideoInfo from, to;
} VaConverter;

typedef struct {
    GstBaseTransformClass parent;
    gchar *name, *node;
} VaConverterClass;

static gpointer parent_class;

static VaConverterClass *class_of(gpointer self)
{
    return (VaConverterClass *)G_OBJECT_GET_CLASS(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    g_value_set_string(value, class_of(object)->node);
}

static GstCaps *transform_caps(GstBaseTransform *transform, GstPadDirection direction,
                               GstCaps *caps, GstCaps *filter)
{
    GstCaps *other = gst_caps_from_string(direction == GST_PAD_SINK ? VA_DOUBLE_CONVERTED : IN);

    /* the size and the rate stay */
    if (!gst_caps_is_empty(caps) && !gst_caps_is_any(caps)) {
        const GstStructure *given = gst_caps_get_structure(caps, 0);
        for (const char *const *field = (const char *const []){ "width", "height", "framerate",
                                                                NULL }; *field; field++) {
            if (gst_structure_has_field(given, *field)) {
                gst_caps_set_value(other, *field, gst_structure_get_value(given, *field));
            }
        }
    }
    if (filter) {
        GstCaps *both = gst_caps_intersect_full(filter, other, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(other);
        other = both;
    }
    return other;
}

static gboolean set_caps(GstBaseTransform *transform, GstCaps *in, GstCaps *out)
{
    VaConverter *self = (VaConverter *)transform;
    GstVideoInfoDmaDrm format;
    GstVideoFormat pixels;

    g_clear_pointer(&self->converter, gst_video_converter_free);
    if (!gst_video_info_dma_drm_from_caps(&format, in)) {
        return FALSE;
    }
    pixels = gst_video_dma_drm_fourcc_to_format(format.drm_fourcc);
    if (pixels == GST_VIDEO_FORMAT_UNKNOWN) {
        return FALSE;
    }
    gst_video_info_set_format(&self->from, pixels, format.vinfo.width, format.vinfo.height);
    gst_video_info_set_format(&self->to, GST_VIDEO_FORMAT_NV12, format.vinfo.width,
                              format.vinfo.height);
    self->converter = gst_video_converter_new(&self->from, &self->to, NULL);
    return self->converter != NULL;
}

static gboolean transform_size(GstBaseTransform *transform, GstPadDirection direction,
                               GstCaps *caps, gsize size, GstCaps *other, gsize *other_size)
{
    *other_size = GST_VIDEO_INFO_SIZE(&((VaConverter *)transform)->to);
    return TRUE;
}

static GstFlowReturn convert(GstBaseTransform *transform, GstBuffer *in, GstBuffer *out)
{
    VaConverter *self = (VaConverter *)transform;
    GstBuffer *copy = va_double_copy(&self->from, in);
    GstVideoFrame from, to;

    if (!copy || !va_double_log_buffer("convert", class_of(self)->name, in)) {
        return GST_FLOW_ERROR;
    }
    gst_video_frame_map(&from, &self->from, copy, GST_MAP_READ);
    gst_video_frame_map(&to, &self->to, out, GST_MAP_WRITE);
    gst_video_converter_frame(self->converter, &from, &to);
    gst_video_frame_unmap(&to);
    gst_video_frame_unmap(&from);
    gst_buffer_unref(copy);
    return GST_FLOW_OK;
}

static void finalize(GObject *object)
{
    g_clear_pointer(&((VaConverter *)object)->converter, gst_video_converter_free);
    G_OBJECT_CLASS(parent_class)->finalize(object);
}

static void class_init(gpointer class, gpointer data)
{
    VaConverterClass *self = class;
    GstElementClass *element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *transform = GST_BASE_TRANSFORM_CLASS(class);
    gchar **words = data; /* name, node */

    parent_class = g_type_class_peek_parent(class);
    self->name = words[0];
    self->node = words[1];
    G_OBJECT_CLASS(class)->get_property = get_property;
    G_OBJECT_CLASS(class)->finalize = finalize;
    g_object_class_install_property(G_OBJECT_CLASS(class), 1, g_param_spec_string(
        "device-path", "", "DRM device path", NULL, G_PARAM_READABLE));
    transform->transform_caps = transform_caps;
    transform->set_caps = set_caps;
    transform->transform_size = transform_size;
    transform->transform = convert;
    gst_element_class_set_metadata(element, "Test double of a VA converter",
                                   "Filter/Converter/Video/Hardware",
                                   "Converts in software: for tests alone", "spice-gl tests");
    g_autoptr(GstCaps) in = gst_caps_from_string(IN);
    g_autoptr(GstCaps) out = gst_caps_from_string(VA_DOUBLE_CONVERTED);
    gst_element_class_add_pad_template(element, gst_pad_template_new("sink", GST_PAD_SINK,
                                                                     GST_PAD_ALWAYS, in));
    gst_element_class_add_pad_template(element, gst_pad_template_new("src", GST_PAD_SRC,
                                                                     GST_PAD_ALWAYS, out));
}

gboolean va_double_add_converter(GstPlugin *plugin, gchar **words)
{
    const GTypeInfo type = { .class_size = sizeof(VaConverterClass),
                             .instance_size = sizeof(VaConverter), .class_init = class_init,
                             .class_data = words };
    g_autofree gchar *type_name = g_strconcat("VaDouble-", words[0], NULL);

    return gst_element_register(plugin, words[0], GST_RANK_NONE, g_type_register_static(
        GST_TYPE_BASE_TRANSFORM, type_name, &type, 0));
}

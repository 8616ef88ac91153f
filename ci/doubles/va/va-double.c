/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TEST DOUBLE, no encoder of a GPU: elements that look like GStreamer's VA encoders and encode
 * in software. The machines that the tests run on have no GPU that encodes.
 *
 * VA_DOUBLE="vah264enc=/dev/dri/renderD128,varenderD129vp9enc=/dev/dri/renderD129" names the
 * elements and the node that each opens when it becomes ready, as the real ones do: from then on
 * the others in the bin use the same opened node, through a context, if they cannot open theirs
 * any more. Without VA_DOUBLE there are none; names that another plugin has are left to that.
 *
 * They accept dma-bufs (caps memory:DMABuf, format DMA_DRM), refuse other memory, and log each frame's
 * inode, fourcc and modifier in VA_DOUBLE_LOG, as vapostproc does with the frames that it converts
 * (VA_DOUBLE may name it, too). Faults are ordered by VA_DOUBLE_CONTROL, a file that is read again
 * each time:
 *
 *   refuse-caps        the format is refused when the stream begins
 *   only-modifier=0x…  only caps with this modifier are accepted
 *   fail-at=N          an error, at the element's Nth frame
 *   stall-at=N         nothing comes back, until the word is gone from the file, or for 20 s
 *   die-at=N           end of stream
 */
#include "va-double.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CONTEXT "gst.va.display.handle" /* the real ones' name for it */
#define SINK_CAPS "video/x-raw(memory:DMABuf),format=DMA_DRM,width=[16,8192],height=[16,8192]"
#define STALL_LIMIT_MS 20000

typedef struct {
    GstVideoEncoder parent;
    VaDoubleInside *inside;
    GstVideoInfoDmaDrm format;
    gboolean converted; /* by vapostproc: no dma-buf */
    gchar *opened; /* the node that this element, or another one for it, has opened */
    guint frames;
    guint bitrate, b_frames, target_usage, key_int_max;
} VaDouble;

typedef struct {
    GstVideoEncoderClass parent;
    gchar *name, *node, *codec;
} VaDoubleClass;

enum { DEVICE_PATH = 1, BITRATE, B_FRAMES, TARGET_USAGE, KEY_INT_MAX };

static GstVideoEncoderClass *parent_class;

static VaDoubleClass *class_of(gpointer self)
{
    return (VaDoubleClass *)G_OBJECT_GET_CLASS(self);
}

/* --- the card --- */

static gboolean open_node(VaDouble *self)
{
    const char *node = class_of(self)->node;

    if (g_strcmp0(self->opened, node) == 0) {
        va_double_log("shared %s %s", class_of(self)->name, node);
        return TRUE;
    }
    int fd = open(node, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        GST_ELEMENT_ERROR(self, RESOURCE, OPEN_READ_WRITE, ("cannot open %s", node), (NULL));
        return FALSE;
    }
    close(fd);
    va_double_log("open %s %s", class_of(self)->name, node);

    GstContext *context = gst_context_new(CONTEXT, TRUE);
    gst_structure_set(gst_context_writable_structure(context), "node", G_TYPE_STRING, node, NULL);
    gst_element_set_context(GST_ELEMENT(self), context);
    gst_element_post_message(GST_ELEMENT(self),
                             gst_message_new_have_context(GST_OBJECT(self), context));
    return TRUE;
}

static void set_context(GstElement *element, GstContext *context)
{
    VaDouble *self = (VaDouble *)element;
    const gchar *node;

    if (context && gst_context_has_context_type(context, CONTEXT)) {
        node = gst_structure_get_string(gst_context_get_structure(context), "node");
        if (g_strcmp0(node, class_of(self)->node) == 0) {
            g_free(self->opened);
            self->opened = g_strdup(node);
        }
    }
    GST_ELEMENT_CLASS(parent_class)->set_context(element, context);
}

static gboolean open_encoder(GstVideoEncoder *encoder)
{
    VaDouble *self = (VaDouble *)encoder;

    self->inside = va_double_inside_new(class_of(self)->codec);
    if (!self->inside) {
        GST_ELEMENT_ERROR(self, LIBRARY, INIT, ("no software encoder for the double"), (NULL));
        return FALSE;
    }
    return open_node(self);
}

static gboolean close_encoder(GstVideoEncoder *encoder)
{
    VaDouble *self = (VaDouble *)encoder;

    g_clear_pointer(&self->inside, va_double_inside_free);
    return TRUE;
}

/* --- what it takes --- */

static gboolean is_taken(const GstVideoInfoDmaDrm *format)
{
    const VaDoubleOrders orders = va_double_orders();

    return !orders.refuse_caps && (orders.only_modifier == G_MAXUINT64 ||
                                   orders.only_modifier == format->drm_modifier);
}

static GstCaps *get_caps(GstVideoEncoder *encoder, GstCaps *filter)
{
    const VaDoubleOrders orders = va_double_orders();
    GstCaps *caps = gst_caps_from_string(SINK_CAPS);

    if (orders.only_modifier != G_MAXUINT64) {
        g_autofree gchar *taken = gst_video_dma_drm_fourcc_to_string(
            GST_MAKE_FOURCC('X', 'R', '2', '4'), orders.only_modifier);
        gst_caps_set_simple(caps, "drm-format", G_TYPE_STRING, taken, NULL);
    }
    gst_caps_append(caps, gst_caps_from_string(VA_DOUBLE_CONVERTED));
    GstCaps *proxy = gst_video_encoder_proxy_getcaps(encoder, caps, filter);
    gst_caps_unref(caps);
    return proxy;
}

static gboolean is_format_known(VaDouble *self, GstVideoCodecState *state, GstVideoInfo *info)
{
    GstVideoFormat format = GST_VIDEO_FORMAT_NV12;

    self->converted = !gst_video_info_dma_drm_from_caps(&self->format, state->caps);
    if (va_double_orders().refuse_caps || (!self->converted && !is_taken(&self->format))) {
        return FALSE;
    }
    if (!self->converted) {
        format = gst_video_dma_drm_fourcc_to_format(self->format.drm_fourcc);
    }
    return format != GST_VIDEO_FORMAT_UNKNOWN && gst_video_info_set_format(
        info, format, GST_VIDEO_INFO_WIDTH(&state->info), GST_VIDEO_INFO_HEIGHT(&state->info));
}

static gboolean set_format(GstVideoEncoder *encoder, GstVideoCodecState *state)
{
    VaDouble *self = (VaDouble *)encoder;
    GstVideoInfo info;

    if (!is_format_known(self, state, &info)) {
        va_double_log("refused %s", class_of(self)->name);
        return FALSE;
    }
    GST_VIDEO_INFO_FPS_N(&info) = 60;
    GST_VIDEO_INFO_FPS_D(&info) = 1;
    return va_double_inside_start(self->inside, &info);
}

/* --- frames --- */

static gboolean log_frame(VaDouble *self, GstBuffer *buffer)
{
    g_autofree gchar *name = NULL;

    if (self->converted) {
        va_double_log("converted %s n=%u", class_of(self)->name, self->frames);
        return TRUE;
    }
    name = g_strdup_printf("%s n=%u fourcc=%.4s modifier=0x%016" G_GINT64_MODIFIER "x %dx%d",
                           class_of(self)->name, self->frames, (char *)&self->format.drm_fourcc,
                           self->format.drm_modifier, GST_VIDEO_INFO_WIDTH(&self->format.vinfo),
                           GST_VIDEO_INFO_HEIGHT(&self->format.vinfo));
    return va_double_log_buffer("frame", name, buffer);
}

static void stall(void)
{
    for (int ms = 0; ms < STALL_LIMIT_MS && va_double_ordered("stall-at="); ms += 20) {
        g_usleep(20000);
    }
}

static GstFlowReturn encode(VaDouble *self, GstVideoEncoder *encoder, GstVideoCodecFrame *frame)
{
    gboolean is_key = FALSE;
    GstBuffer *encoded = va_double_inside_encode(self->inside, frame->input_buffer,
        GST_VIDEO_CODEC_FRAME_IS_FORCE_KEYFRAME(frame), &is_key);

    if (!encoded) {
        GST_ELEMENT_ERROR(self, STREAM, ENCODE, ("the software encoder in the double failed"),
                          (NULL));
        gst_video_codec_frame_unref(frame);
        return GST_FLOW_ERROR;
    }
    if (self->frames == 1) {
        GstCaps *caps = va_double_inside_caps(self->inside);
        gst_video_codec_state_unref(gst_video_encoder_set_output_state(encoder, caps, NULL));
        gst_video_encoder_negotiate(encoder);
    }
    if (is_key) {
        GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT(frame);
        va_double_log("key %s n=%u", class_of(self)->name, self->frames);
    }
    frame->output_buffer = encoded;
    return gst_video_encoder_finish_frame(encoder, frame);
}

static GstFlowReturn handle_frame(GstVideoEncoder *encoder, GstVideoCodecFrame *frame)
{
    VaDouble *self = (VaDouble *)encoder;
    const VaDoubleOrders orders = va_double_orders();

    self->frames++;
    if (!log_frame(self, frame->input_buffer)) {
        GST_ELEMENT_ERROR(self, STREAM, FORMAT, ("a frame that is not in a dma-buf"), (NULL));
    } else if (orders.fail_at && self->frames == orders.fail_at) {
        GST_ELEMENT_ERROR(self, STREAM, ENCODE, ("ordered to fail"), (NULL));
    } else if (orders.die_at && self->frames == orders.die_at) {
        gst_video_codec_frame_unref(frame);
        return GST_FLOW_EOS;
    } else {
        if (orders.stall_at && self->frames == orders.stall_at) {
            stall();
        }
        return encode(self, encoder, frame);
    }
    gst_video_codec_frame_unref(frame);
    return GST_FLOW_ERROR;
}

static gboolean propose_allocation(GstVideoEncoder *encoder, GstQuery *query)
{
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
    return GST_VIDEO_ENCODER_CLASS(parent_class)->propose_allocation(encoder, query);
}

/* --- the elements --- */

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    VaDouble *self = (VaDouble *)object;

    switch (id) {
    case DEVICE_PATH: g_value_set_string(value, class_of(self)->node); break;
    case BITRATE: g_value_set_uint(value, self->bitrate); break;
    case B_FRAMES: g_value_set_uint(value, self->b_frames); break;
    case TARGET_USAGE: g_value_set_uint(value, self->target_usage); break;
    case KEY_INT_MAX: g_value_set_uint(value, self->key_int_max); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    VaDouble *self = (VaDouble *)object;

    switch (id) {
    case BITRATE:
        self->bitrate = g_value_get_uint(value);
        va_double_log("bitrate %s %u", class_of(self)->name, self->bitrate);
        break;
    case B_FRAMES: self->b_frames = g_value_get_uint(value); break;
    case TARGET_USAGE: self->target_usage = g_value_get_uint(value); break;
    case KEY_INT_MAX: self->key_int_max = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

static void finalize(GObject *object)
{
    g_free(((VaDouble *)object)->opened);
    G_OBJECT_CLASS(parent_class)->finalize(object);
}

static void install_properties(GObjectClass *object)
{
    const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
        (GParamFlags)GST_PARAM_MUTABLE_PLAYING;

    object->get_property = get_property;
    object->set_property = set_property;
    object->finalize = finalize;
    g_object_class_install_property(object, DEVICE_PATH, g_param_spec_string(
        "device-path", "", "DRM device path", NULL, G_PARAM_READABLE));
    g_object_class_install_property(object, BITRATE, g_param_spec_uint(
        "bitrate", "", "kbit/s", 0, 2048000, 0, flags));
    g_object_class_install_property(object, B_FRAMES, g_param_spec_uint(
        "b-frames", "", "", 0, 31, 2, flags));
    g_object_class_install_property(object, TARGET_USAGE, g_param_spec_uint(
        "target-usage", "", "", 1, 7, 4, flags));
    g_object_class_install_property(object, KEY_INT_MAX, g_param_spec_uint(
        "key-int-max", "", "", 0, 1024, 60, flags));
}

static void class_init(gpointer class, gpointer data)
{
    VaDoubleClass *self = class;
    GstElementClass *element = GST_ELEMENT_CLASS(class);
    GstVideoEncoderClass *encoder = GST_VIDEO_ENCODER_CLASS(class);
    gchar **words = data; /* name, node, codec */

    parent_class = g_type_class_peek_parent(class);
    self->name = words[0];
    self->node = words[1];
    self->codec = words[2];
    install_properties(G_OBJECT_CLASS(class));
    element->set_context = set_context;
    encoder->open = open_encoder;
    encoder->close = close_encoder;
    encoder->getcaps = get_caps;
    encoder->set_format = set_format;
    encoder->handle_frame = handle_frame;
    encoder->propose_allocation = propose_allocation;

    g_autofree gchar *longname = g_strdup_printf("Test double of a VA %s encoder", self->codec);
    gst_element_class_set_metadata(element, longname, "Codec/Encoder/Video/Hardware",
                                   "Encodes in software: for tests alone", "spice-gl tests");
    g_autoptr(GstCaps) sink = gst_caps_from_string(SINK_CAPS "; " VA_DOUBLE_CONVERTED);
    g_autofree gchar *made = g_strdup_printf("video/x-%s", self->codec);
    g_autoptr(GstCaps) src = gst_caps_from_string(made);
    gst_element_class_add_pad_template(element, gst_pad_template_new("sink", GST_PAD_SINK,
                                                                     GST_PAD_ALWAYS, sink));
    gst_element_class_add_pad_template(element, gst_pad_template_new("src", GST_PAD_SRC,
                                                                     GST_PAD_ALWAYS, src));
}

static gboolean add_element(GstPlugin *plugin, const gchar *name, const gchar *node)
{
    static const char *const codecs[] = { "h264", "h265", "vp9" };
    GTypeInfo type = { .class_size = sizeof(VaDoubleClass), .instance_size = sizeof(VaDouble),
                       .class_init = class_init };
    GstPluginFeature *other = gst_registry_lookup_feature(gst_registry_get(), name);
    gboolean is_anothers = other && g_strcmp0(gst_plugin_feature_get_plugin_name(other),
                                              gst_plugin_get_name(plugin)) != 0;

    g_clear_pointer(&other, gst_object_unref);
    if (!is_anothers && g_str_has_suffix(name, "postproc")) {
        gchar **words = g_new0(gchar *, 2);
        words[0] = g_strdup(name);
        words[1] = g_strdup(node);
        return va_double_add_converter(plugin, words);
    }
    for (guint i = 0; !is_anothers && i < G_N_ELEMENTS(codecs); i++) {
        g_autofree gchar *ending = g_strconcat(codecs[i], "enc", NULL);
        if (g_str_has_suffix(name, ending)) {
            gchar **words = g_new0(gchar *, 3); /* the class's, forever */
            words[0] = g_strdup(name);
            words[1] = g_strdup(node);
            words[2] = g_strdup(codecs[i]);
            type.class_data = words;
            g_autofree gchar *type_name = g_strconcat("VaDouble-", name, NULL);
            return gst_element_register(plugin, name, GST_RANK_NONE, g_type_register_static(
                GST_TYPE_VIDEO_ENCODER, type_name, &type, 0));
        }
    }
    return FALSE;
}

static gboolean plugin_init(GstPlugin *plugin)
{
    const char *wanted = g_getenv("VA_DOUBLE");
    g_auto(GStrv) elements = g_strsplit(wanted ? wanted : "", ",", 0);

    /* GStreamer's cache of what there is depends on it */
    gst_plugin_add_dependency_simple(plugin, "VA_DOUBLE", NULL, NULL, GST_PLUGIN_DEPENDENCY_FLAG_NONE);
    for (guint i = 0; elements[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(elements[i], "=", 2);
        if (parts[0] && parts[1]) {
            add_element(plugin, parts[0], parts[1]);
        }
    }
    return TRUE;
}

#define PACKAGE "spice-gl"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, vadouble,
                  "Test doubles of VA encoders", plugin_init, "1", "LGPL", PACKAGE,
                  "https://www.spice-space.org/")

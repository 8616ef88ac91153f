/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test double, to be preloaded: makes the video encoders of GStreamer pipelines fail as real
 * ones do. The encoder is the pipeline's element of the name "encoder", as in spice-server.
 *
 * $ENCODER_FAULT is FAULT[@FRAME][:ELEMENT]
 *   FAULT    stall     takes a frame and is never heard of again
 *            pause     takes three seconds for it
 *            error     says that it cannot encode it
 *            memory    says that it has no memory for it
 *            caps      refuses the format
 *            missing   there is no such element
 *   FRAME    of each pipeline, the first is 1, which is the default
 *   ELEMENT  only pipelines with this in their description, e.g. vp8enc
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

struct fault {
    char name[16];
    unsigned frame;
    const char *element;
};

struct encoder {
    struct fault fault;
    unsigned frames;
};

static bool get_fault(struct fault *fault)
{
    const char *text = g_getenv("ENCODER_FAULT");

    if (!text || sscanf(text, "%15[a-z]", fault->name) != 1) {
        return false;
    }
    const char *frame = strchr(text, '@');
    fault->frame = 1;
    if (frame) {
        sscanf(frame + 1, "%u", &fault->frame);
    }
    const char *element = strchr(text, ':');
    fault->element = element ? element + 1 : "";
    return true;
}

static GstPadProbeReturn refuse(GstPadProbeInfo *info, GstFlowReturn flow)
{
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
        gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
    } else {
        gst_event_unref(GST_PAD_PROBE_INFO_EVENT(info));
    }
    GST_PAD_PROBE_INFO_DATA(info) = NULL;
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = flow;
    return GST_PAD_PROBE_HANDLED;
}

static GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, struct encoder *encoder)
{
    const struct fault *fault = &encoder->fault;
    g_autoptr(GstElement) element = gst_pad_get_parent_element(pad);

    if (++encoder->frames != fault->frame || !element) {
        return GST_PAD_PROBE_OK;
    }
    if (strcmp(fault->name, "stall") == 0) {
        g_printerr("encoder-fault: stalls\n");
        for (;;) {
            pause();
        }
    }
    if (strcmp(fault->name, "pause") == 0) {
        g_usleep(3 * G_USEC_PER_SEC);
        return GST_PAD_PROBE_OK;
    }
    if (strcmp(fault->name, "error") == 0) {
        GST_ELEMENT_ERROR(element, STREAM, ENCODE, ("double: cannot encode frame %u", fault->frame),
                          (NULL));
        return refuse(info, GST_FLOW_ERROR);
    }
    if (strcmp(fault->name, "memory") == 0) {
        GST_ELEMENT_ERROR(element, RESOURCE, NO_SPACE_LEFT, ("double: no memory"), (NULL));
        return refuse(info, GST_FLOW_ERROR);
    }
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn on_data(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    struct encoder *encoder = data;

    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
        return on_frame(pad, info, encoder);
    }
    if (strcmp(encoder->fault.name, "caps") == 0 &&
        GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CAPS) {
        return refuse(info, GST_FLOW_NOT_NEGOTIATED);
    }
    return GST_PAD_PROBE_OK;
}

static void arm(GstElement *pipeline, const struct fault *fault)
{
    g_autoptr(GstElement) element = gst_bin_get_by_name(GST_BIN(pipeline), "encoder");
    g_autoptr(GstPad) pad = element ? gst_element_get_static_pad(element, "sink") : NULL;

    if (pad) {
        struct encoder *encoder = g_new0(struct encoder, 1);
        encoder->fault = *fault;
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                          on_data, encoder, g_free);
    }
}

__attribute__((visibility("default")))
GstElement *gst_parse_launch_full(const gchar *description, GstParseContext *context,
                                  GstParseFlags flags, GError **error)
{
    GstElement *(*real)(const gchar *, GstParseContext *, GstParseFlags, GError **) =
        dlsym(RTLD_NEXT, "gst_parse_launch_full");
    struct fault fault;
    const bool faulty = get_fault(&fault) && strstr(description, fault.element);

    if (faulty && strcmp(fault.name, "missing") == 0) {
        g_set_error(error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT,
                    "double: no such encoder");
        return NULL;
    }
    GstElement *pipeline = real(description, context, flags, error);
    if (pipeline && faulty) {
        arm(pipeline, &fault);
    }
    return pipeline;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test double, to be preloaded: makes the video encoders that a program asks GStreamer for fail as
 * real ones do.
 *
 * $ENCODER_FAULT is FAULT[@FRAME][:ELEMENT]
 *   FAULT    stall     accepts a frame and never returns anything
 *            pause     takes three seconds for a frame
 *            error     reports that it cannot encode it
 *            memory    reports that it has no memory for it
 *            caps      refuses the format
 *            missing   is registered, but cannot be created
 *   FRAME    of each encoder, the first is 1, which is the default
 *   ELEMENT  only encoders that are this element, e.g. vp8enc
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

static bool is_meant(const char *name, const struct fault *fault)
{
    if (fault->element[0]) {
        return strcmp(name, fault->element) == 0;
    }
    g_autoptr(GstElementFactory) factory = gst_element_factory_find(name);
    return factory && gst_element_factory_list_is_type(factory, GST_ELEMENT_FACTORY_TYPE_VIDEO_ENCODER);
}

static void arm(GstElement *element, const struct fault *fault)
{
    g_autoptr(GstPad) pad = gst_element_get_static_pad(element, "sink");

    if (pad) {
        struct encoder *encoder = g_new0(struct encoder, 1);
        encoder->fault = *fault;
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                          on_data, encoder, g_free);
    }
}

__attribute__((visibility("default")))
GstElement *gst_element_factory_make(const gchar *name, const gchar *instance)
{
    GstElement *(*real)(const gchar *, const gchar *) = dlsym(RTLD_NEXT, "gst_element_factory_make");
    struct fault fault;
    const bool faulty = get_fault(&fault) && is_meant(name, &fault);

    if (faulty && strcmp(fault.name, "missing") == 0) {
        return NULL;
    }
    GstElement *element = real(name, instance);
    if (element && faulty) {
        arm(element, &fault);
    }
    return element;
}

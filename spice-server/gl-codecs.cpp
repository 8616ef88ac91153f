/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-codecs.hpp"

#include <gst/gst.h>
#include <orc/orcprogram.h>

namespace red {

/* What gstreamer-encoder.c and gl-sw-pipeline.cpp put into their pipelines, and what those elements
 * ask for by name */
static const char *const software_elements[] = {
    "appsrc", "appsink", "capsfilter", "queue", "videoconvert", "videoscale",
    "avenc_mjpeg", "vp8enc", "vp9enc", "x264enc", "openh264enc",
};

/* The element's class, too: libraries set themselves up when the first one is made */
static void load(const char *name)
{
    auto element = gst_element_factory_make(name, nullptr);
    if (element) {
        gst_object_unref(gst_object_ref_sink(element));
    } else {
        g_debug("GStreamer has no %s here", name);
    }
}

/* ORC compiles GStreamer's inner loops when they are first used */
static bool orc_works()
{
    auto code = orc_code_new();
    if (!code) {
        return false;
    }
    orc_code_allocate_codemem(code, 0);
    const bool works = code->code != nullptr;
    orc_code_free(code);
    return works;
}

static bool load_all()
{
    GError *error = nullptr;
    if (!gst_init_check(nullptr, nullptr, &error)) {
        g_warning("GStreamer: %s", error ? error->message : "cannot be initialised");
        g_clear_error(&error);
        return false;
    }
    for (auto name : software_elements) {
        load(name);
    }
    if (!orc_works()) {
        g_warning("GStreamer cannot compile code here: no video but MJPEG");
        return false;
    }
    return true;
}

bool gl_codecs_work()
{
    static const bool works = load_all();
    return works;
}

void gl_codecs_load()
{
    gl_codecs_work();
}

} // namespace red

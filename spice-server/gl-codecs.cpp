/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-codecs.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <gst/gst.h>
#include <orc/orcprogram.h>
#include <spice/enums.h>

namespace red {

namespace {

struct Known {
    const char *element, *plugin;
    uint32_t codecs; /* bits: those that need it */
};

constexpr uint32_t ALL = UINT32_MAX;
constexpr uint32_t H264 = 1u << SPICE_VIDEO_CODEC_TYPE_H264;
constexpr uint32_t VP8 = 1u << SPICE_VIDEO_CODEC_TYPE_VP8, VP9 = 1u << SPICE_VIDEO_CODEC_TYPE_VP9;

/* The elements of the pipelines in gl-gst-pipeline.cpp and gl-sw-pipeline.cpp, and their plugins */
constexpr Known KNOWN[] = {
    { "capsfilter", "coreelements", ALL },
    { "appsrc", "app", ALL },
    { "appsink", "app", ALL },
    { "videoconvert", "videoconvertscale", ALL },
    { "videoscale", "videoconvertscale", ALL },
    { "x264enc", "x264", H264 },
    { "openh264enc", "openh264", H264 },
    { "vp8enc", "vpx", VP8 },
    { "vp9enc", "vpx", VP9 },
    /* For 2D displays beside GL ones, if they use it */
    { "avenc_mjpeg", "libav", 1u << SPICE_VIDEO_CODEC_TYPE_MJPEG },
};
/* Plugins that GStreamer 1.22 has merged */
constexpr Known FORMER[] = {
    { "videoconvert", "videoconvert", ALL },
    { "videoscale", "videoscale", ALL },
};

std::mutex lock;
std::set<std::string> missing; /* elements that were not found */
bool by_name; /* plugins are loaded by file name; otherwise GStreamer finds them */

std::vector<std::string> split(const char *folders)
{
    std::vector<std::string> found;
    const std::string all = folders ? folders : "";
    for (size_t from = 0; from < all.size(); ) {
        const size_t to = std::min(all.find(':', from), all.size());
        if (to > from) {
            found.push_back(all.substr(from, to - from));
        }
        from = to + 1;
    }
    return found;
}

const char *setting(const char *name)
{
    const char *versioned = std::getenv((std::string(name) + "_1_0").c_str());
    return versioned ? versioned : std::getenv(name);
}

/* Where plugins are installed: as the environment says, or beside the library itself */
std::vector<std::string> installed()
{
    if (auto folders = setting("GST_PLUGIN_SYSTEM_PATH")) {
        return split(folders);
    }
    Dl_info self;
    if (!dladdr(reinterpret_cast<void *>(gst_init_check), &self) || !self.dli_fname) {
        return {};
    }
    char *real = realpath(self.dli_fname, nullptr);
    const std::string library = real ? real : "";
    std::free(real);
    return { library.substr(0, library.rfind('/') + 1) + "gstreamer-1.0" };
}

std::string file_of(const std::string &plugin)
{
    for (const auto &folder : installed()) {
        const std::string file = folder + "/libgst" + plugin + ".so";
        if (g_file_test(file.c_str(), G_FILE_TEST_EXISTS)) {
            return file;
        }
    }
    return {};
}

void load_plugin(const std::string &plugin)
{
    const auto file = by_name ? file_of(plugin) : "";
    GError *error = nullptr;
    auto loaded = file.empty() ? nullptr : gst_plugin_load_file(file.c_str(), &error);

    if (loaded) {
        gst_object_unref(loaded);
    } else if (error) {
        g_warning("GStreamer: %s: %s", file.c_str(), error->message);
        g_clear_error(&error);
    }
}

bool is_there(const char *element)
{
    auto factory = gst_element_factory_find(element);
    if (factory) {
        gst_object_unref(factory);
    }
    return factory;
}

/* Creates an element as well: libraries initialise themselves when the first one is created */
bool load(const Known &known)
{
    if (!is_there(known.element)) {
        load_plugin(known.plugin);
    }
    auto element = gst_element_factory_make(known.element, nullptr);
    if (!element) {
        return false;
    }
    gst_object_unref(gst_object_ref_sink(element));
    return true;
}

bool load_named(const char *name)
{
    for (const auto &known : KNOWN) {
        if (std::strcmp(known.element, name) == 0 && load(known)) {
            return true;
        }
    }
    for (const auto &known : FORMER) {
        if (std::strcmp(known.element, name) == 0 && load(known)) {
            return true;
        }
    }
    return is_there(name);
}

/* Can ORC get executable memory? It compiles GStreamer's inner loops when they are first used. */
bool orc_works()
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

bool start()
{
    constexpr const char *DISABLE = "GST_REGISTRY_DISABLE";
    GError *error = nullptr;

    by_name = !gst_is_initialized() && !std::getenv(DISABLE) && !file_of("coreelements").empty();
    if (by_name) { /* there is no function for this; gst_init_check() reads the variable once */
        g_setenv(DISABLE, "yes", TRUE);
    }
    const bool started = gst_init_check(nullptr, nullptr, &error);
    if (by_name) {
        g_unsetenv(DISABLE);
    }
    if (!started) {
        g_warning("GStreamer: %s", error ? error->message : "initialisation failed");
        g_clear_error(&error);
        return false;
    }
    if (by_name) { /* folders that the user has named */
        for (const auto &folder : split(setting("GST_PLUGIN_PATH"))) {
            gst_registry_scan_path(gst_registry_get(), folder.c_str());
        }
    }
    if (!orc_works()) {
        g_warning("GStreamer cannot generate code at run time: MJPEG is the only video codec");
        return false;
    }
    return true;
}

} // namespace

bool gl_codecs_work()
{
    static const bool works = start();
    return works;
}

void gl_codecs_load(uint32_t codecs)
{
    if (!codecs || !gl_codecs_work()) {
        return;
    }
    std::lock_guard<std::mutex> guard(lock);
    bool h264 = false;
    for (const auto &known : KNOWN) {
        if (!(known.codecs & codecs) || (known.codecs == H264 && h264)) {
            continue; /* one is enough: the first that is installed */
        }
        if (!load_named(known.element)) {
            g_debug("GStreamer has no %s here", known.element);
        } else if (known.codecs == H264) {
            h264 = true;
        }
    }
}

bool gl_codecs_have(const char *element)
{
    if (!gl_codecs_work()) {
        return false;
    }
    std::lock_guard<std::mutex> guard(lock);
    if (missing.count(element)) { // asked for often
        return false;
    }
    const bool found = is_there(element) || load_named(element);
    if (!found) {
        missing.insert(element);
    }
    return found;
}

void gl_codecs_load_va()
{
    if (!gl_codecs_work()) {
        return;
    }
    std::lock_guard<std::mutex> guard(lock);
    for (const auto &known : KNOWN) {
        if (known.codecs == ALL) { // used in VA pipelines, too
            load_named(known.element);
        }
    }
    load_plugin("va");
}

} // namespace red

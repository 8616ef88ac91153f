/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Which parts of GStreamer are loaded, and when, in a process that may start no others and has no
 * registry. The tests are steps, in this order. */
#include "gl-codecs.hpp"

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include <gst/gst.h>
#include <gtest/gtest.h>
#include <spice/enums.h>

using namespace red;

namespace {

/* Shared libraries that are mapped, by name without version; PREFIX: only those */
std::set<std::string> libraries(const std::string &prefix = "")
{
    std::set<std::string> found;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line); ) {
        const auto name = line.substr(line.rfind('/') + 1);
        const auto end = name.find(".so");
        if (line.find('/') != std::string::npos && end != std::string::npos &&
            name.compare(0, prefix.size(), prefix) == 0) {
            found.insert(name.substr(0, end));
        }
    }
    return found;
}

bool has(const std::string &library)
{
    return libraries().count(library);
}

/* Plugins, not libgstreamer and the libraries beside it, whose names have a version in them */
size_t plugins()
{
    size_t count = 0;
    for (const auto &name : libraries("libgst")) {
        count += name.find("-1.0") == std::string::npos;
    }
    return count;
}

size_t resident_mib()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line); ) {
        if (line.compare(0, 6, "VmRSS:") == 0) {
            return std::strtoul(line.c_str() + 6, nullptr, 10) / 1024;
        }
    }
    return 0;
}

} // namespace

TEST(Codecs, nothing_is_started_for_no_codec)
{
    gl_codecs_load(0);
    EXPECT_FALSE(gst_is_initialized());
    EXPECT_EQ(plugins(), 0u);
}

TEST(Codecs, of_one_codec_its_plugin_alone_is_loaded)
{
    const size_t mib = resident_mib(), before = libraries().size();
    gl_codecs_load(1u << SPICE_VIDEO_CODEC_TYPE_VP8);
    EXPECT_TRUE(has("libgstcoreelements"));
    EXPECT_TRUE(has("libgstvpx"));
    EXPECT_FALSE(has("libgstx264"));
    EXPECT_FALSE(has("libavcodec"));
    EXPECT_LE(plugins(), 4u);
    EXPECT_LE(libraries().size() - before, 25u);
    EXPECT_LE(resident_mib() - mib, 16u);
    for (auto name : { "appsrc", "appsink", "capsfilter", "videoconvert", "videoscale", "vp8enc" }) {
        EXPECT_TRUE(gl_codecs_have(name)) << name;
    }
}

TEST(Codecs, another_one_is_loaded_when_it_is_asked_for)
{
    if (!gl_codecs_have("x264enc")) {
        GTEST_SKIP() << "x264 is not installed";
    }
    EXPECT_TRUE(has("libgstx264"));
    EXPECT_FALSE(has("libgstopenh264"));
    EXPECT_FALSE(has("libavcodec"));
    EXPECT_LE(plugins(), 5u);
}

TEST(Codecs, what_is_not_known_is_not_looked_for)
{
    EXPECT_FALSE(gl_codecs_have("no-such-element"));
    EXPECT_FALSE(gl_codecs_have("avenc_flv"));
    EXPECT_FALSE(has("libavcodec"));
}

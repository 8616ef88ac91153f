/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-render-node.hpp"

#include <memory>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "gl-egl-calls.hpp"

namespace red {

namespace {

/* EGL_DRM_RENDER_NODE_FILE_EXT, newer than libepoxy's headers */
constexpr EGLint RENDER_NODE_FILE = 0x3377;

struct DeviceCalls {
    PFNEGLQUERYDISPLAYATTRIBEXTPROC query_display; /* EGL_EXT_device_query */
    PFNEGLQUERYDEVICESTRINGEXTPROC query_device;
};

/* Not cached: asked once per display */
DeviceCalls device_calls()
{
    DeviceCalls calls;
    egl_look_up(calls.query_display, "eglQueryDisplayAttribEXT");
    egl_look_up(calls.query_device, "eglQueryDeviceStringEXT");
    return calls;
}

/* Compares whole words: EGL_EXT_device_drm is a prefix of EGL_EXT_device_drm_render_node */
bool has_word(const char *list, const std::string &word)
{
    const std::string padded = ' ' + std::string(list ? list : "") + ' ';
    return padded.find(' ' + word + ' ') != std::string::npos;
}

dev_t device_of(const std::string &node)
{
    struct stat st;
    return stat(node.c_str(), &st) == 0 && S_ISCHR(st.st_mode) ? st.st_rdev : 0;
}

GlRenderNode no_node(const std::string &why)
{
    GlRenderNode node;
    node.why = why;
    return node;
}

/* The render node that EGL reports; empty, with the reason in *why, if there is none */
std::string node_of(const DeviceCalls &calls, EGLDeviceEXT device, std::string *why)
{
    const char *extensions = calls.query_device(device, EGL_EXTENSIONS);

    if (has_word(extensions, "EGL_EXT_device_drm_render_node")) {
        const char *node = calls.query_device(device, RENDER_NODE_FILE);
        if (node && *node) {
            return node;
        }
    }
    if (has_word(extensions, "EGL_EXT_device_drm")) {
        const char *primary = calls.query_device(device, EGL_DRM_DEVICE_FILE_EXT);
        if (primary && *primary) {
            auto node = gl_render_node_beside(primary);
            if (node.empty()) {
                *why = std::string("no render node belongs to ") + primary;
            }
            return node;
        }
    }
    *why = "the EGL device is not a DRM device";
    return {};
}

} // namespace

bool GlRenderNode::is(const std::string &node) const
{
    if (path.empty() || node.empty()) {
        return false;
    }
    return node == path || (device != 0 && device_of(node) == device);
}

std::string gl_render_node_beside(const std::string &primary, const std::string &sysfs)
{
    const dev_t device = device_of(primary);
    if (device == 0) {
        return {};
    }
    const std::string folder = sysfs + "/dev/char/" + std::to_string(major(device)) + ':' +
        std::to_string(minor(device)) + "/device/drm";
    std::unique_ptr<DIR, int (*)(DIR *)> nodes(opendir(folder.c_str()), closedir);
    while (auto entry = nodes ? readdir(nodes.get()) : nullptr) {
        const std::string name = entry->d_name;
        if (name.compare(0, 7, "renderD") == 0) {
            return "/dev/dri/" + name;
        }
    }
    return {};
}

GlRenderNode gl_render_node_of(EGLDisplay display)
{
    if (!epoxy_has_egl_extension(display, "EGL_EXT_device_query") &&
        !epoxy_has_egl_extension(display, "EGL_EXT_device_base")) {
        return no_node("EGL lacks EGL_EXT_device_query");
    }
    const auto calls = device_calls();
    EGLAttrib device = 0;
    if (!calls.query_display || !calls.query_device ||
        !calls.query_display(display, EGL_DEVICE_EXT, &device) || !device) {
        return no_node("EGL does not report the display's device");
    }
    GlRenderNode node;
    node.path = node_of(calls, reinterpret_cast<EGLDeviceEXT>(device), &node.why);
    node.device = device_of(node.path);
    return node;
}

} // namespace red

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test double, for LD_PRELOAD: lets EGL claim that its device is a DRM card. Mesa's software
 * renderers have no card; nothing else about them changes.
 *
 * EGL_CARD_DOUBLE names the render node that eglQueryDeviceStringEXT() returns. If it is not set, or
 * if EGL knows a real node, EGL's own answer is returned.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <EGL/egl.h>
#include <EGL/eglext.h>

#include "../../preload/dlsym.h"

#define EXPORT __attribute__((visibility("default")))

typedef void (*any_fn)(void);

static PFNEGLQUERYDEVICESTRINGEXTPROC real_query_device;
static any_fn (*real_get_proc_address)(const char *);

static const char *query_device_string(EGLDeviceEXT device, EGLint name)
{
    static char extensions[4096];
    const char *node = getenv("EGL_CARD_DOUBLE");
    const char *real = real_query_device(device, EGL_EXTENSIONS);
    /* Mesa's software device has the extension, and NULL for a node */
    const bool has_extension = real && strstr(real, "EGL_EXT_device_drm_render_node");

    if (!node || !*node ||
        (has_extension && real_query_device(device, EGL_DRM_RENDER_NODE_FILE_EXT))) {
        return real_query_device(device, name);
    }
    if (name == EGL_DRM_RENDER_NODE_FILE_EXT) {
        return node;
    }
    if (name == EGL_EXTENSIONS && !has_extension) {
        snprintf(extensions, sizeof(extensions), "%s EGL_EXT_device_drm_render_node",
                 real ? real : "");
        return extensions;
    }
    return real_query_device(device, name);
}

static any_fn get_proc_address(const char *name)
{
    any_fn found = real_get_proc_address(name);

    if (found && strcmp(name, "eglQueryDeviceStringEXT") == 0) {
        real_query_device = (PFNEGLQUERYDEVICESTRINGEXTPROC)found;
        return (any_fn)query_device_string;
    }
    return found;
}

EXPORT void *dlsym(void *handle, const char *name)
{
    void *found;

    if (__builtin_expect(!is_named(name, "eglGetProcAddress"), 1)) {
        return real_dlsym()(handle, name);
    }
    found = real_dlsym()(handle, name);
    if (!found) {
        return NULL;
    }
    real_get_proc_address = (any_fn (*)(const char *))found;
    return (void *)get_proc_address;
}

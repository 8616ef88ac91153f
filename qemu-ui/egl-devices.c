/*
 * The render nodes and the EGL devices of this host
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "egl-devices.h"
#include "trace.h"

#ifndef EGL_DRM_RENDER_NODE_FILE_EXT
#define EGL_DRM_RENDER_NODE_FILE_EXT 0x3377
#endif

#define NODE_DIR "/dev/dri"
#define LINUX_DRM_MAJOR 226
#define MAX_DEVICES 32

bool egl_has_client_extension(const char *name)
{
    return epoxy_has_egl_extension(EGL_NO_DISPLAY, name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **egl_render_nodes(void)
{
    GPtrArray *nodes = g_ptr_array_new();
    GDir *dir = g_dir_open(NODE_DIR, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, "renderD")) {
            g_ptr_array_add(nodes, g_build_filename(NODE_DIR, name, NULL));
        }
    }
    g_clear_pointer(&dir, g_dir_close);
    g_ptr_array_sort(nodes, compare_names);
    g_ptr_array_add(nodes, NULL);
    return (char **)g_ptr_array_free(nodes, false);
}

static bool get_node_number(const char *file, dev_t *number)
{
    struct stat st;

    if (!file || stat(file, &st) < 0 || !S_ISCHR(st.st_mode)) {
        return false;
    }
    *number = st.st_rdev;
#ifdef CONFIG_LINUX
    return major(st.st_rdev) == LINUX_DRM_MAJOR;
#else
    return true;
#endif
}

bool egl_is_drm_node(const char *file)
{
    dev_t number;

    return get_node_number(file, &number);
}

#ifdef CONFIG_LINUX
static char *device_behind(dev_t node)
{
    g_autofree char *path = g_strdup_printf("/sys/dev/char/%u:%u/device",
                                            major(node), minor(node));
    return realpath(path, NULL);
}

/* A DRM device may have a primary and a render node */
static bool is_same_device(dev_t a, dev_t b)
{
    char *device_a = device_behind(a);
    char *device_b = device_behind(b);
    bool same = device_a && device_b && g_str_equal(device_a, device_b);

    free(device_a);
    free(device_b);
    return same;
}
#else
static bool is_same_device(dev_t a, dev_t b)
{
    return false;
}
#endif

bool egl_same_drm_device(const char *file, const char *other)
{
    dev_t a, b;

    return get_node_number(file, &a) && get_node_number(other, &b) &&
           (a == b || is_same_device(a, b));
}

static bool device_has(const char *extensions, const char *name)
{
    return extensions && epoxy_extension_in_string(extensions, name);
}

static EglDeviceInfo describe(EGLDeviceEXT device, const char *rendernode)
{
    const char *extensions = eglQueryDeviceStringEXT(device, EGL_EXTENSIONS);
    const char *file = NULL;

    if (device_has(extensions, "EGL_EXT_device_drm_render_node")) {
        file = eglQueryDeviceStringEXT(device, EGL_DRM_RENDER_NODE_FILE_EXT);
    }
    if (!file && device_has(extensions, "EGL_EXT_device_drm")) {
        file = eglQueryDeviceStringEXT(device, EGL_DRM_DEVICE_FILE_EXT);
    }
    trace_egl_platform_device(file ?: "none", extensions ?: "");
    return (EglDeviceInfo) {
        .node = file,
        .software = device_has(extensions, "EGL_MESA_device_software"),
        .wanted = rendernode && egl_same_drm_device(file, rendernode),
    };
}

static bool has_device_query(void)
{
    return egl_has_client_extension("EGL_EXT_device_base") ||
           egl_has_client_extension("EGL_EXT_device_query");
}

static bool can_use_devices(Error **errp)
{
    const char *lacking =
        !egl_has_client_extension("EGL_EXT_platform_base") ?
            "EGL_EXT_platform_base" :
        !egl_has_client_extension("EGL_EXT_platform_device") ?
            "EGL_EXT_platform_device" :
        !has_device_query() ?
            "EGL_EXT_device_query" :
        !egl_has_client_extension("EGL_EXT_device_base") &&
        !egl_has_client_extension("EGL_EXT_device_enumeration") ?
            "EGL_EXT_device_enumeration" : NULL;

    if (lacking) {
        error_setg(errp, "%s not supported", lacking);
    }
    return !lacking;
}

GArray *egl_devices(const char *rendernode, GArray **infos, Error **errp)
{
    g_autoptr(GArray) devices = NULL;
    EGLint i, n = 0;

    if (!can_use_devices(errp)) {
        return NULL;
    }
    devices = g_array_new(false, true, sizeof(EGLDeviceEXT));
    g_array_set_size(devices, MAX_DEVICES);
    if (!eglQueryDevicesEXT(MAX_DEVICES, (EGLDeviceEXT *)devices->data, &n)) {
        error_setg(errp, "eglQueryDevicesEXT failed: %s",
                   qemu_egl_get_error_string());
        return NULL;
    }
    g_array_set_size(devices, n);
    *infos = g_array_sized_new(false, false, sizeof(EglDeviceInfo), n);
    for (i = 0; i < n; i++) {
        EglDeviceInfo info = describe(g_array_index(devices, EGLDeviceEXT, i),
                                      rendernode);
        g_array_append_val(*infos, info);
    }
    return g_steal_pointer(&devices);
}

static bool is_software_device(EGLDisplay dpy)
{
    EGLAttrib device = 0;

    return has_device_query() &&
           eglQueryDisplayAttribEXT(dpy, EGL_DEVICE_EXT, &device) && device &&
           device_has(eglQueryDeviceStringEXT((EGLDeviceEXT)device,
                                              EGL_EXTENSIONS),
                      "EGL_MESA_device_software");
}

/*
 * Mesa renders in software on a node for which it has no driver.  This must
 * not hide the driver of another EGL implementation.
 */
bool egl_renders_in_software(EGLDisplay dpy)
{
    static const char *const names[] = { "llvmpipe", "softpipe", "swrast" };
    const char *renderer = (const char *)glGetString(GL_RENDERER);
    unsigned i;

    for (i = 0; renderer && i < ARRAY_SIZE(names); i++) {
        if (strstr(renderer, names[i])) {
            return true;
        }
    }
    return is_software_device(dpy);
}

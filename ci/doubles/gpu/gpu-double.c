/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test double, for LD_PRELOAD: GPUs where there are none.
 *
 * $GPU_DOUBLE_NODES names a directory that is shown as /dev/dri; it has links to /dev/null and
 * /dev/zero, which count as DRM devices then. No driver is behind them: what Mesa's GBM renders
 * for them it renders in software, and says so.
 *
 * $GPU_DOUBLE_PLATFORM is "device" or "gbm": what EGL renders on this platform claims to come
 * from a GPU, and EGL's devices claim to be hardware. $GPU_DOUBLE_DEVICE_NODE is the render node
 * that they claim to have; without it they have none. It is all made by llvmpipe.
 */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS /* calls with and without large-file support are defined here */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES2/gl2.h>

#include "../../preload/dlsym.h"

#define EXPORT __attribute__((visibility("default")))
#define NODE_DIR "/dev/dri"
#define DRM_MAJOR 226

typedef void (*any_fn)(void);

/* ---- nodes ---- */

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

/* PATH, or the path that replaces it, in BUFFER */
static const char *shown(const char *path, char *buffer, size_t size)
{
    const char *nodes = getenv("GPU_DOUBLE_NODES");
    const size_t length = strlen(NODE_DIR);

    if (!nodes || !path || strncmp(path, NODE_DIR, length) != 0 ||
        (path[length] && path[length] != '/')) {
        return path;
    }
    snprintf(buffer, size, "%s%s", nodes, path + length);
    return buffer;
}

#define SHOWN(path) shown(path, (char[4096]) { 0 }, 4096)

/* /dev/null is 1:3, /dev/zero 1:5 */
static int as_node(int result, const mode_t *mode, dev_t *device)
{
    if (result == 0 && getenv("GPU_DOUBLE_NODES") && S_ISCHR(*mode) && major(*device) == 1) {
        *device = makedev(DRM_MAJOR, 128 + minor(*device));
    }
    return result;
}

#define STAT(name, type)                                                       \
    EXPORT int name(const char *path, struct type *st)                         \
    {                                                                          \
        return as_node(REAL(name)(SHOWN(path), st), &st->st_mode,             \
                       &st->st_rdev);                                         \
    }
#define FSTAT(name, type)                                                      \
    EXPORT int name(int fd, struct type *st)                                   \
    {                                                                          \
        return as_node(REAL(name)(fd, st), &st->st_mode, &st->st_rdev);         \
    }
#define OPEN(name)                                                             \
    EXPORT int name(const char *path, int flags, ...)                          \
    {                                                                          \
        va_list list;                                                          \
        mode_t mode = 0;                                                       \
                                                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                                   \
            va_start(list, flags);                                             \
            mode = va_arg(list, mode_t);                                       \
            va_end(list);                                                      \
        }                                                                      \
        return REAL(name)(SHOWN(path), flags, mode);                           \
    }

STAT(stat, stat)
STAT(stat64, stat64)
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)
OPEN(open)
OPEN(open64)

EXPORT DIR *opendir(const char *path)
{
    return REAL(opendir)(SHOWN(path));
}

/* ---- what EGL says ---- */

static any_fn (*real_get_proc_address)(const char *);
static PFNEGLQUERYDEVICESTRINGEXTPROC real_query_device;
static PFNEGLGETPLATFORMDISPLAYEXTPROC real_get_platform_display;
static const GLubyte *(*real_get_string)(GLenum);
static EGLDisplay claimed = EGL_NO_DISPLAY;

static bool claims(const char *platform)
{
    const char *wanted = getenv("GPU_DOUBLE_PLATFORM");

    return wanted && strcmp(wanted, platform) == 0;
}

static const char *query_device_string(EGLDeviceEXT device, EGLint name)
{
    const char *node = getenv("GPU_DOUBLE_DEVICE_NODE");

    const bool hardware = getenv("GPU_DOUBLE_PLATFORM");

    if (hardware && name == EGL_EXTENSIONS) {
        return node ? "EGL_EXT_device_drm_render_node" : "";
    }
    if (hardware && name == EGL_DRM_RENDER_NODE_FILE_EXT) {
        return node;
    }
    return real_query_device(device, name);
}

static EGLDisplay get_platform_display(EGLenum platform, void *native, const EGLint *attributes)
{
    EGLDisplay display = real_get_platform_display(platform, native, attributes);

    if (claims(platform == EGL_PLATFORM_DEVICE_EXT ? "device" :
               platform == EGL_PLATFORM_GBM_MESA ? "gbm" : "none")) {
        claimed = display;
    }
    return display;
}

static const GLubyte *get_string(GLenum name)
{
    EGLDisplay (*current)(void) =
        (EGLDisplay (*)(void))real_get_proc_address("eglGetCurrentDisplay");

    if (name == GL_RENDERER && claimed != EGL_NO_DISPLAY && current() == claimed) {
        return (const GLubyte *)"a double of a GPU";
    }
    return real_get_string(name);
}

static any_fn get_proc_address(const char *name)
{
    any_fn found = real_get_proc_address(name);

    if (found && strcmp(name, "eglQueryDeviceStringEXT") == 0) {
        real_query_device = (PFNEGLQUERYDEVICESTRINGEXTPROC)found;
        return (any_fn)query_device_string;
    }
    if (found && strcmp(name, "eglGetPlatformDisplayEXT") == 0) {
        real_get_platform_display = (PFNEGLGETPLATFORMDISPLAYEXTPROC)found;
        return (any_fn)get_platform_display;
    }
    return found;
}

static void *instead(const char *name, void *found)
{
    if (!found) {
        return NULL;
    }
    if (is_named(name, "glGetString")) {
        real_get_string = (const GLubyte *(*)(GLenum))found;
        return (void *)get_string;
    }
    real_get_proc_address = (any_fn (*)(const char *))found;
    return (void *)get_proc_address;
}

EXPORT void *dlsym(void *handle, const char *name)
{
    if (__builtin_expect(!is_named(name, "eglGetProcAddress") && !is_named(name, "glGetString"),
                         1)) {
        return real_dlsym()(handle, name);
    }
    return instead(name, real_dlsym()(handle, name));
}

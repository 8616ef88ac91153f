/*
 * The EGL display QEMU renders on when no window system lends it one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include <sys/sysmacros.h>
#include "qemu/drm.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "ui/egl-platform.h"
#include "trace.h"

#ifndef EGL_DRM_RENDER_NODE_FILE_EXT
#define EGL_DRM_RENDER_NODE_FILE_EXT 0x3377
#endif

#define DRM_MAJOR 226

#define PLATFORM_ENV "QEMU_EGL_PLATFORM"

typedef struct EglAttempt {
    const char *rendernode;     /* as given by the user, may be NULL */
    int fd;                     /* the render node, or -1 */
    int open_errno;             /* why fd is -1 */
    bool node_present;          /* a node was named, or one exists */
    DisplayGLMode mode;
    GString *tried;             /* one line per platform that failed */
} EglAttempt;

typedef bool EglPlatformFn(EglAttempt *attempt, Error **errp);

static const char *platform_name;
static dev_t platform_node;     /* 0: rendering in software */
static char *platform_renderer;
static unsigned platform_initialized;

const char *qemu_egl_platform_name(void)
{
    return platform_name;
}

const char *qemu_egl_platform_renderer(void)
{
    return platform_renderer;
}

unsigned qemu_egl_platform_initialized(void)
{
    return platform_initialized;
}

bool qemu_egl_has_dmabuf_export(void)
{
    return epoxy_has_egl_extension(qemu_egl_display,
                                   "EGL_MESA_image_dma_buf_export");
}

static bool has_client_extension(const char *name)
{
    return epoxy_has_egl_extension(EGL_NO_DISPLAY, name);
}

static bool choose_config(EGLDisplay dpy, EGLint surface_type, bool gles,
                          EGLConfig *config)
{
    const EGLint attributes[] = {
        EGL_SURFACE_TYPE, surface_type,
        EGL_RENDERABLE_TYPE, gles ? EGL_OPENGL_ES2_BIT : EGL_OPENGL_BIT,
        EGL_RED_SIZE,   5,
        EGL_GREEN_SIZE, 5,
        EGL_BLUE_SIZE,  5,
        EGL_ALPHA_SIZE, 0,
        EGL_NONE,
    };
    EGLint n = 0;

    return eglChooseConfig(dpy, attributes, config, 1, &n) && n == 1;
}

/* The part that may fail after eglInitialize() */
static bool setup_display(EGLDisplay dpy, EGLint surface_type,
                          DisplayGLMode mode, Error **errp)
{
    bool gles = mode == DISPLAY_GL_MODE_ES;
    EGLConfig config;

    if (!epoxy_has_egl_extension(dpy, "EGL_KHR_surfaceless_context")) {
        error_setg(errp, "EGL_KHR_surfaceless_context not supported");
        return false;
    }
    if (!eglBindAPI(gles ? EGL_OPENGL_ES_API : EGL_OPENGL_API)) {
        error_setg(errp, "eglBindAPI failed (%s mode): %s",
                   gles ? "gles" : "core", qemu_egl_get_error_string());
        return false;
    }
    if (!choose_config(dpy, surface_type, gles, &config)) {
        error_setg(errp, "eglChooseConfig found nothing (%s mode): %s",
                   gles ? "gles" : "core", qemu_egl_get_error_string());
        return false;
    }

    qemu_egl_display = dpy;
    qemu_egl_config = config;
    qemu_egl_mode = gles ? DISPLAY_GL_MODE_ES : DISPLAY_GL_MODE_CORE;
    qemu_egl_rn_ctx = qemu_egl_init_ctx();
    if (!qemu_egl_rn_ctx) {
        qemu_egl_display = NULL;
        qemu_egl_config = NULL;
        error_setg(errp, "no GL context (%s mode)", gles ? "gles" : "core");
        return false;
    }
    return true;
}

/* A display that turns out to be useless must not stay behind initialised */
static bool try_display(EGLDisplay dpy, EGLint surface_type,
                        DisplayGLMode mode, Error **errp)
{
    EGLint major, minor;

    if (dpy == EGL_NO_DISPLAY) {
        error_setg(errp, "no EGL display: %s", qemu_egl_get_error_string());
        return false;
    }
    if (!eglInitialize(dpy, &major, &minor)) {
        error_setg(errp, "eglInitialize failed: %s",
                   qemu_egl_get_error_string());
        return false;
    }
    platform_initialized++;

    if (!setup_display(dpy, surface_type, mode, errp)) {
        eglTerminate(dpy);
        return false;
    }
    return true;
}

static void drop_display(void)
{
    eglMakeCurrent(qemu_egl_display, EGL_NO_SURFACE, EGL_NO_SURFACE,
                   EGL_NO_CONTEXT);
    eglDestroyContext(qemu_egl_display, qemu_egl_rn_ctx);
    eglTerminate(qemu_egl_display);
    qemu_egl_rn_ctx = NULL;
    qemu_egl_config = NULL;
    qemu_egl_display = NULL;
}

/* ------------------------------------------------------------------ */

/* 0: no node, or none that can be told apart */
static dev_t node_number(const char *rendernode, int fd)
{
    struct stat st;

    if (fd >= 0 ? fstat(fd, &st) : !rendernode || stat(rendernode, &st)) {
        return 0;
    }
    return S_ISCHR(st.st_mode) && major(st.st_rdev) == DRM_MAJOR ? st.st_rdev
                                                                 : 0;
}

/*
 * Mesa renders in software, without dma-bufs, for a node it has no driver for.
 * This must not hide the driver that another EGL implementation has.
 */
static bool is_stand_in(void)
{
    const char *renderer = (const char *)glGetString(GL_RENDERER);

    return !qemu_egl_has_dmabuf_export() && renderer &&
           (strstr(renderer, "llvmpipe") || strstr(renderer, "softpipe"));
}

static bool try_gbm(EglAttempt *attempt, Error **errp)
{
    struct gbm_device *gbm;
    EGLDisplay dpy;

    if (attempt->fd < 0) {
        error_setg_errno(errp, attempt->open_errno, "cannot open %s",
                         attempt->rendernode ?: "a render node in /dev/dri");
        return false;
    }
    if (!node_number(attempt->rendernode, attempt->fd)) {
        error_setg(errp, "%s is not a DRM node", attempt->rendernode);
        return false;
    }
    gbm = gbm_create_device(attempt->fd);
    if (!gbm) {
        error_setg_errno(errp, errno, "gbm_create_device failed");
        return false;
    }

    if (has_client_extension("EGL_EXT_platform_base") &&
        (has_client_extension("EGL_MESA_platform_gbm") ||
         has_client_extension("EGL_KHR_platform_gbm"))) {
        dpy = eglGetPlatformDisplayEXT(EGL_PLATFORM_GBM_MESA, gbm, NULL);
    } else {
        dpy = eglGetDisplay((EGLNativeDisplayType)gbm);
    }
    if (!try_display(dpy, EGL_WINDOW_BIT, attempt->mode, errp)) {
        gbm_device_destroy(gbm);
        return false;
    }
    if (is_stand_in()) {
        drop_display();
        gbm_device_destroy(gbm);
        error_setg(errp, "no driver for this node, only a software renderer");
        return false;
    }

    qemu_egl_rn_gbm_dev = gbm;
    return true;
}

/* ------------------------------------------------------------------ */

/* The same hardware may have two nodes: compare what is behind them */
static bool same_drm_device(dev_t a, dev_t b)
{
    g_autofree char *path_a = NULL;
    g_autofree char *path_b = NULL;
    char *real_a, *real_b;
    bool same;

    if (a == b) {
        return true;
    }
    path_a = g_strdup_printf("/sys/dev/char/%u:%u/device", major(a), minor(a));
    path_b = g_strdup_printf("/sys/dev/char/%u:%u/device", major(b), minor(b));
    real_a = realpath(path_a, NULL);
    real_b = realpath(path_b, NULL);
    same = real_a && real_b && g_str_equal(real_a, real_b);
    free(real_a);
    free(real_b);
    return same;
}

static bool device_has(const char *extensions, const char *name)
{
    return extensions && epoxy_extension_in_string(extensions, name);
}

static bool device_is_node(EGLDeviceEXT device, dev_t node)
{
    const char *extensions = eglQueryDeviceStringEXT(device, EGL_EXTENSIONS);
    const char *file = NULL;
    struct stat st;

    if (device_has(extensions, "EGL_EXT_device_drm_render_node")) {
        file = eglQueryDeviceStringEXT(device, EGL_DRM_RENDER_NODE_FILE_EXT);
    }
    if (!file && device_has(extensions, "EGL_EXT_device_drm")) {
        file = eglQueryDeviceStringEXT(device, EGL_DRM_DEVICE_FILE_EXT);
    }
    trace_egl_platform_device(file ?: "none", extensions ?: "");
    return file && stat(file, &st) == 0 && same_drm_device(st.st_rdev, node);
}

static bool device_is_software(EGLDeviceEXT device)
{
    return device_has(eglQueryDeviceStringEXT(device, EGL_EXTENSIONS),
                      "EGL_MESA_device_software");
}

static EGLDeviceEXT find_device(EglAttempt *attempt, Error **errp)
{
    dev_t node = node_number(attempt->rendernode, attempt->fd);
    EGLDeviceEXT devices[32];
    EGLint i, n = 0;

    if (!has_client_extension("EGL_EXT_device_base") &&
        !(has_client_extension("EGL_EXT_device_enumeration") &&
          has_client_extension("EGL_EXT_device_query"))) {
        error_setg(errp, "EGL_EXT_device_enumeration not supported");
        return EGL_NO_DEVICE_EXT;
    }
    if (!eglQueryDevicesEXT(ARRAY_SIZE(devices), devices, &n)) {
        error_setg(errp, "eglQueryDevicesEXT failed: %s",
                   qemu_egl_get_error_string());
        return EGL_NO_DEVICE_EXT;
    }
    for (i = 0; i < n; i++) {
        if (attempt->node_present ? node && device_is_node(devices[i], node)
                                  : device_is_software(devices[i])) {
            return devices[i];
        }
    }
    error_setg(errp, attempt->node_present
               ? "none of %d EGL devices belongs to this node"
               : "none of %d EGL devices renders in software", n);
    return EGL_NO_DEVICE_EXT;
}

/*
 * For drivers that offer no GBM.  Without a node this is the software device;
 * it renders in memory, so a window config is not to be had from it.
 */
static bool try_device(EglAttempt *attempt, Error **errp)
{
    EGLDeviceEXT device;

    if (!has_client_extension("EGL_EXT_platform_base") ||
        !has_client_extension("EGL_EXT_platform_device")) {
        error_setg(errp, "EGL_EXT_platform_device not supported");
        return false;
    }
    device = find_device(attempt, errp);
    if (device == EGL_NO_DEVICE_EXT) {
        return false;
    }
    return try_display(eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT,
                                                device, NULL),
                       EGL_PBUFFER_BIT, attempt->mode, errp);
}

static bool try_surfaceless(EglAttempt *attempt, Error **errp)
{
    if (!has_client_extension("EGL_EXT_platform_base") ||
        !has_client_extension("EGL_MESA_platform_surfaceless")) {
        error_setg(errp, "EGL_MESA_platform_surfaceless not supported");
        return false;
    }
    return try_display(eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA,
                                                EGL_DEFAULT_DISPLAY, NULL),
                       EGL_PBUFFER_BIT, attempt->mode, errp);
}

/* ------------------------------------------------------------------ */

static const struct {
    const char *name;
    EglPlatformFn *try;
    bool with_node;             /* makes sense where there is a render node */
    bool without_node;
} platforms[] = {
    { "gbm",         try_gbm,         true,  false },
    { "surfaceless", try_surfaceless, false, true },
    { "device",      try_device,      true,  true },
};

static bool try_platform(unsigned i, EglAttempt *attempt)
{
    Error *err = NULL;

    if (platforms[i].try(attempt, &err)) {
        platform_name = platforms[i].name;
        return true;
    }
    trace_egl_platform_failed(platforms[i].name, error_get_pretty(err));
    g_string_append_printf(attempt->tried, "%s%s: %s",
                           attempt->tried->len ? "; " : "",
                           platforms[i].name, error_get_pretty(err));
    error_free(err);
    return false;
}

static bool try_platforms(EglAttempt *attempt)
{
    const char *only = g_getenv(PLATFORM_ENV);
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(platforms); i++) {
        if (only ? !g_str_equal(only, platforms[i].name)
                 : !(attempt->node_present ? platforms[i].with_node
                                           : platforms[i].without_node)) {
            continue;
        }
        if (try_platform(i, attempt)) {
            return true;
        }
    }
    if (only && !attempt->tried->len) {
        g_string_append_printf(attempt->tried,
                               PLATFORM_ENV "=%s is not one of gbm, device, "
                               "surfaceless", only);
    }
    return false;
}

static bool render_node_exists(void)
{
    GDir *dir = g_dir_open("/dev/dri", 0, NULL);
    const char *name;
    bool found = false;

    if (!dir) {
        return false;
    }
    while (!found && (name = g_dir_read_name(dir))) {
        found = g_str_has_prefix(name, "renderD");
    }
    g_dir_close(dir);
    return found;
}

/* Everything that renders shares one display */
static bool keep_display(const char *rendernode, Error **errp)
{
    if (rendernode &&
        !same_drm_device(node_number(rendernode, -1), platform_node)) {
        error_setg(errp, "egl: rendernode %s is not the device that is in use "
                   "already (%s)", rendernode, platform_renderer);
        return false;
    }
    return true;
}

bool qemu_egl_platform_init(const char *rendernode, DisplayGLMode mode,
                            Error **errp)
{
    g_autoptr(GString) tried = g_string_new(NULL);
    EglAttempt attempt = {
        .rendernode = rendernode,
        .mode = mode,
        .tried = tried,
    };

    if (platform_name) {
        return keep_display(rendernode, errp);
    }

    attempt.fd = qemu_drm_rendernode_open(rendernode);
    attempt.open_errno = errno;
    attempt.node_present = rendernode || attempt.fd >= 0 ||
                           render_node_exists();
    if (!try_platforms(&attempt)) {
        error_setg(errp, "egl: no platform works%s%s (tried %s)",
                   rendernode ? " on " : "", rendernode ?: "", tried->str);
        if (attempt.fd >= 0) {
            close(attempt.fd);
        }
        return false;
    }

    qemu_egl_rn_fd = attempt.fd;
    platform_node = node_number(rendernode, attempt.fd);
    platform_renderer = g_strdup((const char *)glGetString(GL_RENDERER));
    trace_egl_platform_init(platform_name, platform_renderer,
                            eglQueryString(qemu_egl_display, EGL_VERSION));
    if (!attempt.node_present) {
        warn_report("egl: no DRM render node, rendering in software (%s)",
                    platform_renderer);
    }
    return true;
}

/*
 * The EGL display that QEMU renders on when no window system provides one
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "qemu/drm.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "ui/egl-platform.h"
#include "egl-devices.h"
#include "trace.h"

#define PLATFORM_ENV "QEMU_EGL_PLATFORM"

static const char *platform_name;
static char *platform_node;     /* NULL if it has none */
static char *platform_renderer;
static unsigned platform_initialized;

const char *qemu_egl_platform_name(void)
{
    return platform_name;
}

const char *qemu_egl_platform_node(void)
{
    return platform_node;
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

/* The steps after eglInitialize() that may fail */
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
        error_setg(errp, "eglChooseConfig found no config (%s mode): %s",
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
        error_setg(errp, "cannot create a GL context (%s mode)",
                   gles ? "gles" : "core");
        return false;
    }
    return true;
}

static void drop_context(EGLDisplay dpy)
{
    eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    eglDestroyContext(dpy, qemu_egl_rn_ctx);
    qemu_egl_rn_ctx = NULL;
    qemu_egl_config = NULL;
    qemu_egl_display = NULL;
}

/* The context of setup_display() must be current */
static bool is_good_enough(EGLDisplay dpy, bool software, Error **errp)
{
    if (!software && egl_renders_in_software(dpy)) {
        error_setg(errp, "no hardware driver, only a software renderer (%s)",
                   (const char *)glGetString(GL_RENDERER));
        return false;
    }
    return true;
}

/*
 * Initialises @dpy, and terminates it again if it turns out to be useless.
 * @software: see EglCandidate
 */
static bool try_display(EGLDisplay dpy, EGLint surface_type,
                        DisplayGLMode mode, bool software, Error **errp)
{
    EGLint major, minor;

    if (dpy == EGL_NO_DISPLAY) {
        error_setg(errp, "cannot get an EGL display: %s",
                   qemu_egl_get_error_string());
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
    if (!is_good_enough(dpy, software, errp)) {
        drop_context(dpy);
        eglTerminate(dpy);
        return false;
    }
    return true;
}

/* ---- the platforms ---- */

/* The state of the search for a display */
typedef struct EglSearch {
    EglHost host;
    char **nodes;
    GArray *devices;            /* EGLDeviceEXT; NULL if none can be used */
    GArray *infos;              /* EglDeviceInfo, of @devices */
    DisplayGLMode mode;
    GString *tried;             /* what failed, and why */
} EglSearch;

static bool try_gbm_on(int fd, const EglCandidate *candidate,
                       DisplayGLMode mode, Error **errp)
{
    struct gbm_device *gbm = gbm_create_device(fd);
    EGLDisplay dpy;

    if (!gbm) {
        error_setg_errno(errp, errno, "gbm_create_device failed");
        return false;
    }
    if (egl_has_client_extension("EGL_EXT_platform_base") &&
        (egl_has_client_extension("EGL_MESA_platform_gbm") ||
         egl_has_client_extension("EGL_KHR_platform_gbm"))) {
        dpy = eglGetPlatformDisplayEXT(EGL_PLATFORM_GBM_MESA, gbm, NULL);
    } else {
        dpy = eglGetDisplay((EGLNativeDisplayType)gbm);
    }
    if (!try_display(dpy, EGL_WINDOW_BIT, mode, candidate->software, errp)) {
        gbm_device_destroy(gbm);
        return false;
    }
    qemu_egl_rn_gbm_dev = gbm;
    return true;
}

static bool try_gbm(const EglSearch *search, const EglCandidate *candidate,
                    Error **errp)
{
    int fd = qemu_drm_rendernode_open(candidate->node);

    if (fd < 0) {
        error_setg_errno(errp, errno, "open failed");
        return false;
    }
    if (!egl_is_drm_node(candidate->node)) {
        error_setg(errp, "not a DRM node");
        close(fd);
        return false;
    }
    if (!try_gbm_on(fd, candidate, search->mode, errp)) {
        close(fd);
        return false;
    }
    qemu_egl_rn_fd = fd;
    return true;
}

/* For drivers without GBM.  Devices have no configs for windows. */
static bool try_device(const EglSearch *search, const EglCandidate *candidate,
                       Error **errp)
{
    EGLDeviceEXT device = g_array_index(search->devices, EGLDeviceEXT,
                                        candidate->device);

    return try_display(eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT,
                                                device, NULL),
                       EGL_PBUFFER_BIT, search->mode, candidate->software,
                       errp);
}

static bool try_surfaceless(const EglSearch *search,
                            const EglCandidate *candidate, Error **errp)
{
    if (!egl_has_client_extension("EGL_EXT_platform_base") ||
        !egl_has_client_extension("EGL_MESA_platform_surfaceless")) {
        error_setg(errp, "EGL_MESA_platform_surfaceless not supported");
        return false;
    }
    return try_display(eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA,
                                                EGL_DEFAULT_DISPLAY, NULL),
                       EGL_PBUFFER_BIT, search->mode, candidate->software,
                       errp);
}

static bool try_candidate(const EglSearch *search,
                          const EglCandidate *candidate, Error **errp)
{
    switch (candidate->platform) {
    case EGL_ON_GBM:
        return try_gbm(search, candidate, errp);
    case EGL_ON_DEVICE:
        return try_device(search, candidate, errp);
    case EGL_ON_SURFACELESS:
        return try_surfaceless(search, candidate, errp);
    }
    g_assert_not_reached();
}

/* ---- the choice ---- */

static void note(EglSearch *search, const char *what, const char *reason)
{
    g_string_append_printf(search->tried, "%s%s: %s",
                           search->tried->len ? "; " : "", what, reason);
}

static char *candidate_str(const EglCandidate *candidate)
{
    const char *platform = egl_platform_str(candidate->platform);

    if (candidate->platform == EGL_ON_DEVICE) {
        return g_strdup_printf("%s: number %u (%s)", platform,
                               candidate->device,
                               candidate->node ?: "no DRM node");
    }
    return g_strdup_printf("%s%s%s", platform, candidate->node ? ": " : "",
                           candidate->node ?: "");
}

static void note_failure(EglSearch *search, const EglCandidate *candidate,
                         const char *reason)
{
    g_autofree char *what = candidate_str(candidate);

    trace_egl_platform_failed(what, reason);
    note(search, what, reason);
}

/* Notes why candidates that one might expect are missing */
static void note_what_is_missing(EglSearch *search, Error *no_devices)
{
    unsigned i, usable = 0;

    if (!search->host.rendernode && !search->nodes[0]) {
        note(search, "gbm", "there is no DRM render node");
    }
    for (i = 0; i < search->host.n_devices; i++) {
        usable += search->host.rendernode ? search->host.devices[i].wanted
                                          : !search->host.devices[i].software;
    }
    if (no_devices) {
        note(search, "device", error_get_pretty(no_devices));
    } else if (!usable) {
        note(search, "device", search->host.rendernode
             ? "no EGL device belongs to this node"
             : "no hardware EGL device found");
    }
}

static void search_init(EglSearch *search, const char *rendernode,
                        DisplayGLMode mode)
{
    Error *err = NULL;

    qemu_egl_rn_fd = -1;
    search->mode = mode;
    search->tried = g_string_new(NULL);
    search->nodes = egl_render_nodes();
    search->devices = egl_devices(rendernode, &search->infos, &err);
    search->host = (EglHost) {
        .rendernode = rendernode,
        .platform = g_getenv(PLATFORM_ENV),
        .nodes = (const char *const *)search->nodes,
    };
    if (search->devices) {
        search->host.devices = (EglDeviceInfo *)search->infos->data;
        search->host.n_devices = search->infos->len;
    }
    note_what_is_missing(search, err);
    error_free(err);
}

static void search_free(EglSearch *search)
{
    g_string_free(search->tried, true);
    g_strfreev(search->nodes);
    g_clear_pointer(&search->devices, g_array_unref);
    g_clear_pointer(&search->infos, g_array_unref);
}

static void take(const EglSearch *search, const EglCandidate *candidate)
{
    platform_name = egl_platform_str(candidate->platform);
    platform_node = g_strdup(candidate->node);
    platform_renderer = g_strdup((const char *)glGetString(GL_RENDERER));
    trace_egl_platform_init(platform_name, platform_node ?: "no DRM node",
                            platform_renderer,
                            eglQueryString(qemu_egl_display, EGL_VERSION));
    if (egl_renders_in_software(qemu_egl_display)) {
        warn_report("egl: rendering in software (%s, platform %s%s%s); tried: "
                    "%s", platform_renderer, platform_name,
                    platform_node ? " on " : "", platform_node ?: "",
                    search->tried->str);
    }
}

static bool search_display(EglSearch *search)
{
    g_autoptr(GArray) candidates = egl_candidates(&search->host);
    unsigned i;

    for (i = 0; i < candidates->len; i++) {
        EglCandidate *candidate = &g_array_index(candidates, EglCandidate, i);
        Error *err = NULL;

        if (try_candidate(search, candidate, &err)) {
            take(search, candidate);
            return true;
        }
        note_failure(search, candidate, error_get_pretty(err));
        error_free(err);
    }
    if (search->host.platform && !candidates->len) {
        note(search, PLATFORM_ENV, search->host.platform);
    }
    return false;
}

/* All users share one display */
static bool keep_display(const char *rendernode, Error **errp)
{
    if (rendernode && !egl_same_drm_device(rendernode, platform_node)) {
        error_setg(errp, "egl: rendernode %s is not the device already in "
                   "use (%s)", rendernode, platform_renderer);
        return false;
    }
    return true;
}

bool qemu_egl_platform_init(const char *rendernode, DisplayGLMode mode,
                            Error **errp)
{
    EglSearch search = {};
    bool found;

    if (platform_name) {
        return keep_display(rendernode, errp);
    }
    search_init(&search, rendernode, mode);
    found = search_display(&search);
    if (!found) {
        error_setg(errp, "egl: no platform works%s%s (tried %s)",
                   rendernode ? " on " : "", rendernode ?: "",
                   search.tried->str);
    }
    search_free(&search);
    return found;
}

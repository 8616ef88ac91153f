/*
 * The calls of spice-server that take EGL images, found at run time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <dlfcn.h>

#include "qemu/error-report.h"
#include "qemu/option.h"
#include "qemu/config-file.h"
#include "ui/egl-platform.h"
#include "spice-gl-api.h"
#include "spice-egl.h"

#ifdef SPICE_QXL_GL

/*
 * When this file is part of a module, libspice-server has been loaded for the
 * module only and is not in the global scope: look from the module then.
 */
void *qemu_spice_gl_function(const char *name)
{
    void *function = dlsym(RTLD_DEFAULT, name);
    Dl_info self;
    void *handle;

    if (function || !dladdr(qemu_spice_gl_function, &self)) {
        return function;
    }
    handle = dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (handle) {
        function = dlsym(handle, name);
        dlclose(handle);
    }
    return function;
}

static bool find_functions(SpiceGlApi *api)
{
    api->init = qemu_spice_gl_function("spice_qxl_gl_init");
    api->scanout_texture =
        qemu_spice_gl_function("spice_qxl_gl_scanout_texture");
    api->release_texture =
        qemu_spice_gl_function("spice_qxl_gl_release_texture");
    api->draw_fence_async =
        qemu_spice_gl_function("spice_qxl_gl_draw_fence_async");
    api->get_stats = qemu_spice_gl_function("spice_qxl_gl_get_stats");

    return api->init && api->scanout_texture && api->release_texture &&
           api->draw_fence_async && api->get_stats;
}

const SpiceGlApi *qemu_spice_gl_api(void)
{
    static SpiceGlApi api;
    static bool looked, found;

    if (!looked) {
        looked = true;
        found = find_functions(&api);
    }
    return found ? &api : NULL;
}

bool qemu_spice_gl_remote_capable(void)
{
    return qemu_spice_gl_api() != NULL;
}

#else

bool qemu_spice_gl_remote_capable(void)
{
    return false;
}

#endif /* SPICE_QXL_GL */

bool qemu_spice_gl_check_remote(void)
{
    Dl_info server;
    const char *file = "libspice-server";

    if (qemu_spice_gl_remote_capable()) {
        return true;
    }
    if (dladdr(spice_server_new, &server) && server.dli_fname) {
        file = server.dli_fname;
    }
#ifdef SPICE_QXL_GL
    error_report("spice: %s has no spice_qxl_gl_init(), which is needed to "
                 "show GL output to remote clients; use a newer spice-server",
                 file);
#else
    error_report("spice: QEMU was built with a spice-server (%d.%d.%d, now "
                 "using %s) without spice_qxl_gl_init(), which is needed to "
                 "show GL output to remote clients",
                 SPICE_SERVER_VERSION >> 16, (SPICE_SERVER_VERSION >> 8) & 0xff,
                 SPICE_SERVER_VERSION & 0xff, file);
#endif
    return false;
}

static int init_with_images(SimpleSpiceDisplay *ssd,
                            const DisplayChangeListenerOps **ops)
{
#ifdef SPICE_QXL_GL
    return qemu_spice_gl_api() ? qemu_spice_egl_init(ssd, ops) : -ENOSYS;
#else
    return -ENOSYS;
#endif
}

#ifdef SPICE_QXL_GL
QEMU_DISABLE_CFI
static void set_max_rate(SimpleSpiceDisplay *ssd, uint64_t rate)
{
    typeof(spice_qxl_gl_set_max_rate) *set =
        qemu_spice_gl_function("spice_qxl_gl_set_max_rate");

    if (!set) {
        error_report("spice: max-refresh-rate= needs a newer spice-server, "
                     "one that has spice_qxl_gl_set_max_rate()");
        exit(1);
    }
    if (set(&ssd->qxl, MIN(rate, UINT32_MAX)) < 0) {
        error_report("spice: max-refresh-rate=%" PRIu64 " is out of range, "
                     "must be 1 to 240", rate);
        exit(1);
    }
}

QEMU_DISABLE_CFI
static void set_dmabufs(SimpleSpiceDisplay *ssd, bool allowed)
{
    typeof(spice_qxl_gl_set_dmabufs) *set =
        qemu_spice_gl_function("spice_qxl_gl_set_dmabufs");

    if (set) {
        set(&ssd->qxl, allowed);
    } else if (!allowed) {
        error_report("spice: dmabuf=off needs a newer spice-server, one that "
                     "has spice_qxl_gl_set_dmabufs()");
        exit(1);
    }
}
#endif

const DisplayChangeListenerOps *
qemu_spice_gl_choose_listener(SimpleSpiceDisplay *ssd,
                              const DisplayChangeListenerOps *stock,
                              bool stock_remote)
{
    QemuOpts *opts = QTAILQ_FIRST(&qemu_find_opts("spice")->head);
    const DisplayChangeListenerOps *ops = stock;
    int ret = init_with_images(ssd, &ops);

    if (ret == 0) {
#ifdef SPICE_QXL_GL
        if (qemu_opt_get(opts, "max-refresh-rate")) {
            set_max_rate(ssd, qemu_opt_get_number(opts, "max-refresh-rate", 0));
        }
        set_dmabufs(ssd, qemu_opt_get_bool(opts, "dmabuf", true));
#endif
        return ops;
    }
    if (!stock_remote && (qemu_opt_get_number(opts, "port", 0) ||
                          qemu_opt_get_number(opts, "tls-port", 0))) {
        error_report("spice: spice_qxl_gl_init failed: %s; "
                     "cannot use gl=on with port/tls-port", strerror(-ret));
        exit(1);
    }
    if (!qemu_opt_get_bool(opts, "dmabuf", true)) {
        error_report("spice: dmabuf=off needs a spice-server that accepts "
                     "EGL images (spice_qxl_gl_init: %s)", strerror(-ret));
        exit(1);
    }
    if (!qemu_egl_has_dmabuf_export()) {
        error_report("spice: gl=on needs EGL_MESA_image_dma_buf_export, which "
                     "is not supported, or a spice-server that accepts "
                     "EGL images (spice_qxl_gl_init: %s)", strerror(-ret));
        exit(1);
    }
    return ops;
}

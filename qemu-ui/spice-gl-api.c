/*
 * spice-server's functions for EGL images, looked up at run time
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <dlfcn.h>

#include "qemu/error-report.h"
#include "spice-gl-api.h"

#ifdef SPICE_QXL_GL

/*
 * If this file is part of a module, libspice-server was loaded for the module
 * only and is not in the global scope, so look from the module.
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

QEMU_DISABLE_CFI
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

    /* A spice-server without EGL has the functions, but none of them works */
    return api->init && api->scanout_texture && api->release_texture &&
           api->draw_fence_async && api->get_stats &&
           api->init(NULL, NULL) != -ENOTSUP;
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
    if (qemu_spice_gl_function("spice_qxl_gl_init")) {
        error_report("spice: %s was built without EGL, which is needed to show "
                     "GL output to remote clients", file);
        return false;
    }
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

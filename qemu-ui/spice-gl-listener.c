/*
 * Chooses between EGL images and dma-bufs for a SPICE display with gl=on
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/config-file.h"
#include "qemu/error-report.h"
#include "qemu/option.h"
#include "ui/egl-platform.h"
#include "spice-egl.h"
#include "spice-gl-api.h"

static int init_with_images(SimpleSpiceDisplay *ssd,
                            const DisplayChangeListenerOps **ops,
                            const DisplayGLCtxOps *contexts)
{
#ifdef SPICE_QXL_GL
    if (qemu_spice_gl_api()) {
        return qemu_spice_egl_init(ssd, ops, contexts);
    }
    return -ENOSYS;
#else
    return -ENOSYS;
#endif
}

bool qemu_spice_gl_use_images(SimpleSpiceDisplay *ssd,
                              const DisplayChangeListenerOps **ops,
                              const DisplayGLCtxOps *contexts,
                              bool stock_remote)
{
    QemuOpts *opts = QTAILQ_FIRST(&qemu_find_opts("spice")->head);
    int ret = init_with_images(ssd, ops, contexts);

    if (ret == 0) {
        return true;
    }
    if (!stock_remote && (qemu_opt_get_number(opts, "port", 0) ||
                          qemu_opt_get_number(opts, "tls-port", 0))) {
        error_report("spice: spice_qxl_gl_init failed: %s; "
                     "cannot use gl=on with port/tls-port", strerror(-ret));
        exit(1);
    }
    if (!qemu_egl_has_dmabuf_export()) {
        error_report("spice: gl=on needs EGL_MESA_image_dma_buf_export, which "
                     "is not supported, or a spice-server that accepts "
                     "EGL images (spice_qxl_gl_init: %s)", strerror(-ret));
        exit(1);
    }
    return false;
}

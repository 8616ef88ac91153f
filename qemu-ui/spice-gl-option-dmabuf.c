/*
 * -spice dmabuf= with gl=on
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/config-file.h"
#include "qemu/error-report.h"
#include "qemu/option.h"
#include "spice-egl.h"
#include "spice-gl-api.h"

static bool dmabufs_allowed(void)
{
    QemuOpts *opts = QTAILQ_FIRST(&qemu_find_opts("spice")->head);

    return qemu_opt_get_bool(opts, "dmabuf", true);
}

QEMU_DISABLE_CFI
void qemu_spice_gl_set_dmabufs(SimpleSpiceDisplay *ssd)
{
#ifdef SPICE_QXL_GL
    typeof(spice_qxl_gl_set_dmabufs) *set =
        qemu_spice_gl_function("spice_qxl_gl_set_dmabufs");

    if (ssd->egl && set) {
        set(&ssd->qxl, dmabufs_allowed());
        return;
    }
#endif
    if (!dmabufs_allowed()) {
        error_report("spice: dmabuf=off needs a spice-server that accepts "
                     "EGL images and has spice_qxl_gl_set_dmabufs()");
        exit(1);
    }
}

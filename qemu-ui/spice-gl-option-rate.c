/*
 * -spice max-refresh-rate= with gl=on
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

QEMU_DISABLE_CFI
void qemu_spice_gl_set_max_rate(SimpleSpiceDisplay *ssd)
{
#ifdef SPICE_QXL_GL
    QemuOpts *opts = QTAILQ_FIRST(&qemu_find_opts("spice")->head);
    typeof(spice_qxl_gl_set_max_rate) *set;
    uint64_t rate;

    if (!ssd->egl || !qemu_opt_get(opts, "max-refresh-rate")) {
        return;
    }
    set = qemu_spice_gl_function("spice_qxl_gl_set_max_rate");
    if (!set) {
        error_report("spice: max-refresh-rate= needs a newer spice-server, "
                     "one that has spice_qxl_gl_set_max_rate()");
        exit(1);
    }
    rate = qemu_opt_get_number(opts, "max-refresh-rate", 0);
    if (set(&ssd->qxl, MIN(rate, UINT32_MAX)) < 0) {
        error_report("spice: max-refresh-rate=%" PRIu64 " is out of range, "
                     "must be 1 to 240", rate);
        exit(1);
    }
#endif
}

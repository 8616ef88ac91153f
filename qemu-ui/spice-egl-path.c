/*
 * A trace event for each change of the path on which a client is served
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "spice-egl.h"
#include "spice-egl-path.h"
#include "spice-egl-stats.h"
#include "spice-gl-api.h"
#include "trace.h"

/* Called in one of spice-server's threads */
static void path_changed(QXLInstance *qxl, const QXLGLPathChange *change,
                         void *opaque)
{
    trace_qemu_spice_egl_path(
        qxl->id, change->connection_id,
        SpiceDisplayPath_str(spice_egl_path_of(change->from)),
        SpiceDisplayPath_str(spice_egl_path_of(change->to)),
        change->codec ? SpiceDisplayCodec_str(spice_egl_codec_of(change->codec))
                      : "no video",
        change->reason);
}

QEMU_DISABLE_CFI
void qemu_spice_egl_watch_paths(SimpleSpiceDisplay *ssd)
{
    typeof(spice_qxl_gl_set_path_callback) *set =
        qemu_spice_gl_function("spice_qxl_gl_set_path_callback");

    if (ssd->egl && set) {
        set(&ssd->qxl, path_changed, NULL);
    }
}

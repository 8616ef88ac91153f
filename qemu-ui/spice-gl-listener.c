/*
 * Chooses between EGL images and dma-bufs for a SPICE display with gl=on
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

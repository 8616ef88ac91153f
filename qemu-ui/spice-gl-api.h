/*
 * spice-server's functions for EGL images, looked up at run time
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_GL_API_H
#define UI_SPICE_GL_API_H

#include "ui/spice-display.h"

#ifdef HAVE_SPICE_GL

/*
 * Linking to the functions directly would create a dependency on their symbol
 * version, and QEMU would not start with an older spice-server.  That is so for
 * weak references, too: linkers do not mark the version as weak.
 */
#ifdef SPICE_QXL_GL
typedef struct SpiceGlApi {
    typeof(spice_qxl_gl_init) *init;
    typeof(spice_qxl_gl_scanout_texture) *scanout_texture;
    typeof(spice_qxl_gl_release_texture) *release_texture;
    typeof(spice_qxl_gl_draw_fence_async) *draw_fence_async;
    typeof(spice_qxl_gl_get_stats) *get_stats;
} SpiceGlApi;

/*
 * The functions above, or NULL if the spice-server in use lacks them.  Their
 * callers must be QEMU_DISABLE_CFI, since the addresses come from dlsym().
 */
const SpiceGlApi *qemu_spice_gl_api(void);

/*
 * Notes that spice-server has answered the draw with this number
 * (QXLCookie.io).  May be called from any thread; @ssd must have an egl.
 */
void qemu_spice_egl_draw_answered(SimpleSpiceDisplay *ssd, uint64_t draw);

/* A function added later, or NULL if the spice-server in use lacks it */
void *qemu_spice_gl_function(const char *name);
#endif

/* Whether the spice-server in use can show GL scanouts to remote clients */
bool qemu_spice_gl_remote_capable(void);

/* Same as qemu_spice_gl_remote_capable(), but reports the reason if not */
bool qemu_spice_gl_check_remote(void);

/*
 * Chooses how @ssd scans out.  If spice-server accepts EGL images, sets @ssd up
 * for them and replaces @ops, which are those of a display without GL.
 * Otherwise changes nothing, and the caller has to set it up for dma-bufs.
 * @contexts are the callbacks of a display with dma-bufs, and @stock_remote
 * tells whether such a display serves remote clients, too.  Must be called
 * once, after the interface of @ssd has been added.  Exits with an error if
 * neither works.
 *
 * Returns: whether @ssd scans out EGL images.
 */
bool qemu_spice_gl_use_images(SimpleSpiceDisplay *ssd,
                              const DisplayChangeListenerOps **ops,
                              const DisplayGLCtxOps *contexts,
                              bool stock_remote);

/*
 * Apply max-refresh-rate= and dmabuf= to @ssd, after the choice.  Exit with an
 * error if spice-server cannot do what is asked for.
 */
void qemu_spice_gl_set_max_rate(SimpleSpiceDisplay *ssd);
void qemu_spice_gl_set_dmabufs(SimpleSpiceDisplay *ssd);

#endif /* HAVE_SPICE_GL */

#endif /* UI_SPICE_GL_API_H */

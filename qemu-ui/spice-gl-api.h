/*
 * The calls of spice-server that take EGL images, found at run time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_GL_API_H
#define UI_SPICE_GL_API_H

#include "ui/spice-display.h"

#ifdef HAVE_SPICE_GL

/*
 * A reference to the functions themselves would be one to their symbol
 * version, and keep QEMU from starting with an older spice-server.
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
 * The calls above, or NULL if the spice-server in use lacks them.  Functions
 * that call them are QEMU_DISABLE_CFI: the addresses are dlsym()'s.
 */
const SpiceGlApi *qemu_spice_gl_api(void);

/*
 * spice-server has answered the draw of this number (QXLCookie.io).  Any
 * thread; @ssd has an egl.
 */
void qemu_spice_egl_draw_answered(SimpleSpiceDisplay *ssd, uint64_t draw);

/* One that came later, or NULL if the spice-server in use lacks it */
void *qemu_spice_gl_function(const char *name);
#endif

/* Whether the spice-server in use can show GL scanouts to remote clients */
bool qemu_spice_gl_remote_capable(void);

/* qemu_spice_gl_remote_capable(); reports the reason if it cannot */
bool qemu_spice_gl_check_remote(void);

/*
 * Chooses how @ssd scans out: with EGL images where spice-server takes them,
 * with the dma-bufs that @ssd is set up for otherwise; @stock are that
 * listener's calls, and @stock_remote says that it serves remote clients, too.
 * Returns the calls to register.  To be called once, after the interface of
 * @ssd has been added.  Exits with an error when neither can work.
 */
const DisplayChangeListenerOps *
qemu_spice_gl_choose_listener(SimpleSpiceDisplay *ssd,
                              const DisplayChangeListenerOps *stock,
                              bool stock_remote);

#endif /* HAVE_SPICE_GL */

#endif /* UI_SPICE_GL_API_H */

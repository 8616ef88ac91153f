/*
 * The EGL display that QEMU renders on when no window system provides one
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_EGL_PLATFORM_H
#define UI_EGL_PLATFORM_H

#include "ui/egl-helpers.h"

/**
 * qemu_egl_platform_init:
 * @rendernode: file name of a DRM render node, or NULL for the best available
 * @mode: the requested GL flavour, not DISPLAY_GL_MODE_OFF
 * @errp: lists what was tried and why each attempt failed
 *
 * Initialises qemu_egl_display, qemu_egl_config, qemu_egl_mode and
 * qemu_egl_rn_ctx on the first of egl_candidates() that works.  A software
 * renderer is used only if no node was named and no hardware works, with a
 * warning that lists what was tried.  The context is left current.  Later
 * calls keep the display of the first one.
 *
 * The environment variable QEMU_EGL_PLATFORM ("gbm", "device" or
 * "surfaceless") restricts the choice to one platform, as a debugging aid.
 *
 * Returns: true on success.  After a failure nothing remains initialised.
 */
bool qemu_egl_platform_init(const char *rendernode, DisplayGLMode mode,
                            Error **errp);

/*
 * The platform in use: "gbm", "device" or "surfaceless"; NULL if
 * qemu_egl_platform_init() has not succeeded (as with a window system's
 * display).
 */
const char *qemu_egl_platform_name(void);

/* File name of the DRM node it renders on; NULL if none, or as above */
const char *qemu_egl_platform_node(void);

/* GL_RENDERER of the display in use; NULL as above */
const char *qemu_egl_platform_renderer(void);

/*
 * Whether textures can be exported as dma-bufs.  Not every display supports
 * that, so code that depends on it must check.
 */
bool qemu_egl_has_dmabuf_export(void);

/*
 * How often eglInitialize() has succeeded in this process, including for
 * candidates that were rejected afterwards
 */
unsigned qemu_egl_platform_initialized(void);

#endif /* UI_EGL_PLATFORM_H */

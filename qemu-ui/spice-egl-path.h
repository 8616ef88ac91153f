/*
 * A trace event for each change of the path on which a client is served
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_EGL_PATH_H
#define UI_SPICE_EGL_PATH_H

#include "ui/spice-display.h"

/* Traces each path change from now on.  Call it before any client connects. */
void qemu_spice_egl_watch_paths(SimpleSpiceDisplay *ssd);

#endif /* UI_SPICE_EGL_PATH_H */

/*
 * How clients of displays that scan out EGL images are served
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_EGL_PATH_H
#define UI_SPICE_EGL_PATH_H

#include "qapi/qapi-types-ui.h"
#include "ui/spice-display.h"

/* Traces each path change from now on.  Call it before any client connects. */
void qemu_spice_egl_watch_paths(SimpleSpiceDisplay *ssd);

/* Adds path information to what qemu_spice_egl_query_displays() returned */
void qemu_spice_egl_query_paths(SpiceDisplayList *displays);

#endif /* UI_SPICE_EGL_PATH_H */

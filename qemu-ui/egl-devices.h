/*
 * The render nodes and the EGL devices of this host
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_EGL_DEVICES_H
#define UI_EGL_DEVICES_H

#include "ui/egl-candidates.h"
#include "ui/egl-helpers.h"

/* Whether EGL has the client extension @name */
bool egl_has_client_extension(const char *name);

/* File names of all render nodes, sorted; free with g_strfreev() */
char **egl_render_nodes(void);

/* Whether @file is a DRM node; QEMU need not have permission to open it */
bool egl_is_drm_node(const char *file);

/* Whether both are nodes of the same DRM device; false if either is NULL */
bool egl_same_drm_device(const char *file, const char *other);

/*
 * All EGL devices, in EGL's order.
 *
 * @rendernode: see EglDeviceInfo.wanted; may be NULL
 * @infos: set to an array of EglDeviceInfo of the same length
 *
 * Returns: an array of EGLDeviceEXT; NULL with the reason in @errp if EGL
 * cannot enumerate devices or render on them
 */
GArray *egl_devices(const char *rendernode, GArray **infos, Error **errp);

/* Whether the current context of @dpy renders on the CPU */
bool egl_renders_in_software(EGLDisplay dpy);

#endif /* UI_EGL_DEVICES_H */

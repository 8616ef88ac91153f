/*
 * The planes of a guest's dma-buf, and an EGL image made from them
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_EGL_PLANES_H
#define UI_SPICE_EGL_PLANES_H

#include "ui/egl-helpers.h"

/*
 * Identifies a dma-buf.  Instances are compared with memcmp(), so unused
 * members must be 0.
 */
typedef struct SpiceEglPlanes {
    uint32_t count;
    uint32_t fourcc;
    uint64_t modifier;
    uint32_t strides[DMABUF_MAX_PLANES]; /* bytes */
    uint32_t offsets[DMABUF_MAX_PLANES]; /* bytes */
    uint64_t inodes[DMABUF_MAX_PLANES]; /* 0: not identified by its inode */
} SpiceEglPlanes;

SpiceEglPlanes spice_egl_planes_of(QemuDmaBuf *dmabuf);

/* An image of the planes, owned by the caller, or EGL_NO_IMAGE_KHR */
EGLImageKHR spice_egl_planes_import(QemuDmaBuf *dmabuf);

#endif

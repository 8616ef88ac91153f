/*
 * The planes of a guest's dma-buf, and an EGL image made from them
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#ifdef CONFIG_LINUX
#include <sys/vfs.h>
#endif
#include "spice-egl-planes.h"

#define MOD_INVALID ((1ULL << 56) - 1)
#define DMABUF_FS_MAGIC 0x444d4142

/* dma-bufs have inodes of their own since Linux 5.3 */
static uint64_t dmabuf_inode(int fd)
{
#ifdef CONFIG_LINUX
    struct statfs fs;
    struct stat st;

    if (fstatfs(fd, &fs) == 0 && fs.f_type == DMABUF_FS_MAGIC &&
        fstat(fd, &st) == 0) {
        return st.st_ino;
    }
#endif
    return 0;
}

SpiceEglPlanes spice_egl_planes_of(QemuDmaBuf *dmabuf)
{
    const uint32_t *strides = qemu_dmabuf_get_strides(dmabuf, NULL);
    const uint32_t *offsets = qemu_dmabuf_get_offsets(dmabuf, NULL);
    const int *fds = qemu_dmabuf_get_fds(dmabuf, NULL);
    SpiceEglPlanes planes;
    uint32_t i;

    memset(&planes, 0, sizeof(planes));
    planes.count = MIN(qemu_dmabuf_get_num_planes(dmabuf), DMABUF_MAX_PLANES);
    planes.fourcc = qemu_dmabuf_get_fourcc(dmabuf);
    planes.modifier = qemu_dmabuf_get_modifier(dmabuf);
    for (i = 0; i < planes.count; i++) {
        planes.strides[i] = strides[i];
        planes.offsets[i] = offsets[i];
        planes.inodes[i] = dmabuf_inode(fds[i]);
    }
    for (i = 0; i < planes.count; i++) {
        if (!planes.inodes[i]) {
            memset(planes.inodes, 0, sizeof(planes.inodes));
            break;
        }
    }
    return planes;
}

/* As elsewhere in QEMU, 0 means "unknown", not linear */
static bool has_modifier(uint64_t modifier)
{
    return modifier && modifier != MOD_INVALID &&
           epoxy_has_egl_extension(qemu_egl_display,
                                   "EGL_EXT_image_dma_buf_import_modifiers");
}

/* The names of each plane's attributes, in the order of their values below */
static const EGLint names[DMABUF_MAX_PLANES][5] = {
    { EGL_DMA_BUF_PLANE0_FD_EXT, EGL_DMA_BUF_PLANE0_PITCH_EXT,
      EGL_DMA_BUF_PLANE0_OFFSET_EXT, EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT,
      EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT },
    { EGL_DMA_BUF_PLANE1_FD_EXT, EGL_DMA_BUF_PLANE1_PITCH_EXT,
      EGL_DMA_BUF_PLANE1_OFFSET_EXT, EGL_DMA_BUF_PLANE1_MODIFIER_LO_EXT,
      EGL_DMA_BUF_PLANE1_MODIFIER_HI_EXT },
    { EGL_DMA_BUF_PLANE2_FD_EXT, EGL_DMA_BUF_PLANE2_PITCH_EXT,
      EGL_DMA_BUF_PLANE2_OFFSET_EXT, EGL_DMA_BUF_PLANE2_MODIFIER_LO_EXT,
      EGL_DMA_BUF_PLANE2_MODIFIER_HI_EXT },
    { EGL_DMA_BUF_PLANE3_FD_EXT, EGL_DMA_BUF_PLANE3_PITCH_EXT,
      EGL_DMA_BUF_PLANE3_OFFSET_EXT, EGL_DMA_BUF_PLANE3_MODIFIER_LO_EXT,
      EGL_DMA_BUF_PLANE3_MODIFIER_HI_EXT },
};

EGLImageKHR spice_egl_planes_import(QemuDmaBuf *dmabuf)
{
    const SpiceEglPlanes planes = spice_egl_planes_of(dmabuf);
    const int *fds = qemu_dmabuf_get_fds(dmabuf, NULL);
    const EGLint values = has_modifier(planes.modifier) ? 5 : 3;
    EGLint attributes[2 * (3 + 5 * DMABUF_MAX_PLANES) + 1] = {
        EGL_WIDTH, qemu_dmabuf_get_backing_width(dmabuf),
        EGL_HEIGHT, qemu_dmabuf_get_backing_height(dmabuf),
        EGL_LINUX_DRM_FOURCC_EXT, planes.fourcc,
    };
    EGLint *next = attributes + 6;
    uint32_t plane;
    EGLint i;

    if (!qemu_egl_has_dmabuf()) {
        return EGL_NO_IMAGE_KHR;
    }
    for (plane = 0; plane < planes.count; plane++) {
        const EGLint value[5] = {
            fds[plane], planes.strides[plane], planes.offsets[plane],
            planes.modifier & 0xffffffff, planes.modifier >> 32,
        };
        for (i = 0; i < values; i++) {
            *next++ = names[plane][i];
            *next++ = value[i];
        }
    }
    *next = EGL_NONE;
    return eglCreateImageKHR(qemu_egl_display, EGL_NO_CONTEXT,
                             EGL_LINUX_DMA_BUF_EXT, NULL, attributes);
}

/*
 * Distinguishes images that have the same texture name
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_GPU_VIRGL_GENERATION_H
#define HW_VIRTIO_GPU_VIRGL_GENERATION_H

/*
 * Must be called before texture @tex_id of resource @resource_id is scanned
 * out.  Returns true if another image was scanned out under this name;
 * listeners must then be told that it is gone.  Always false if virglrenderer
 * does not report generations.  The BQL must be held.
 */
bool virtio_gpu_virgl_image_replaced(uint32_t resource_id, uint32_t tex_id);

/*
 * Notes that the listeners have been told that the texture goes away.  The BQL
 * must be held.
 */
void virtio_gpu_virgl_image_released(uint32_t tex_id);

#endif

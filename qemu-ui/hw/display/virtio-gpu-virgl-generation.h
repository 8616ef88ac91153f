/*
 * Tells images apart that have the same texture name
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_GPU_VIRGL_GENERATION_H
#define HW_VIRTIO_GPU_VIRGL_GENERATION_H

/*
 * To be called before texture @tex_id of resource @resource_id is scanned out.
 * True if another image was scanned out under this name, about which listeners
 * have to be told that it is gone.  Always false where virglrenderer does not
 * tell generations.  Needs the BQL.
 */
bool virtio_gpu_virgl_image_replaced(uint32_t resource_id, uint32_t tex_id);

/* The listeners have been told that the texture goes away.  Needs the BQL. */
void virtio_gpu_virgl_image_released(uint32_t tex_id);

#endif

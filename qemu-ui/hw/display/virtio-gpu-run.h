/*
 * virtio-gpu when the machine stops and runs on, maybe elsewhere
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_GPU_RUN_H
#define HW_VIRTIO_GPU_RUN_H

#include "hw/virtio/virtio-gpu.h"
#include "system/runstate.h"

/*
 * When the machine stops, commands that wait for a display go back into the
 * queue, and when it runs, the queues are looked at.  A VMChangeStateHandler of
 * the device, which is g->run; its argument is the VirtIOGPU.
 */
void virtio_gpu_run_changed(void *opaque, bool running, RunState state);
/* The device goes: no more of that */
void virtio_gpu_run_exit(VirtIOGPU *g);

/* Whether commands may be taken from the queue.  Needs the BQL. */
bool virtio_gpu_runs(VirtIOGPU *g);

#endif

/*
 * virtio-gpu when the machine stops and resumes, possibly on another host
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VIRTIO_GPU_RUN_H
#define HW_VIRTIO_GPU_RUN_H

#include "hw/virtio/virtio-gpu.h"
#include "system/runstate.h"

/*
 * When the machine stops, puts the commands that wait for a display back into
 * the queue; when it resumes, processes the queues.  A VMChangeStateHandler,
 * registered as g->run; @opaque is the VirtIOGPU.
 */
void virtio_gpu_run_changed(void *opaque, bool running, RunState state);
/* Unregisters the handler when the device is unrealized */
void virtio_gpu_run_exit(VirtIOGPU *g);

/* Whether commands may be taken from the queue.  The BQL must be held. */
bool virtio_gpu_runs(VirtIOGPU *g);

#endif

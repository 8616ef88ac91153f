/*
 * virtio-gpu when the machine stops and resumes, possibly on another host
 *
 * While a display blocks the renderer, commands that the device has taken from
 * the queue wait.  They are not part of its state and would be lost when that
 * is saved.  A queue that the guest has notified, but that has not been
 * processed yet, would not be processed on the destination either, since the
 * guest need not notify it again.
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "virtio-gpu-run.h"

static void put_commands_back(VirtIOGPU *g)
{
    struct virtio_gpu_ctrl_command *cmd;

    while ((cmd = QTAILQ_LAST(&g->cmdq))) {
        QTAILQ_REMOVE(&g->cmdq, cmd, next);
        virtqueue_unpop(cmd->vq, &cmd->elem, 0);
        g_free(cmd);
    }
}

void virtio_gpu_run_changed(void *opaque, bool running, RunState state)
{
    VirtIOGPU *g = opaque;
    VirtIOGPUBase *b = VIRTIO_GPU_BASE(g);

    if (running) {
        qemu_bh_schedule(g->ctrl_bh);
        qemu_bh_schedule(g->cursor_bh);
    } else if (VIRTIO_GPU_GET_CLASS(g)->requeue_on_stop) {
        put_commands_back(g);
        /* Answers the commands that are done and only wait for the display */
        VIRTIO_GPU_BASE_GET_CLASS(b)->gl_flushed(b);
    }
}

void virtio_gpu_run_exit(VirtIOGPU *g)
{
    g_clear_pointer(&g->run, qemu_del_vm_change_state_handler);
}

bool virtio_gpu_runs(VirtIOGPU *g)
{
    return VIRTIO_DEVICE(g)->vm_running ||
           !VIRTIO_GPU_GET_CLASS(g)->requeue_on_stop;
}

/*
 * virtio-gpu when the machine stops and runs on, maybe elsewhere
 *
 * A display that takes its time (qemu_console_hw_gl_block()) keeps commands waiting
 * that the device has taken from the queue already.  They are no part of the
 * device's state: saved in that moment they would be lost.  A queue that the
 * guest has notified of, but which has not been looked at, would not be looked
 * at on the other side either, and the guest need not notify again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "virtio-gpu-run.h"

/* The other classes keep more about a command, and cannot be saved */
static bool keeps_nothing_else(VirtIOGPU *g)
{
    return VIRTIO_GPU_GET_CLASS(g)->process_cmd ==
           virtio_gpu_simple_process_cmd;
}

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
    } else if (keeps_nothing_else(g)) {
        put_commands_back(g);
        /* Those that are done and wait for the display alone are answered */
        VIRTIO_GPU_BASE_GET_CLASS(b)->gl_flushed(b);
    }
}

void virtio_gpu_run_exit(VirtIOGPU *g)
{
    g_clear_pointer(&g->run, qemu_del_vm_change_state_handler);
}

bool virtio_gpu_runs(VirtIOGPU *g)
{
    return VIRTIO_DEVICE(g)->vm_running || !keeps_nothing_else(g);
}

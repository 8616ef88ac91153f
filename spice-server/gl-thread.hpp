/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* How the threads of a GL display are scheduled. */
#pragma once

#include <sched.h>

namespace red {

/* QEMU's main loop wakes the calling thread. From now on, if both are on the same processor, the
 * main loop continues first instead of being preempted (Linux: SCHED_BATCH). Some sandboxes do not
 * allow this; nothing changes then. */
inline void gl_let_wakers_go_on()
{
    const sched_param priority = {};
    if (sched_getscheduler(0) == SCHED_OTHER) { // else QEMU was given a policy
        (void)!sched_setscheduler(0, SCHED_BATCH, &priority);
    }
}

} // namespace red

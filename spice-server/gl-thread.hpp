/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How threads of a GL display are scheduled. */
#pragma once

#include <sched.h>

namespace red {

/* Who wakes the calling thread is QEMU's main loop: from now on that goes on first where both
 * are on the same processor, instead of waiting for what it has asked for. (Linux: SCHED_BATCH.)
 * Some sandboxes do not allow it, and things are then as before. */
inline void gl_let_wakers_go_on()
{
    const sched_param priority = {};
    if (sched_getscheduler(0) == SCHED_OTHER) { // not what somebody has chosen for QEMU
        (void)!sched_setscheduler(0, SCHED_BATCH, &priority);
    }
}

} // namespace red

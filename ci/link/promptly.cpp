/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "promptly.hpp"

#include <cstdint>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

/* The kernel's struct; not all C libraries have it */
struct SchedulingAttributes {
    uint32_t size = sizeof(SchedulingAttributes), policy = SCHED_OTHER;
    uint64_t flags = 1; /* SCHED_FLAG_RESET_ON_FORK */
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 0, deadline = 0, period = 0;
};

} // namespace

void run_promptly()
{
    prctl(PR_SET_TIMERSLACK, 1);
    SchedulingAttributes real_time, soon;
    real_time.policy = SCHED_FIFO;
    real_time.priority = 1;
    soon.runtime = 100000; /* ns */
    if (syscall(SYS_sched_setattr, 0, &real_time, 0) != 0) {
        syscall(SYS_sched_setattr, 0, &soon, 0);
    }
}

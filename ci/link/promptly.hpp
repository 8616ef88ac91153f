/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* For a thread that sleeps most of the time, and must get the CPU as soon as it wakes, although
 * others compute on the same processors: real-time priority if that is allowed, or else the shortest
 * slice, which makes the scheduler run it soon. Children do not inherit this. */
void run_promptly();

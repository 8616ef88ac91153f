/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The calling thread sleeps most of the time, and wants the CPU as soon as it is due, although
 * others compute on the same processors. Real time where that is allowed, else the shortest
 * slice, which the scheduler takes for "soon". Its children have neither. */
void run_promptly();

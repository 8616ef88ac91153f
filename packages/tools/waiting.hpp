/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting with a limit, which SIGINT and SIGTERM end as well: by an exception, so that child processes
 * and temporary folders go with the objects that own them. Times are seconds. */
#pragma once

/* Thrown by the waits below; not an error, so not a Failure */
struct Interrupted {
    int signal;
};

/* From now on SIGINT and SIGTERM end waits; before this call, they end the process */
void let_signals_end_waits();

/* Of the monotonic clock */
double now();

/* Waits until then; may throw Interrupted, as the next function */
void sleep_until(double deadline);

/* Whether the descriptor has one of poll()'s events before the deadline */
bool wait_for(int fd, short events, double deadline);

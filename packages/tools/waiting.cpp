/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "waiting.hpp"

#include <algorithm>
#include <csignal>
#include <glib.h>
#include <poll.h>

namespace {

volatile std::sig_atomic_t came = 0;

/* A signal that comes just before poll() does not end it, so no call takes longer than this */
constexpr double SLICE = 0.1;

void check()
{
    if (came) {
        throw Interrupted{came};
    }
}

int slice(double deadline)
{
    return int(std::clamp(deadline - now(), 0.0, SLICE) * 1000 + 0.999);
}

} // namespace

void let_signals_end_waits()
{
    struct sigaction action = {};
    action.sa_handler = [](int number) { came = number; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

double now()
{
    return double(g_get_monotonic_time()) / G_USEC_PER_SEC;
}

void sleep_until(double deadline)
{
    check();
    while (now() < deadline) {
        poll(nullptr, 0, slice(deadline));
        check();
    }
}

bool wait_for(int fd, short events, double deadline)
{
    for (;;) {
        pollfd polled = {fd, events, 0};
        check();
        if (poll(&polled, 1, slice(deadline)) > 0) {
            return true;
        }
        if (now() >= deadline) {
            return false;
        }
    }
}

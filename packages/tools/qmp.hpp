/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QEMU monitor that speaks QMP. All calls may throw Failure, and do so at the latest when their time
 * is over; times are seconds. */
#pragma once

#include <string>

#include "fd.hpp"
#include "value.hpp"

class Qmp
{
public:
    /* Connects to the Unix socket on which QEMU listens. QEMU serves one connection at a time. */
    static Qmp connect(const std::string &path, double seconds);

    /* connected: the other end is QEMU's, or will be. Waits for the greeting. */
    Qmp(Fd connected, double seconds);

    /* What the command returns. Events and late answers to earlier commands are skipped. */
    Value execute(const std::string &command, double seconds);

private:
    Value next(double deadline);
    void send(const std::string &text, double deadline);

    Fd fd;
    std::string received; /* and not read yet */
    int64_t last_id = 0;
};

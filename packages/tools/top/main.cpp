/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spicegl-top: how the clients of a running QEMU are served */
#include <cstdio>
#include <unistd.h>

#include "../machine.hpp"
#include "../options.hpp"
#include "../waiting.hpp"
#include "table.hpp"

static const char SUMMARY[] =
    "Shows how QEMU serves the clients of its displays: path and codec, frames and Mbit/s; and for remote\n"
    "clients the link: the share that a video may use, the round trip, the data in flight, and LATE, the\n"
    "frames that the client dropped because they arrived too late.\n"
    "\n"
    "SOCKET is a Unix socket on which QEMU serves QMP, to one program at a time:\n"
    "  -qmp unix:SOCKET,server=on,wait=off\n"
    "For a libvirt domain, virsh is used.";

static void show(const std::string &text, bool clear)
{
    if (clear) {
        fputs("\033[H\033[2J", stdout);
    }
    fputs(text.c_str(), stdout);
    fflush(stdout);
}

static int watch(const std::string &machine, double interval, bool once)
{
    const bool clear = !once && isatty(STDOUT_FILENO);
    Rates rates;
    for (int looks = 1;; looks++) {
        const double at = now();
        const auto displays = displays_of(query_spice(machine));
        rates.look(at, displays);
        if (!once || looks > 1) {
            show(table(displays, rates), clear);
        }
        if (once && looks > 1) {
            return 0;
        }
        sleep_until(at + interval);
    }
}

int main(int argc, char **argv)
{
    gboolean once = FALSE;
    gdouble interval = 1;
    g_set_prgname("spicegl-top");
    const auto machines = parse({"SOCKET|libvirt:DOMAIN", SUMMARY, {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "Print one table after one interval, then exit", nullptr},
        {"interval", 0, 0, G_OPTION_ARG_DOUBLE, &interval, "Seconds between updates (default: 1)", "S"},
    }}, argc, argv);
    if (machines.size() != 1) {
        usage_error("specify one SOCKET or libvirt:DOMAIN");
    }
    if (!(interval >= 0.1 && interval <= 3600)) {
        usage_error("--interval must be 0.1 to 3600 seconds");
    }
    return guarded([&]() { return watch(machines[0], interval, once); });
}

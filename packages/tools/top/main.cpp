/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spicegl-top: how the clients of a running QEMU are served */
#include <cstdio>
#include <unistd.h>

#include "../machine.hpp"
#include "../options.hpp"
#include "../waiting.hpp"
#include "table.hpp"

static const char SUMMARY[] =
    "Shows how QEMU serves the clients of its displays: path and codec, frames and Mbit/s, and of\n"
    "remote clients the link: what a video may use of it, round trip, what is on its way, and LATE:\n"
    "frames that the client has dropped because they came too late.\n"
    "\n"
    "SOCKET is a Unix socket on which QEMU listens with QMP, and serves one program at a time:\n"
    "  -qmp unix:SOCKET,server=on,wait=off\n"
    "Of a libvirt domain, virsh is asked.";

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
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "Print one table, after one interval, and end", nullptr},
        {"interval", 0, 0, G_OPTION_ARG_DOUBLE, &interval, "Seconds from one look to the next (1)", "S"},
    }}, argc, argv);
    if (machines.size() != 1) {
        usage_error("name one SOCKET, or libvirt:DOMAIN");
    }
    if (!(interval >= 0.1 && interval <= 3600)) {
        usage_error("--interval is from 0.1 to 3600 seconds");
    }
    return guarded([&]() { return watch(machines[0], interval, once); });
}

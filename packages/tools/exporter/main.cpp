/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spicegl-exporter: writes what spicegl-top shows, for the textfile collector of Prometheus' node exporter */
#include <cstdio>

#include "../failure.hpp"
#include "../machine.hpp"
#include "../options.hpp"
#include "../waiting.hpp"
#include "metrics.hpp"

static const char SUMMARY[] =
    "Writes metrics on how QEMU processes serve the clients of their displays, in Prometheus' text format,\n"
    "for the textfile collector of its node exporter. FILE.prom is replaced atomically. Labels: vm (the name\n"
    "of the socket or the domain), display, client, path, codec. For a QEMU that does not answer, spicegl_up\n"
    "is 0, and with --once the exit status is 1.\n"
    "\n"
    "SOCKET is a Unix socket on which QEMU serves QMP, to one program at a time:\n"
    "  -qmp unix:SOCKET,server=on,wait=off\n"
    "For a libvirt domain, virsh is used.";

static MachineState look(const std::string &machine, const std::string &name)
{
    MachineState state{name, false, {}};
    try {
        state.displays = displays_of(query_spice(machine));
        state.up = true;
    } catch (const Failure &failure) {
        fprintf(stderr, "%s: %s: %s\n", g_get_prgname(), machine.c_str(), failure.what());
    }
    return state;
}

/* Through a temporary file and a rename; the collector, another user, must be able to read it */
static void write(const std::string &file, const std::string &text)
{
    GError *error = nullptr;
    if (!g_file_set_contents_full(file.c_str(), text.c_str(), gssize(text.size()),
                                  G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error)) {
        const std::string why = error->message;
        g_error_free(error);
        throw Failure(why);
    }
}

static int watch(const std::vector<std::string> &machines, const std::string &file, double interval, bool once)
{
    const auto names = machine_names(machines);
    for (;;) {
        const double at = now();
        std::vector<MachineState> states;
        bool all_up = true;
        for (size_t i = 0; i < machines.size(); i++) {
            states.push_back(look(machines[i], names[i]));
            all_up = all_up && states.back().up;
        }
        write(file, metrics(states));
        if (once) {
            return all_up ? 0 : 1;
        }
        sleep_until(at + interval);
    }
}

int main(int argc, char **argv)
{
    gboolean once = FALSE;
    gdouble interval = 15;
    gchar *output = nullptr;
    g_set_prgname("spicegl-exporter");
    const auto machines = parse({"SOCKET|libvirt:DOMAIN... --output FILE.prom", SUMMARY, {
        {"output", 0, 0, G_OPTION_ARG_FILENAME, &output, "File to write", "FILE.prom"},
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "Write the file once, then exit", nullptr},
        {"interval", 0, 0, G_OPTION_ARG_DOUBLE, &interval, "Seconds between updates (default: 15)", "S"},
    }}, argc, argv);
    const std::string file = taken(output);
    if (machines.empty()) {
        usage_error("specify at least one SOCKET or libvirt:DOMAIN");
    }
    if (file.empty()) {
        usage_error("--output is required");
    }
    if (!(interval >= 1 && interval <= 3600)) {
        usage_error("--interval must be 1 to 3600 seconds");
    }
    return guarded([&]() { return watch(machines, file, interval, once); });
}

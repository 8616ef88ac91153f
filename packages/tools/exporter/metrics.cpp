/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics.hpp"

#include <cstdio>
#include <functional>

namespace {

std::string escaped(const std::string &value)
{
    std::string text;
    for (const char c : value) {
        switch (c) {
        case '\\': text += "\\\\"; break;
        case '"': text += "\\\""; break;
        case '\n': text += "\\n"; break;
        default: text += c;
        }
    }
    return text;
}

using Labels = std::vector<std::pair<const char *, std::string>>;

std::string sample(const std::string &name, const Labels &labels, double value)
{
    std::string text = name;
    char separator = '{';
    for (const auto &label : labels) {
        text += separator + std::string(label.first) + "=\"" + escaped(label.second) + "\"";
        separator = ',';
    }
    char number[32];
    snprintf(number, sizeof(number), "} %.17g\n", value);
    return text + number;
}

struct OfDisplay {
    const char *name, *type, *help;
    std::function<double(const Display &)> value;
};

const std::vector<OfDisplay> OF_DISPLAYS = {
    {"spicegl_display_scanouts_total", "counter", "Scanouts that were set on the display",
     [](const Display &d) { return d.scanouts; }},
    {"spicegl_display_draws_total", "counter", "Draws by the guest",
     [](const Display &d) { return d.draws; }},
    {"spicegl_display_draws_unseen_total", "counter", "Draws while no client was connected",
     [](const Display &d) { return d.draws_unseen; }},
    {"spicegl_display_draws_late_total", "counter", "Draws for which a local client did not release the image in time",
     [](const Display &d) { return d.draws_late; }},
    {"spicegl_display_draws_unanswered_total", "counter", "Draws that spice-server did not answer in time",
     [](const Display &d) { return d.draws_unanswered; }},
    {"spicegl_display_prime_exports_total", "counter", "Images exported as dma-bufs",
     [](const Display &d) { return d.prime_exports; }},
    {"spicegl_display_readbacks_total", "counter", "Readbacks of frames",
     [](const Display &d) { return d.readbacks; }},
    {"spicegl_display_readback_bytes_total", "counter", "Bytes read back",
     [](const Display &d) { return d.readback_bytes; }},
    {"spicegl_display_block_seconds_total", "counter", "Time that drawing has blocked QEMU's main loop",
     [](const Display &d) { return double(d.block_ns) / 1e9; }},
    {"spicegl_display_longest_draw_seconds", "gauge", "Longest time that a draw has kept the guest waiting",
     [](const Display &d) { return double(d.longest_draw_ns) / 1e9; }},
    {"spicegl_display_clients", "gauge", "Clients connected to the display",
     [](const Display &d) { return d.clients.size(); }},
};

struct OfClient {
    const char *name, *type, *help;
    bool of_link; /* only remote clients have it */
    std::function<double(const DisplayClient &)> value;
};

const std::vector<OfClient> OF_CLIENTS = {
    {"spicegl_client_frames_total", "counter", "Draws, video frames and images sent", false,
     [](const DisplayClient &c) { return c.frames; }},
    {"spicegl_client_bytes_total", "counter", "Bytes sent on the display channel", false,
     [](const DisplayClient &c) { return c.bytes; }},
    {"spicegl_client_path_changes_total", "counter", "Changes of path or codec", false,
     [](const DisplayClient &c) { return c.path_changes; }},
    {"spicegl_client_link_bits_per_second", "gauge", "Share of the link that a video may use", true,
     [](const DisplayClient &c) { return c.bit_rate; }},
    {"spicegl_client_round_trip_seconds", "gauge", "Mean time until a message is acknowledged", true,
     [](const DisplayClient &c) { return double(c.round_trip_ns) / 1e9; }},
    {"spicegl_client_in_flight_bytes", "gauge", "Bytes sent but not yet acknowledged", true,
     [](const DisplayClient &c) { return c.bytes_in_flight; }},
    {"spicegl_client_frames_per_second", "gauge", "Frames sent within the last second", true,
     [](const DisplayClient &c) { return c.frames_per_second; }},
    {"spicegl_client_frames_late_total", "counter", "Frames that the client dropped as too late", true,
     [](const DisplayClient &c) { return c.frames_late; }},
};

std::string head(const std::string &name, const std::string &type, const std::string &help)
{
    return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

/* The format wants all samples of a name together: names are the outer loop */
std::string of_displays(const std::vector<MachineState> &machines)
{
    std::string text = head("spicegl_display_info", "gauge", "EGL platform, node and renderer of the display");
    const auto each = [&](const std::function<void(const MachineState &, const Display &)> &call) {
        for (const auto &machine : machines) {
            for (const auto &display : machine.displays) {
                call(machine, display);
            }
        }
    };
    each([&](const MachineState &machine, const Display &display) {
        text += sample("spicegl_display_info",
                       {{"vm", machine.name}, {"display", std::to_string(display.id)},
                        {"platform", display.platform}, {"node", display.node},
                        {"renderer", display.renderer}}, 1);
    });
    for (const auto &metric : OF_DISPLAYS) {
        text += head(metric.name, metric.type, metric.help);
        each([&](const MachineState &machine, const Display &display) {
            text += sample(metric.name, {{"vm", machine.name}, {"display", std::to_string(display.id)}},
                           metric.value(display));
        });
    }
    return text;
}

std::string of_client(const OfClient &metric, const MachineState &machine, const Display &display)
{
    std::string text;
    for (const auto &client : display.clients) {
        if (!metric.of_link || client.has_link) {
            text += sample(metric.name,
                           {{"vm", machine.name}, {"display", std::to_string(display.id)},
                            {"client", std::to_string(client.id)}, {"path", client.path},
                            {"codec", client.codec}}, metric.value(client));
        }
    }
    return text;
}

} // namespace

std::string metrics(const std::vector<MachineState> &machines)
{
    std::string text = head("spicegl_up", "gauge", "Whether QEMU has answered");
    for (const auto &machine : machines) {
        text += sample("spicegl_up", {{"vm", machine.name}}, machine.up);
    }
    text += of_displays(machines);
    for (const auto &metric : OF_CLIENTS) {
        text += head(metric.name, metric.type, metric.help);
        for (const auto &machine : machines) {
            for (const auto &display : machine.displays) {
                text += of_client(metric, machine, display);
            }
        }
    }
    return text;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "displays.hpp"

namespace {

constexpr int64_t DISPLAY_CHANNEL = 2; /* SPICE_CHANNEL_DISPLAY */

std::string from(const Value &spice, int64_t connection)
{
    for (const auto &channel : spice["channels"].items()) {
        if (channel["connection-id"].number() == connection &&
            channel["channel-type"].number() == DISPLAY_CHANNEL) {
            const std::string family = channel["family"].text(), host = channel["host"].text();
            if (family != "ipv4" && family != "ipv6") {
                return family;
            }
            return (family == "ipv6" ? "[" + host + "]" : host) + ":" + channel["port"].text();
        }
    }
    return "";
}

DisplayClient client_of(const Value &value, const Value &spice)
{
    DisplayClient client;
    const Value link = value["link"];

    client.id = value["connection-id"].number();
    client.from = from(spice, client.id);
    client.path = value["path"].text();
    client.codec = value["codec"].text();
    client.reason = value["path-reason"].text();
    client.frames = value["frames"].number();
    client.bytes = value["bytes"].number();
    client.path_changes = value["path-changes"].number();
    client.has_link = bool(link);
    client.bit_rate = link["bit-rate"].number();
    client.round_trip_ns = link["round-trip-ns"].number();
    client.bytes_in_flight = link["bytes-in-flight"].number();
    client.frames_per_second = link["frames-per-second"].number();
    client.frames_late = link["frames-late"].number();
    return client;
}

Display display_of(const Value &value, const Value &spice)
{
    Display display;

    display.id = value["id"].number();
    display.platform = value["egl-platform"].text();
    display.node = value["egl-node"].text();
    display.renderer = value["egl-renderer"].text();
    display.scanouts = value["scanouts"].number();
    display.draws = value["draws"].number();
    display.draws_unseen = value["draws-unseen"].number();
    display.draws_late = value["draws-late"].number();
    display.draws_unanswered = value["draws-unanswered"].number();
    display.images = value["images"].number();
    display.prime_exports = value["prime-exports"].number();
    display.readbacks = value["readbacks"].number();
    display.readback_bytes = value["readback-bytes"].number();
    display.block_ns = value["block-ns"].number();
    display.longest_draw_ns = value["longest-draw-ns"].number();
    for (const auto &client : value["clients"].items()) {
        display.clients.push_back(client_of(client, spice));
    }
    return display;
}

} // namespace

std::vector<Display> displays_of(const Value &spice)
{
    std::vector<Display> displays;
    for (const auto &display : spice["displays"].items()) {
        displays.push_back(display_of(display, spice));
    }
    return displays;
}

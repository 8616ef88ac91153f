/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.hpp"

#include <algorithm>
#include <cstdio>

namespace {

using Cells = std::vector<std::string>;

const Cells HEADER = {"CLIENT", "FROM", "PATH", "CODEC", "FRAMES", "FRAMES/S", "MBIT/S",
                      "LINK MBIT/S", "RTT MS", "IN FLIGHT KB", "LATE", "CHANGED BECAUSE"};
/* How many of them, from the first on, are words, and flush left. So is the last one. */
constexpr size_t WORDS = 4;

const std::string NOTHING = "-";

std::string decimal(double number)
{
    char text[32];
    snprintf(text, sizeof(text), "%.1f", number);
    return text;
}

std::string or_nothing(const std::string &text)
{
    return text.empty() ? NOTHING : text;
}

/* Removes what a terminal would take for a command */
std::string printable(std::string text)
{
    std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, '?');
    return text;
}

Cells cells(const DisplayClient &client, const Rates::Rate &rate)
{
    const auto of_link = [&](const std::string &text) { return client.has_link ? text : NOTHING; };
    return {
        std::to_string(client.id),
        or_nothing(client.from),
        or_nothing(client.path),
        or_nothing(client.codec),
        std::to_string(client.frames),
        rate.known ? decimal(rate.frames) : NOTHING,
        rate.known ? decimal(rate.mbits) : NOTHING,
        of_link(decimal(double(client.bit_rate) / 1e6)),
        of_link(decimal(double(client.round_trip_ns) / 1e6)),
        of_link(decimal(double(client.bytes_in_flight) / 1e3)),
        of_link(std::to_string(client.frames_late)),
        or_nothing(client.reason),
    };
}

std::string aligned(const std::vector<Cells> &rows)
{
    std::string text;
    for (const auto &row : rows) {
        std::string line = " ";
        for (size_t column = 0; column < row.size(); column++) {
            size_t width = 0;
            for (const auto &other : rows) {
                width = std::max(width, other[column].size());
            }
            const std::string space(width - row[column].size(), ' ');
            const bool left = column < WORDS || column + 1 == row.size();
            line += " " + (left ? row[column] + space : space + row[column]) + " ";
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string heading(const Display &display, const Rates::Rate &rate)
{
    return "display " + std::to_string(display.id) + ": " + display.renderer + ", " + display.platform +
           (display.node.empty() ? "" : " on " + display.node) + "; draws " + std::to_string(display.draws) +
           (rate.known ? " (" + decimal(rate.frames) + "/s)" : "") + ", late " +
           std::to_string(display.draws_late) + ", readbacks " + std::to_string(display.readbacks) +
           ", exports " + std::to_string(display.prime_exports);
}

} // namespace

std::string table(const std::vector<Display> &displays, const Rates &rates)
{
    std::string text;
    for (const auto &display : displays) {
        std::vector<Cells> rows = {HEADER};
        for (const auto &client : display.clients) {
            rows.push_back(cells(client, rates.of(display, client)));
            std::transform(rows.back().begin(), rows.back().end(), rows.back().begin(), printable);
        }
        text += printable(heading(display, rates.of(display))) + "\n" +
                (display.clients.empty() ? "  no client\n" : aligned(rows));
    }
    return text.empty() ? "no display with gl=on, or QEMU does not report them\n" : text;
}

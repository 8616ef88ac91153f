/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.hpp"

#include <cinttypes>
#include <cstdio>
#include <unistd.h>

static std::string user_path()
{
    return "/proc/" + std::to_string(getpid()) + "/ns/user";
}

std::string enter_words(const Netspace &net, bool needs_user, const char *separator)
{
    std::string words = "nsenter";
    if (needs_user) {
        words += std::string(separator) + "--user=" + user_path() + separator +
                 "--preserve-credentials";
    }
    return words + separator + "--net=" + net.path() + separator + "--";
}

static std::string end_of(const Netspace &net, const char *address, bool needs_user)
{
    return std::string("{\"address\":\"") + address + "\",\"net\":\"" + net.path() + "\"" +
           (needs_user ? ",\"user\":\"" + user_path() + "\"" : "") + ",\"enter\":[\"" +
           enter_words(net, needs_user, "\",\"") + "\"]}";
}

std::string report_ends(const Link &link, bool needs_user)
{
    return "{\"name\":\"" + link.name() + "\",\"congestion\":\"" + link.congestion() +
           "\",\"server\":" + end_of(link.server(), Link::SERVER_ADDRESS, needs_user) +
           ",\"client\":" + end_of(link.client(), Link::CLIENT_ADDRESS, needs_user) + "}";
}

static std::string way(const Conditions &conditions, const Carrier::Counters &counters)
{
    char text[768];
    snprintf(text, sizeof(text),
             "{\"rate\":%.0f,\"delay_ms\":%g,\"jitter_ms\":%g,\"queue\":%zu,\"loss\":%g,"
             "\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"dropped\":%" PRIu64
             ",\"lost\":%" PRIu64 ",\"queued\":%zu,\"queue_max\":%zu,\"failed\":%" PRIu64
             ",\"late\":%" PRIu64 ",\"late_max_ms\":%.3f}",
             conditions.rate, double(conditions.delay) / 1e6, double(conditions.jitter) / 1e6,
             conditions.queue, conditions.loss, counters.packets, counters.bytes, counters.dropped,
             counters.lost, counters.queued, counters.queue_max, counters.failed, counters.late,
             double(counters.late_max) / 1e6);
    return text;
}

std::string report_counters(Link &link)
{
    char time[64];
    snprintf(time, sizeof(time), "{\"time\":%.6f,\"down\":", double(now_ns()) / 1e9);
    return time + way(link.down_conditions(), link.down_counters()) +
           ",\"up\":" + way(link.up_conditions(), link.up_counters()) + "}";
}

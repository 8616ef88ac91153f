/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rates.hpp"

/* No connection has such an id: ids are signed 32-bit numbers */
constexpr int64_t NO_CLIENT = INT64_MIN;

void Rates::look(double at, const std::vector<Display> &displays)
{
    before = std::move(last);
    before_at = last_at;
    last.clear();
    last_at = at;
    for (const auto &display : displays) {
        last[{display.id, NO_CLIENT}] = {display.draws, 0};
        for (const auto &client : display.clients) {
            last[{display.id, client.id}] = {client.frames, client.bytes};
        }
    }
}

Rates::Rate Rates::of(const Display &display) const
{
    return between({display.id, NO_CLIENT});
}

Rates::Rate Rates::of(const Display &display, const DisplayClient &client) const
{
    return between({display.id, client.id});
}

Rates::Rate Rates::between(const Key &key) const
{
    const auto was = before.find(key), is = last.find(key);
    const double seconds = last_at - before_at;
    if (was == before.end() || is == last.end() || seconds <= 0 ||
        is->second.frames < was->second.frames || is->second.bytes < was->second.bytes) {
        return {};
    }
    return {true, double(is->second.frames - was->second.frames) / seconds,
            double(is->second.bytes - was->second.bytes) * 8 / 1e6 / seconds};
}

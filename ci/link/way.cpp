/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "way.hpp"

#include <algorithm>
#include <cmath>

Way::Way(const Conditions &conditions, uint32_t seed): now_valid(conditions), random(seed) {}

int64_t Way::time_to_send(double bytes) const
{
    return now_valid.rate > 0 ? std::llround(bytes * 8e9 / now_valid.rate) : 0;
}

int64_t Way::jitter_at(int64_t time)
{
    if (now_valid.jitter <= 0) {
        return 0;
    }
    if (time >= jitter_until) {
        jitter = std::uniform_int_distribution<int64_t>(0, now_valid.jitter)(random);
        jitter_until = time + now_valid.jitter;
    }
    return jitter;
}

/* Puts on their way the packets that have been sent by NOW */
void Way::advance(int64_t now)
{
    while (!waiting.empty() && waiting.front().finish <= now) {
        Waiting sent = std::move(waiting.front());
        waiting.pop_front();
        queued -= sent.packet.bytes;
        if (now_valid.loss > 0 && std::bernoulli_distribution(now_valid.loss)(random)) {
            count.lost++;
            continue;
        }
        last_due = std::max(last_due, sent.finish + now_valid.delay + jitter_at(sent.finish));
        flying.push_back({std::move(sent.packet), last_due});
    }
}

void Way::change(const Conditions &conditions, int64_t now)
{
    advance(now);
    now_valid = conditions;
    jitter_until = INT64_MIN;
    int64_t free = now;
    for (auto &one : waiting) {
        /* Part of the first one has been sent already */
        const double left = one.start < now && one.finish > one.start
                                ? double(one.finish - now) / (one.finish - one.start) : 1;
        one.start = free;
        one.finish = free + time_to_send(left * one.packet.bytes);
        free = one.finish;
    }
    free_at = free;
}

void Way::arrive(Packet packet, int64_t at)
{
    advance(at);
    if (!waiting.empty() && queued + packet.bytes > now_valid.queue) {
        count.dropped++;
        return;
    }
    queued += packet.bytes;
    count.queue_max = std::max(count.queue_max, queued);
    const int64_t start = std::max(at, free_at);
    free_at = start + time_to_send(packet.bytes);
    waiting.push_back({std::move(packet), start, free_at});
}

std::optional<int64_t> Way::next() const
{
    if (!flying.empty()) {
        return flying.front().due;
    }
    if (!waiting.empty()) {
        return waiting.front().finish + now_valid.delay;
    }
    return std::nullopt;
}

std::optional<Packet> Way::take(int64_t now, int64_t *due)
{
    advance(now);
    if (flying.empty() || flying.front().due > now) {
        return std::nullopt;
    }
    Packet packet = std::move(flying.front().packet);
    *due = flying.front().due;
    flying.pop_front();
    count.packets++;
    count.bytes += packet.bytes;
    return packet;
}

Way::Counters Way::counters(int64_t now)
{
    advance(now);
    Counters result = count;
    result.queued = queued;
    count.queue_max = queued;
    return result;
}

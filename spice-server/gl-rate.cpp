/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-rate.hpp"

#include <algorithm>
#include <cmath>

namespace red {

static constexpr uint64_t MS = 1000000;
static constexpr double SECOND = 1e9;

static constexpr double SLOWEST = 20e3, FASTEST = 1.25e9; /* bytes/s */
static constexpr double UNKNOWN_RATE = 125e3;
static constexpr uint64_t OTHER_NS = 200 * MS;
/* Messages kept after they have arrived */
static constexpr size_t KEPT = 32;
static constexpr uint64_t KEPT_NS = 1000 * MS;
/* Without a call for that long while messages were on their way it was us who were late */
static constexpr uint64_t GAP_NS = 100 * MS;
/* The clocks and timers of both sides */
static constexpr uint64_t GRAIN_NS = 1 * MS;

GlRate::GlRate(uint64_t bytes_per_second, uint64_t rtt_ns):
    rate(std::clamp(bytes_per_second ? double(bytes_per_second) : UNKNOWN_RATE, SLOWEST, FASTEST)),
    base_ns(rtt_ns ? rtt_ns : UINT64_MAX),
    smooth_rtt_ns(double(rtt_ns)),
    deviation_ns(0.5 * MS)
{
}

uint64_t GlRate::advance(uint64_t now_ns)
{
    if (now_ns > now) {
        if (now && now_ns - now > GAP_NS) {
            for (size_t i = flying; i < messages.size(); i++) {
                messages[i].timed = false;
            }
        }
        now = now_ns;
    }
    return now;
}

void GlRate::sent(uint64_t number, size_t size, uint64_t now_ns)
{
    now_ns = advance(now_ns);
    if (number <= last_number) {
        return;
    }
    last_number = number;
    messages.push_back({ number, size, now_ns, again, 0, true });
    flying_bytes += size;
    paced_ns = std::max(paced_ns, now_ns) + uint64_t(size * SECOND / pacing_rate());
}

GlRate::Bounds GlRate::bounds(size_t last, uint64_t now_ns, uint64_t slack_ns) const
{
    Bounds result = { 0, 0 };
    double bytes = 0;
    for (size_t i = last + 1; i-- > 0;) {
        const Message &first = messages[i];
        const double took = double(now_ns) - double(first.sent_ns) - double(base_ns);
        if (!first.timed || (i != last && took > KEPT_NS)) {
            break;
        }
        bytes += first.size;
        result.least = std::max(result.least, bytes * SECOND / std::max(took, double(GRAIN_NS)));
        if (took > slack_ns) {
            result.most = std::max(result.most, bytes * SECOND / (took - slack_ns));
        } else {
            result.most = FASTEST;
        }
    }
    result.most = std::min(result.most, FASTEST);
    return result;
}

uint64_t GlRate::excuse_ns(const Message &message) const
{
    return message.again == again ? 0 : base_ns * 3 / 2 + 10 * MS;
}

void GlRate::arrived(uint64_t number, uint64_t now_ns)
{
    now_ns = advance(now_ns);
    size_t group = 0;
    while (flying < messages.size() && messages[flying].number <= number) {
        flying_bytes -= messages[flying].size;
        flying++;
        group++;
    }
    if (!group) {
        return;
    }
    if (messages[flying - 1].timed) {
        measure(flying - 1, group, now_ns);
    }
    last_groups[groups++ % 4] = group;
    if (groups >= 4) {
        grouped = *std::min_element(last_groups, last_groups + 4);
    }
    last_arrival_ns = now_ns;
    forget(now_ns);
}

void GlRate::forget(uint64_t now_ns)
{
    while (flying > 0 && (flying > KEPT || messages.front().sent_ns + KEPT_NS < now_ns)) {
        messages.pop_front();
        flying--;
    }
}

void GlRate::measure(size_t last, size_t group, uint64_t now_ns)
{
    const Message &message = messages[last];
    const uint64_t rtt = now_ns - message.sent_ns;

    smooth_rtt_ns = smooth_rtt_ns ? smooth_rtt_ns + (double(rtt) - smooth_rtt_ns) / 8 : double(rtt);
    if (base_ns == UINT64_MAX) {
        base_ns = rtt;
        return;
    }
    base_ns = std::min(base_ns, rtt);

    const double over = std::max(0.0, double(rtt - base_ns) - message.size * SECOND / rate);
    queue += (over - queue) * 0.3;
    excess[excesses++ % RECENT] = over;
    deviation_ns += (std::min(std::fabs(over - late), 50.0 * MS) - deviation_ns) / 16;
    late = over;

    const uint64_t slack = GRAIN_NS + uint64_t(2 * deviation_ns) + excuse_ns(message);
    const Bounds now_says = bounds(last, now_ns, slack);
    for (size_t i = last + 1 - group; i <= last; i++) {
        messages[i].most = now_says.most;
    }
    double most = 0;
    for (size_t i = last + 1, n = 0; i-- > 0 && n < 3; n++) {
        most = std::max(most, messages[i].most);
    }
    if (undo_rate && now_ns > undo_ns + uint64_t(2 * smooth_rtt_ns) + 300 * MS) {
        undo_rate = 0;
    }
    if (undo_rate && now_says.least > 0.7 * undo_rate) {
        rate = undo_rate;
        fall_ns = undo_fall_ns;
        undo_rate = 0;
    }
    if (now_says.least > rate) {
        set(std::min(now_says.least, 1.5 * rate), now_ns);
    } else if (most < rate && last >= 2) {
        set(most, now_ns);
    }
}

void GlRate::set(double value, uint64_t now_ns)
{
    rate = std::clamp(value, SLOWEST, FASTEST);
    if (rate > peak || now_ns > peak_ns + 500 * MS) {
        peak = rate;
        peak_ns = now_ns;
    } else if (rate < 0.6 * peak) {
        fall_ns = now_ns;
        peak = rate;
        peak_ns = now_ns;
    }
}

void GlRate::other(size_t bytes, uint64_t now_ns)
{
    now_ns = advance(now_ns);
    other_bytes *= std::exp(-double(now_ns - other_at_ns) / OTHER_NS);
    other_bytes += bytes;
    other_at_ns = now_ns;
}

void GlRate::retransmitted(uint64_t total)
{
    again = total;
}

void GlRate::tick(uint64_t now_ns)
{
    now_ns = advance(now_ns);
    other(0, now_ns);

    /* The message whose arrival would be acknowledged next */
    const size_t next = flying + (grouped > 2 ? grouped - 1 : 0);
    if (next >= messages.size() || !messages[next].timed || base_ns == UINT64_MAX) {
        return;
    }
    const uint64_t slack = 15 * MS + uint64_t(4 * deviation_ns) + excuse_ns(messages[next]);
    const double most = bounds(next, now_ns, slack).most;
    if (most < rate / 1.5) {
        if (!undo_rate) {
            undo_rate = rate;
            undo_fall_ns = fall_ns;
        }
        undo_ns = now_ns;
        set(most, now_ns);
    }
}

uint64_t GlRate::limit() const
{
    const uint64_t rtt = base_ns == UINT64_MAX ? 100 * MS : base_ns;
    uint64_t bytes = uint64_t(rate * double(rtt + QUEUE_NS) / SECOND);
    if (grouped > 2 && !messages.empty()) {
        uint64_t all = 0;
        for (const auto &message : messages) {
            all += message.size;
        }
        bytes = std::max(bytes, 2 * grouped * all / messages.size());
    }
    return bytes;
}

bool GlRate::room(uint64_t now_ns) const
{
    return room_at(now_ns) <= now_ns;
}

uint64_t GlRate::room_at(uint64_t now_ns) const
{
    if (!flying_bytes) {
        return now_ns;
    }
    if (flying_bytes <= limit()) {
        return std::max(now_ns, paced_ns);
    }
    if (!groups) {
        /* It may acknowledge many messages at once: without more of them it never would */
        return std::max(now_ns, messages.back().sent_ns + 100 * MS);
    }
    return UINT64_MAX;
}

uint64_t GlRate::bandwidth() const
{
    return uint64_t(rate);
}

uint64_t GlRate::video_rate() const
{
    const double others = other_bytes * SECOND / OTHER_NS;
    double result = std::max(SHARE * rate - others, 0.5 * rate);
    const double threshold = 15 * MS + deviation_ns;
    if (queue > threshold) {
        result *= std::max(0.5, 1 - (queue - threshold) / (100 * MS));
    }
    return uint64_t(result);
}

uint64_t GlRate::pacing_rate() const
{
    return uint64_t(std::max(PACE * rate, 250e3));
}

uint64_t GlRate::rtt_min_ns() const
{
    return base_ns == UINT64_MAX ? 0 : base_ns;
}

uint64_t GlRate::rtt_ns() const
{
    return uint64_t(smooth_rtt_ns);
}

uint64_t GlRate::queue_ns() const
{
    return uint64_t(queue);
}

} // namespace red

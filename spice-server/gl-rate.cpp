/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-rate.hpp"

#include <algorithm>
#include <cmath>

namespace red {

static constexpr double MS = 1e6; /* ns */
static constexpr double SECOND = 1e9;

static constexpr double SLOWEST = 20e3; /* bytes/s */
static constexpr double UNKNOWN_RATE = 125e3;
static constexpr double UNKNOWN_RTT_NS = 100 * MS;
/* The time that smaller messages take does not depend on their size */
static constexpr uint64_t SMALL = 2000;
/* Error caused by clocks, timers and main loops of both sides */
static constexpr double GRAIN_NS = 1 * MS;
/* Messages kept after their arrival: how many, and how long */
static constexpr size_t KEPT = 128;
static constexpr uint64_t KEPT_NS = uint64_t(4000 * MS);
/* A train: how many messages, and how long, at most */
static constexpr size_t TRAIN = 32;
static constexpr uint64_t TRAIN_NS = uint64_t(1000 * MS);
/* Most bytes sent to a client from which nothing has come back yet, however fast its link seems */
static constexpr uint64_t UNHEARD_BYTES = 1024 * 1024;
static constexpr uint64_t UNHEARD_NS = uint64_t(1000 * MS);
/* If we were not called for this long while messages were in flight, we were late ourselves */
static constexpr uint64_t ABSENT_NS = uint64_t(100 * MS);

/* How much faster than the link messages leave the socket. All at once would overflow short queues;
 * at the link's speed, they would never show that it is faster. With jitter that takes a larger
 * factor. */
static constexpr double PACE = 1.5, MOST_PACE = 2.5, PACE_PER_JITTER_MS = 1;
static constexpr double SLOWEST_PACE = 250e3; /* bytes/s */

/* The rate falls when this many large messages agree, or one does not arrive */
static constexpr size_t AGREE = 3;
static constexpr double SLACK_PER_JITTER = 3, ABSENT_SLACK_PER_JITTER = 4;
static constexpr double ABSENT_SLACK_NS = 15 * MS;
static constexpr double MOST_JITTER_NS = 10 * MS; /* more than this is not jitter */

static constexpr double WAITED_NS = 30 * MS; /* a message that waited longer was in a queue */
static constexpr double SUSTAINED_NS = 300 * MS;
static constexpr double CEILING_SHARE = 0.9, CEILING_GROWTH = 1.2; /* per second, exponential */
static constexpr double LEAST_FLOWN = 8e3; /* bytes; TCP starts with ten segments */
/* TCP's window doubles per round trip. In flight is what is sent in one round trip, and a frame. */
static constexpr double FLOWN_GROWTH = 2, FLOWN_FRAME_NS = 20 * MS;
static constexpr uint64_t FLOWN_KEPT_NS = uint64_t(10 * SECOND);

/* After the shortest round trip has changed, messages that were in flight then may make the link
 * look faster */
static constexpr uint64_t SETTLES_NS = uint64_t(1000 * MS);
/* What looks like a longer round trip may have been a queue, of others or our own. So for a moment
 * less is sent: queues drain, and small frames take little more than the round trip. If that does
 * not show a shorter one, it is repeated less and less often. */
static constexpr uint64_t DRAIN_NS = uint64_t(300 * MS);
static constexpr uint64_t DRAIN_MOST_NS = uint64_t(32000 * MS);
static constexpr double DRAIN_SHARE = 0.25;

/* By then the pause after a lost segment is over, and what was sent after it has arrived */
static constexpr double UNDO_ROUNDS = 2.25, UNDO_NS = 200 * MS;

static constexpr uint64_t BEST_NS = uint64_t(5000 * MS);

/* A video's least share, however much other channels send */
static constexpr double LEAST_SHARE = GlRate::SHARE / 3;
static constexpr double OTHERS_NS = 200 * MS;
static constexpr double QUEUE_ALLOWED_NS = 40 * MS, QUEUE_HALVES_NS = 100 * MS;

GlRate::GlRate(uint64_t bytes_per_second, uint64_t rtt_ns):
    rate(std::clamp(bytes_per_second ? double(bytes_per_second) : UNKNOWN_RATE, SLOWEST, FASTEST)),
    base_ns(rtt_ns ? double(rtt_ns) : -1),
    smooth_rtt_ns(double(rtt_ns)),
    jitter_ns(3 * MS),
    flown(LEAST_FLOWN),
    ceiling(FASTEST),
    best(rate)
{
}

/* A clock that jumps back counts as one that stands still */
void GlRate::advance(uint64_t now_ns)
{
    if (now_ns <= now) {
        return;
    }
    if (now_ns - now > ABSENT_NS) {
        for (size_t i = flying; i < messages.size(); i++) {
            messages[i].timed = false;
        }
    }
    now = now_ns;
}

void GlRate::forget()
{
    while (flying > 0 && (flying > KEPT || messages.front().sent_ns + KEPT_NS < now)) {
        messages.pop_front();
        flying--;
    }
}

void GlRate::sent(uint64_t number, size_t size, uint64_t now_ns)
{
    advance(now_ns);
    if (number <= last_number) {
        return;
    }
    last_number = number;
    flying_bytes += size;
    if (drain_ns != UINT64_MAX && now >= drain_ns + DRAIN_NS) {
        drain_wait_ns = std::min(2 * drain_wait_ns, DRAIN_MOST_NS);
        drain_ns = now + drain_wait_ns;
    }
    const double ahead = double(through_ns - std::min(through_ns, now)) * rate / SECOND;
    messages.push_back({ number, size, now, flying_bytes, ahead, others, again, true, 0, 0, 0 });
    paced_ns = std::max(paced_ns, now) + uint64_t(double(size) * SECOND / double(pacing_rate()));
    through_ns = std::max(through_ns, now) + uint64_t(double(size) * SECOND / rate);
}

void GlRate::arrived(uint64_t number, uint64_t now_ns)
{
    advance(now_ns);
    size_t group = 0;
    while (flying < messages.size() && messages[flying].number <= number) {
        flying_bytes -= messages[flying].size;
        messages[flying].arrived_ns = now;
        flying++;
        group++;
    }
    if (!group) {
        return;
    }
    if (messages[flying - 1].timed) {
        measure(flying - 1, group);
    }
    group_sizes[groups++ % GROUPS] = group;
    grouped = *std::min_element(group_sizes, group_sizes + std::min(groups, GROUPS));
    last_arrival_ns = now;
    forget();
}

/* Bounds by the trains that end with message LAST, if it arrives now. Up to SLACK_NS of the time
 * may have other causes. */
GlRate::Bounds GlRate::bounds(size_t last, double slack_ns) const
{
    const double unsure_ns = drain_ns == UINT64_MAX ? 0 : GRAIN_NS;
    Bounds result = { 0, 0 };
    uint64_t bytes = 0;
    for (size_t i = last + 1, n = 0; i-- > 0 && n < TRAIN; n++) {
        const Message &first = messages[i];
        if (!first.timed || (i != last && first.sent_ns + TRAIN_NS < messages[last].sent_ns)) {
            break;
        }
        bytes += first.size;
        const double took_ns = double(now - first.sent_ns) - base_ns;
        /* Bytes of other channels in between had to use the same link */
        const double all = double(bytes + messages[last].others - first.others) * SECOND;
        result.least = std::max(result.least, all / std::max(took_ns + unsure_ns, GRAIN_NS));
        if (bytes >= SMALL) {
            result.most = std::max(result.most,
                                   took_ns > slack_ns ? all / (took_ns - slack_ns) : FASTEST);
        }
        if (idle_before(i)) {
            break; /* before that, the link may have been another one */
        }
    }
    if (bytes < SMALL) {
        result.most = FASTEST;
    }
    return result;
}

/* Was the link idle when the message came to it? */
bool GlRate::idle_before(size_t index) const
{
    return index == 0 || (index <= flying && double(messages[index - 1].arrived_ns) <=
                                                 double(messages[index].sent_ns) + base_ns);
}

/* A retransmission takes a round trip, and messages behind it wait */
double GlRate::excuse_ns(const Message &message) const
{
    return message.again == again ? 0 : 1.5 * base_ns + 10 * MS;
}

void GlRate::measure(size_t last, size_t group)
{
    Message &message = messages[last];
    message.rtt_ns = double(now - message.sent_ns);
    smooth_rtt_ns += (message.rtt_ns - smooth_rtt_ns) / (smooth_rtt_ns > 0 ? 8 : 1);
    if (base_ns < 0) {
        base_ns = message.rtt_ns; /* the shortest one may well be less */
        drain_wait_ns = DRAIN_FIRST_NS;
        drain_ns = now + drain_wait_ns;
    }
    if (message.rtt_ns < base_ns) {
        if (base_ns - message.rtt_ns > GRAIN_NS) {
            base_changed_ns = now;
        }
        base_ns = message.rtt_ns;
        if (first_base_ns > 0) {
            base_ns = std::max(base_ns - double(message.size) * SECOND / rate, first_base_ns);
            if (base_ns < first_base_ns + GRAIN_NS) {
                base_ns = first_base_ns;
                first_base_ns = 0;
                drain_ns = UINT64_MAX;
            }
        }
    }
    learn_longer_way();

    const double own_ns = double(message.size) * SECOND / rate;
    const double over_ns = std::max(0.0, message.rtt_ns - base_ns - own_ns);
    queue += (over_ns - queue) * 0.3;
    learn_longer_way_alone(message, over_ns);
    learn_sustained(last, group, over_ns);
    if (group == 1) {
        learn_jitter(message);
    }

    const double slack_ns = GRAIN_NS + SLACK_PER_JITTER * jitter_ns + excuse_ns(message);
    const Bounds told = bounds(last, slack_ns);
    for (size_t i = last + 1 - group; i <= last; i++) {
        messages[i].most = told.most;
    }
    double most = 0;
    size_t agree = 0;
    for (size_t i = last + 1; i-- > 0 && agree < AGREE;) {
        if (messages[i].size >= SMALL) {
            most = std::max(most, messages[i].most);
            agree++;
        }
    }

    if (undo_rate > 0 && told.least > 0.7 * undo_rate) {
        rate = std::max(rate, undo_rate);
        fall_ns = undo_fall_ns;
        undo_rate = 0;
    } else if (told.least > rate) {
        double least = std::min(told.least, 1.5 * rate);
        if (base_changed_ns && now - base_changed_ns < SETTLES_NS) {
            least = std::min(least, std::max({ rate, best, best_before }));
        }
        set_rate(least);
    } else if (agree == AGREE && most < rate) {
        set_rate(most);
    }
    if (undo_rate > 0 && double(now - undo_ns) > UNDO_ROUNDS * base_ns + UNDO_NS) {
        undo_rate = 0;
    }
}

void GlRate::learn_jitter(const Message &message)
{
    if (message.size < SMALL || message.again != again) {
        return;
    }
    const double begin_ns = std::max(double(message.sent_ns) + base_ns, double(last_arrival_ns));
    const double took_ns = double(now) - begin_ns, size = double(message.size);
    const double differs_ns = took_ns - served_ns - (size - served_size) * SECOND / rate;
    if (served_size > 0) {
        jitter_ns += (std::min(std::fabs(differs_ns), MOST_JITTER_NS) - jitter_ns) / 16;
    }
    served_ns = took_ns;
    served_size = size;
}

/* The link is faster than TCP while TCP's window is small, at the start and after losses: short
 * messages arrive at once, and long ones take many round trips. So more is sent only as more has
 * got through. */
void GlRate::learn_sustained(size_t last, size_t group, double over_ns)
{
    const Message &message = messages[last];
    const double waited_ns = WAITED_NS + 2 * jitter_ns;

    if (over_ns < waited_ns && double(message.together) > flown) {
        flown = double(message.together);
        flown_ns = now;
    } else if (now - flown_ns > FLOWN_KEPT_NS) {
        flown = std::max(flown / 2, LEAST_FLOWN);
        flown_ns = now;
    }

    if (over_ns < waited_ns) {
        waiting_ns = 0;
        return;
    }
    if (!waiting_ns) {
        waiting_ns = std::max(last_arrival_ns, message.sent_ns + uint64_t(base_ns));
        waiting_bytes = 0;
    }
    for (size_t i = last + 1 - group; i <= last; i++) {
        waiting_bytes += double(messages[i].size);
    }
    const double took_ns = double(now - waiting_ns);
    if (took_ns > SUSTAINED_NS + base_ns) {
        ceiling = std::max(CEILING_SHARE * waiting_bytes * SECOND / took_ns, SLOWEST);
        ceiling_ns = now;
    }
}

void GlRate::set_rate(double value)
{
    if (now - best_ns > BEST_NS) {
        best_before = best;
        best = rate;
        best_ns = now;
    }
    rate = std::clamp(value, SLOWEST, FASTEST);
    best = std::max(best, rate);
    if (rate > peak || now - peak_ns > uint64_t(500 * MS)) {
        peak = rate;
        peak_ns = now;
    } else if (rate < 0.6 * peak) {
        fall_ns = now;
        peak = rate;
        peak_ns = now;
    }
}

void GlRate::other(size_t bytes, uint64_t now_ns)
{
    advance(now_ns);
    others_recent *= std::exp(-double(now - others_ns) / OTHERS_NS);
    others_recent += double(bytes);
    others_ns = now;
    others += bytes;
}

/* Index of the message whose arrival the client will report next */
size_t GlRate::next_acknowledged() const
{
    return flying + (grouped > 2 ? grouped - 1 : 0);
}

void GlRate::tick(uint64_t now_ns)
{
    advance(now_ns);
    other(0, now);

    const size_t next = next_acknowledged();
    if (!groups || next >= messages.size() || !messages[next].timed || base_ns < 0) {
        return;
    }
    const double slack_ns = ABSENT_SLACK_NS + ABSENT_SLACK_PER_JITTER * jitter_ns +
                            excuse_ns(messages[next]);
    const double most = bounds(next, slack_ns).most;
    if (most < rate / 1.5) {
        if (!(undo_rate > 0)) {
            undo_rate = rate;
            undo_fall_ns = fall_ns;
            undo_ns = now;
        }
        set_rate(most);
    }
}

uint64_t GlRate::room_at(uint64_t now_ns) const
{
    if (flying == messages.size()) {
        return now_ns;
    }
    const double way_ns = base_ns < 0 ? UNKNOWN_RTT_NS : base_ns;
    const size_t count = messages.size() - flying;
    if (!groups || (grouped > 2 && count < 2 * grouped)) {
        /* The client may acknowledge several messages at a time, and not before it has as many.
         * Those that should have arrived do not count. */
        const uint64_t at = std::max(paced_ns, through_ns - std::min(through_ns, QUEUE_NS));
        if (groups || (count < TRAIN && flying_bytes < UNHEARD_BYTES)) {
            return std::max(now_ns, at);
        }
        /* It may acknowledge even more at a time, or nothing may ever come back */
        const uint64_t sent_ns = messages.back().sent_ns;
        const uint64_t wait_ns = flying_bytes < UNHEARD_BYTES ? uint64_t(100 * MS) :
            std::max(UNHEARD_NS, sent_ns - messages[flying].sent_ns);
        return std::max(now_ns, std::max(at, sent_ns + wait_ns));
    }

    /* What is late is already waiting in a queue */
    double allowed_ns = way_ns + double(QUEUE_NS);
    const Message &next = messages[std::min(next_acknowledged(), messages.size() - 1)];
    const double due_ns = double(next.sent_ns) + way_ns + double(next.size) * SECOND / rate;
    const double late_ns = double(std::max(now, now_ns)) - due_ns - GRAIN_NS - 2 * jitter_ns;
    allowed_ns = std::max(0.0, allowed_ns - 1.5 * std::max(0.0, late_ns));
    if (double(flying_bytes) * SECOND <= rate * allowed_ns) {
        return std::max(now_ns, paced_ns);
    }
    return UINT64_MAX;
}

uint64_t GlRate::bandwidth() const
{
    return uint64_t(rate);
}

double GlRate::sustained() const
{
    const double round_ns = (base_ns < 0 ? UNKNOWN_RTT_NS : base_ns) + FLOWN_FRAME_NS;
    const double grown = ceiling * std::exp(CEILING_GROWTH * double(now - ceiling_ns) / SECOND);
    return std::min(grown, FLOWN_GROWTH * flown * SECOND / round_ns);
}

uint64_t GlRate::share() const
{
    const double others_rate = others_recent * SECOND / OTHERS_NS;
    const double fast = std::clamp((rate - FAST_FROM) / (FAST - FAST_FROM), 0.0, 1.0);
    const double all = (SHARE - fast * (SHARE - FAST_SHARE)) * rate;
    return uint64_t(std::max(all - others_rate, LEAST_SHARE * rate));
}

uint64_t GlRate::video_rate() const
{
    double result = std::min(double(share()), sustained());
    const double waits_ns = queue - QUEUE_ALLOWED_NS - jitter_ns;
    if (waits_ns > 0) {
        result *= std::max(0.5, 1 - 0.5 * waits_ns / QUEUE_HALVES_NS);
    }
    if (now >= drain_ns && now < drain_ns + DRAIN_NS) {
        result *= DRAIN_SHARE;
    }
    return uint64_t(std::max(result, 0.5 * SLOWEST));
}

uint64_t GlRate::pacing_rate() const
{
    const double pace = std::min(PACE + PACE_PER_JITTER_MS * jitter_ns / MS, MOST_PACE);
    return uint64_t(std::max(pace * rate, SLOWEST_PACE));
}

uint64_t GlRate::rtt_min_ns() const
{
    return uint64_t(std::max(base_ns, 0.0));
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

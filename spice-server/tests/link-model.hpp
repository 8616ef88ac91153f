/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * A link with TCP connections over it, in steps of 1 ms: what rate control is tried on. Bytes flow, segments are not told apart; a loss is a pause
 * of all that comes behind it until it has been sent again.
 */
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace link_model {

constexpr uint64_t MS = 1000000;
constexpr double SECOND = 1e9;        /* ns */
constexpr double MBIT = 1e6 / 8;      /* bytes/s */
constexpr uint64_t STEP_NS = 1 * MS;
constexpr double SEGMENT = 1448;      /* bytes */

enum class Tcp { RENO, CUBIC, BBR };

struct Spec {
    double rate;                      /* bytes/s */
    double delay_ms, jitter_ms;       /* each way; the way back has a third of the jitter */
    double queue;                     /* bytes; packets that do not fit are dropped */
    double loss = 0;                  /* of segments */
    struct Change {
        double from_ms, rate;
    };
    std::vector<Change> changes = {};
    double slow_start_rate() const;   /* what 250 kB in slow start would show, bytes/s */
};

class Random
{
public:
    explicit Random(uint64_t seed): state(seed * 2654435761u + 88172645463325252u)
    {
        for (int i = 0; i < 8; i++) {
            uniform();
        }
    }
    double uniform() /* [0, 1) */
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return double(state >> 11) / 9007199254740992.0;
    }
    double uniform(double from, double to) { return from + (to - from) * uniform(); }
    double normal()
    {
        double sum = 0;
        for (int i = 0; i < 12; i++) {
            sum += uniform();
        }
        return sum - 6;
    }

private:
    uint64_t state;
};

inline double Spec::slow_start_rate() const
{
    double window = 10 * SEGMENT, left = 250e3, took = 0;
    while (left > 0) {
        const double now = std::min(window, left);
        left -= now;
        took += left > 0 ? std::max(now / rate, 2e-3 * delay_ms) : now / rate;
        window *= 2;
    }
    return 250e3 / took;
}

class Network;

/* One TCP connection, from the server's side */
class Connection
{
public:
    explicit Connection(Tcp tcp): tcp(tcp) {}

    void send(uint64_t number, double bytes)
    {
        if (unsent <= 0) {
            limited_until = acked + flying + 1; /* until then the application is slow */
        }
        unsent += bytes;
        written += bytes;
        messages.push_back({ written, number });
    }

    std::function<void(uint64_t number, uint64_t now)> received; /* at the client */
    double max_pacing = 1e12;                                    /* bytes/s */
    bool endless = false;                                        /* always has something to send */
    uint64_t retransmits = 0;
    double delivered = 0; /* bytes, at the client */
    void stop() { unsent = 0; } /* drops what has not been sent yet */

private:
    friend class Network;
    struct Chunk {
        uint64_t at;
        double bytes;
        uint64_t sent_at;
        double acked_before;
        uint64_t acked_at;
        bool idle; /* the application had nothing more to send */
    };
    struct Message {
        double end;
        uint64_t number;
    };

    void take_acks(uint64_t now, uint64_t rtt)
    {
        while (!acks.empty() && acks.front().at <= now) {
            const Chunk chunk = acks.front();
            acks.pop_front();
            flying -= chunk.bytes;
            acked += chunk.bytes;
            acked_at = now;
            const bool limited = flying + chunk.bytes > 0.5 * window;
            switch (tcp) {
            case Tcp::RENO:
                if (limited) {
                    window += window < threshold ? chunk.bytes : SEGMENT * chunk.bytes / window;
                }
                break;
            case Tcp::CUBIC:
                if (window < threshold) {
                    window += limited ? chunk.bytes : 0;
                } else if (limited) {
                    const double t = double(now - lost_at) / SECOND, most = window_lost / SEGMENT;
                    const double cubic = 0.4 * std::pow(t - std::cbrt(most * 0.3 / 0.4), 3) + most;
                    const double reno = 0.7 * most + 0.53 * t / (double(rtt) / SECOND);
                    const double segments = std::max(cubic, reno);
                    window = std::max(window, std::min(SEGMENT * segments, 1.5 * window));
                }
                break;
            case Tcp::BBR:
                bbr(chunk, now);
                break;
            }
        }
        for (; !losses.empty() && losses.front() <= now; losses.pop_front()) {
            retransmits++;
        }
    }

    /* Version 1: how fast it was at best in 10 round trips, and the shortest round trip of 10 s */
    void bbr(const Chunk &chunk, uint64_t now)
    {
        const uint64_t took = now - chunk.sent_at;
        const bool expired = now > shortest_at + uint64_t(10 * SECOND);
        if (took <= shortest || expired) {
            if (expired && took > shortest) {
                probe_until = now + 200 * MS;
            }
            shortest = took;
            shortest_at = now;
        }
        const double speed = (acked - chunk.acked_before) * SECOND /
                             double(std::max(now - chunk.acked_at, uint64_t(1)));
        const bool round = chunk.sent_at >= round_at;
        if (chunk.idle && speed < fastest) {
            /* not the link's doing */
        } else if (round) {
            round_at = now;
            for (int i = 9; i > 0; i--) {
                best[i] = best[i - 1];
            }
            best[0] = 0;
            cycle = (cycle + 1) % 8;
        }
        if (!chunk.idle || speed >= fastest) {
            best[0] = std::max(best[0], speed);
        }
        fastest = *std::max_element(best, best + 10);
        if (round && starting && !chunk.idle) {
            if (fastest > 1.25 * full) {
                full = fastest;
                full_rounds = 0;
            } else if (++full_rounds >= 3) {
                starting = false;
            }
        }
        static constexpr double gains[8] = { 1.25, 0.75, 1, 1, 1, 1, 1, 1 };
        pacing = starting ? std::max(2.89 * fastest, first_pacing) : fastest * gains[cycle];
        const double carried = fastest * double(shortest) / SECOND;
        window = std::max(first_window(), (starting ? 2.89 : 2) * carried + 3 * SEGMENT);
        if (now < probe_until) {
            window = 4 * SEGMENT;
        }
    }
    static double first_window() { return 10 * SEGMENT; }

    double offers(uint64_t now, uint64_t rtt)
    {
        if (endless) {
            unsent = 1e9;
        }
        if (tcp != Tcp::BBR && unsent > 0 && flying <= 0 && sent_at &&
            now - sent_at > rtt + 200 * MS) {
            window = std::min(window, first_window()); /* slow start after idle */
        }
        credit = std::min(credit + std::min(max_pacing, pacing) * double(STEP_NS) / SECOND,
                          std::max(2 * SEGMENT,
                                   std::min(max_pacing, pacing) * double(STEP_NS) / SECOND));
        const double bytes = std::max(0.0, std::min({ unsent, window - flying, credit }));
        idle = acked < limited_until;
        if (tcp == Tcp::BBR && pacing > 1e11) {
            pacing = first_pacing = 2.89 * window * SECOND / double(rtt);
        }
        return bytes;
    }

    void queued(double bytes, uint64_t now)
    {
        if (flying <= 0) {
            acked_at = now;
        }
        unsent -= bytes;
        flying += bytes;
        credit -= bytes;
        sent_at = now;
    }

    void lost(uint64_t now, uint64_t rtt, bool dropped, double wait_ns)
    {
        const double again_ns = double(rtt) * (dropped ? 1 : 1.25) + wait_ns;
        blocked_until = std::max(blocked_until, now + uint64_t(again_ns));
        losses.push_back(now + rtt);
        if (tcp != Tcp::BBR && now > lost_at + rtt) {
            window_lost = window;
            window = threshold = std::max(window * (tcp == Tcp::RENO ? 0.5 : 0.7), 2 * SEGMENT);
            lost_at = now;
        }
    }

    void take_arrivals(uint64_t now, uint64_t delay)
    {
        while (!pipe.empty() && pipe.front().at <= now) {
            Chunk chunk = pipe.front();
            pipe.pop_front();
            delivered += chunk.bytes;
            const uint64_t at = chunk.at;
            chunk.at += delay;
            acks.push_back(chunk);
            while (!messages.empty() && messages.front().end <= delivered + 0.5) {
                const uint64_t number = messages.front().number;
                messages.pop_front();
                if (received) {
                    received(number, at);
                }
            }
        }
    }

    const Tcp tcp;
    double window = first_window(), threshold = 1e12, window_lost = 0, pacing = 1e12, credit = 0;
    double unsent = 0, flying = 0, written = 0, acked = 0;
    uint64_t lost_at = 0, sent_at = 0, blocked_until = 0, last_at = 0, acked_at = 0;
    std::deque<Chunk> pipe, acks;
    std::deque<Message> messages;
    std::deque<uint64_t> losses;
    /* BBR */
    uint64_t shortest = UINT64_MAX, shortest_at = 0, probe_until = 0, round_at = 0;
    double best[10] = {}, fastest = 0, full = 0;
    int cycle = 2, full_rounds = 0;
    double limited_until = 0, first_pacing = 0;
    bool starting = true, idle = true;
};

class Network
{
public:
    Network(const Spec &spec, uint64_t seed): spec(spec), random(seed) {}

    void add(Connection *connection) { connections.push_back(connection); }

    double rate(uint64_t now) const
    {
        double result = spec.rate;
        for (const auto &change : spec.changes) {
            if (now >= uint64_t(change.from_ms * MS)) {
                result = change.rate;
            }
        }
        return result;
    }

    void step(uint64_t now)
    {
        const uint64_t delay = uint64_t(spec.delay_ms * MS), rtt = std::max(2 * delay, MS);
        const double speed = rate(now);
        for (auto connection : connections) {
            connection->take_acks(now, rtt);
        }
        fill(now, rtt, speed);
        drain(now, delay, speed);
        for (auto connection : connections) {
            connection->take_arrivals(now, delay);
        }
        longest_queue_ms = std::max(longest_queue_ms, queue_ms(now));
    }
    double queue_ms(uint64_t now) const { return 1e3 * queued / rate(now); }

    double longest_queue_ms = 0, dropped = 0;
    Spec spec;
    Random random;

private:
    struct Piece {
        Connection *connection;
        double bytes;
        uint64_t sent_at;
        double acked_before;
        uint64_t acked_at;
        bool idle;
    };

    /* In turns, so that no sender is always the first */
    void fill(uint64_t now, uint64_t rtt, double speed)
    {
        turn++;
        for (size_t i = 0; i < connections.size(); i++) {
            Connection *connection = connections[(i + turn) % connections.size()];
            double bytes = connection->offers(now, rtt);
            if (bytes <= 0) {
                continue;
            }
            if (queued + bytes > spec.queue) {
                const double fits = std::max(0.0, spec.queue - queued);
                dropped += bytes - fits;
                bytes = fits;
                connection->lost(now, rtt, true, std::min(queued / speed, 1.0) * SECOND);
            } else if (spec.loss > 0 &&
                       random.uniform() < 1 - std::pow(1 - spec.loss, bytes / SEGMENT)) {
                connection->lost(now, rtt, false, 0);
            }
            if (bytes > 0) {
                connection->queued(bytes, now);
                queue.push_back({ connection, bytes, now, connection->acked, connection->acked_at,
                                  connection->idle });
                queued += bytes;
            }
        }
    }

    void drain(uint64_t now, uint64_t delay, double speed)
    {
        const double all = speed * double(STEP_NS) / SECOND;
        double left = all;
        while (left > 0 && !queue.empty()) {
            Piece &piece = queue.front();
            Connection *to = piece.connection;
            const double bytes = std::min(left, piece.bytes);
            const uint64_t gone = now + uint64_t(double(STEP_NS) * (1 - (left - bytes) / all));
            uint64_t at = gone + delay + uint64_t(random.uniform() * spec.jitter_ms * MS);
            at = std::max(at, to->last_at);
            if (to->blocked_until > now) {
                at = std::max(at, to->blocked_until + delay);
            }
            to->last_at = at;
            to->pipe.push_back({ at, bytes, piece.sent_at, piece.acked_before, piece.acked_at,
                                 piece.idle });
            left -= bytes;
            queued -= bytes;
            piece.bytes -= bytes;
            if (piece.bytes <= 0) {
                queue.pop_front();
            }
        }
        if (queue.empty()) {
            queued = 0;
        }
    }

    std::vector<Connection *> connections;
    std::deque<Piece> queue;
    double queued = 0;
    size_t turn = 0;
};

} // namespace link_model

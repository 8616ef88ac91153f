/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* For tests of rate control: networks with senders, and a line by which single messages go. */
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gl-rate.hpp"
#include "link-sender.hpp"

namespace link_model {

using red::GlRate;

inline constexpr Tcp ALL_TCP[] = { Tcp::RENO, Tcp::CUBIC, Tcp::BBR };
inline constexpr const char *TCP_NAMES[] = { "reno", "cubic", "bbr" };

inline const char *name(Tcp tcp) { return TCP_NAMES[int(tcp)]; }

/* A network and its senders */
class World
{
public:
    explicit World(const Spec &spec, uint64_t seed = 1): network(spec, seed) {}

    Sender &add(Tcp tcp, const Video &video = Video(), const Client &client = Client(),
                bool know_losses = true, double start_rate = -1)
    {
        senders.push_back(std::make_unique<Sender>(network, tcp, video, client, know_losses,
                                                   start_rate));
        return *senders.back();
    }

    template <typename EachStep> void run(double until_ms, EachStep each_step)
    {
        for (; now < uint64_t(until_ms * MS); now += STEP_NS) {
            each_step();
            for (auto &sender : senders) {
                sender->step(now);
            }
            network.step(now);
        }
    }
    void run(double until_ms)
    {
        run(until_ms, [] {});
    }

    Result judge(const Sender &sender, double from_ms, double to_ms) const
    {
        return link_model::judge(sender, network, from_ms, to_ms);
    }

    Network network;
    std::vector<std::unique_ptr<Sender>> senders;
    uint64_t now = STEP_NS;
};

/* A line of one rate and way, without TCP on it, and its messages */
class Line
{
public:
    Line(double mbit, double way_ms, uint64_t start_rate, uint64_t start_rtt):
        bytes_per_second(mbit * MBIT), way_ms(way_ms), rate(start_rate, start_rtt)
    {
    }

    void send(size_t size)
    {
        rate.sent(++number, size, now);
        free_at = std::max(free_at, now) + uint64_t(double(size) * SECOND / bytes_per_second);
        arrivals.push_back({ free_at + uint64_t(way_ms * MS), number });
    }

    /* Runs for MS_ milliseconds, with ticks and arrivals */
    void wait(double ms, bool ticks = true)
    {
        for (const uint64_t until = now + uint64_t(ms * MS); now < until;) {
            now += MS / 10;
            while (!arrivals.empty() && arrivals.front().first <= now) {
                rate.arrived(arrivals.front().second, now);
                arrivals.pop_front();
            }
            if (ticks && now % (5 * MS) == 0) {
                rate.tick(now);
            }
        }
    }

    /* Sends a frame every 16 ms, of the size that the budget allows, or of SIZE bytes */
    void video(int frames, size_t size = 0)
    {
        for (int i = 0; i < frames; i++) {
            send(size ? size : size_t(double(rate.video_rate()) * 0.016));
            wait(16);
        }
    }

    double bytes_per_second, way_ms;
    GlRate rate;
    uint64_t now = 1000 * MS, number = 0, free_at = 0;
    std::deque<std::pair<uint64_t, uint64_t>> arrivals;
};

inline double mbit(uint64_t rate)
{
    return double(rate) / MBIT;
}

} // namespace link_model

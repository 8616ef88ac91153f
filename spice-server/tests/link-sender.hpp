/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A sender of video under rate control on the network of link-model.hpp, and what arrived. */
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "gl-rate.hpp"
#include "link-model.hpp"

namespace link_model {

/* How a client acknowledges */
struct Client {
    unsigned each = 1;        /* messages */
    double delay_ms = 0;      /* late by this time */
    double handling_ms = 0;   /* of a message, one after another, before it is acknowledged */
};

struct Video {
    double fps = 60;
    double need = 1e12;       /* bytes/s that the best quality takes */
    double smallest = 4000;   /* bytes of a frame at the worst */
    double spread = 0.25;     /* of frames' sizes, standard deviation */
    unsigned small_each = 0;  /* after this many frames a small message follows at once; 0: never */
};

/* A display channel: frames of a video, as large as the rate control says */
class Sender
{
public:
    Sender(Network &network, Tcp tcp, const Video &video, const Client &client, bool know_losses,
           double start_rate = -1):
        video(video),
        connection(tcp),
        rate(uint64_t(start_rate < 0 ? network.spec.slow_start_rate() : start_rate),
             uint64_t(2 * network.spec.delay_ms * MS)),
        network(network),
        client(client),
        know_losses(know_losses)
    {
        network.add(&connection);
        connection.received = [this](uint64_t number, uint64_t now) { received(number, now); };
    }
    Sender(const Sender &) = delete;
    Sender &operator=(const Sender &) = delete;

    void step(uint64_t now)
    {
        for (; !acks.empty() && acks.front().at <= now; acks.pop_front()) {
            rate.arrived(acks.front().number, now);
        }
        if (know_losses) {
            rate.retransmitted(connection.retransmits);
        }
        if (now / (5 * MS) != (now - STEP_NS) / (5 * MS)) {
            rate.tick(now);
        }
        if (double(now) >= next_frame) {
            born = now;
            waiting = true;
            next_frame += SECOND / video.fps;
        }
        const double allowed = std::min(double(rate.video_rate()), video.need);
        const double fps = std::clamp(allowed / video.smallest, 8.0, video.fps);
        if (waiting && !paused && double(now) >= due && rate.room(now)) {
            /* At full speed it is the guest's clock that counts */
            due = fps < video.fps ? std::max(due + SECOND / fps, double(now)) : double(now);
            const double size = allowed / fps *
                                std::exp(video.spread * network.random.normal() - 0.03);
            send(now, std::max(size, 600.0));
            if (video.small_each && number % video.small_each == 0) {
                send_small(now);
            }
        }
        connection.max_pacing = double(rate.pacing_rate());
    }

    struct Shown {
        uint64_t born, at;
        double bytes;
    };
    std::vector<Shown> shown;
    Video video;
    bool paused = false;
    Connection connection;
    red::GlRate rate;
    double sent_bytes = 0;
    double fullest = 0; /* the most that may be in flight before a frame */

private:
    struct Ack {
        uint64_t at, number;
    };

    void send(uint64_t now, double size)
    {
        waiting = false;
        size = std::floor(size);
        sent_bytes += size;
        births.push_back({ born, 0, size });
        fullest = std::max(fullest, double(rate.in_flight()) * SECOND /
                                        (double(rate.bandwidth()) *
                                         double(rate.rtt_min_ns() + red::GlRate::QUEUE_NS)));
        rate.sent(++number, size_t(size), now);
        connection.send(number, size);
    }

    /* A ping, or an image of little */
    void send_small(uint64_t now)
    {
        constexpr double SIZE = 100;

        sent_bytes += SIZE;
        births.push_back({ 0, 0, SIZE });
        rate.sent(++number, size_t(SIZE), now);
        connection.send(number, SIZE);
    }

    void received(uint64_t which, uint64_t now)
    {
        Shown frame = births.front();
        births.pop_front();
        if (frame.born) {
            frame.at = now;
            shown.push_back(frame);
        }
        if (which % client.each) {
            return;
        }
        handled_at = std::max(handled_at, now) + uint64_t(client.handling_ms * MS);
        const double way_ms = network.spec.delay_ms + client.delay_ms +
                              network.random.uniform() * network.spec.jitter_ms * 0.3;
        const uint64_t at = std::max(handled_at + uint64_t(way_ms * MS),
                                     acks.empty() ? 0 : acks.back().at);
        acks.push_back({ at, which });
    }

    Network &network;
    const Client client;
    const bool know_losses;
    std::deque<Ack> acks;
    std::deque<Shown> births;
    double next_frame = 0, due = 0;
    uint64_t born = 0, number = 0, handled_at = 0;
    bool waiting = false;
};

struct Result {
    double fps, p50_ms, p99_ms; /* latency beyond the link's delay, from a frame's birth */
    double use;                 /* of the link, or of what the video needs */
    double gap_ms;              /* longest time without a frame */
};

/* Of what was shown in [FROM_MS, TO_MS) */
inline Result judge(const Sender &sender, const Network &network, double from_ms, double to_ms)
{
    std::vector<double> latency;
    double bytes = 0, gap = 0, last = from_ms;
    for (const auto &frame : sender.shown) {
        const double at = double(frame.at) / MS;
        if (at >= from_ms && at < to_ms) {
            latency.push_back(double(frame.at - frame.born) / MS - network.spec.delay_ms);
            bytes += frame.bytes;
            gap = std::max(gap, at - last);
            last = at;
        }
    }
    gap = std::max(gap, to_ms - last);
    double could = 0;
    for (double t = from_ms; t < to_ms; t++) {
        could += std::min(network.rate(uint64_t(t * MS)), sender.video.need) / 1e3;
    }
    std::sort(latency.begin(), latency.end());
    const size_t n = latency.size();
    return { double(n) * 1e3 / (to_ms - from_ms), n ? latency[n / 2] : 1e9,
             n ? latency[std::min(n - 1, n * 99 / 100)] : 1e9, bytes / could, gap };
}

} // namespace link_model

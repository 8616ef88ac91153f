/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a link: a queue, a line that sends one packet after another, and a delay. Time is
 * always an argument, in nanoseconds: nothing here waits.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <vector>

struct Conditions {
    double rate = 0;       /* bits per second; 0: no limit */
    int64_t delay = 0;     /* delay of every packet after it has been sent, ns */
    /* Additional delay of up to this many ns, chosen at random again after as many ns: packets that
     * follow each other closely are late together, as behind a busy access point. They keep their order. */
    int64_t jitter = 0;
    size_t queue = 1000000; /* bytes that may wait; a packet for which there is no room is dropped */
    double loss = 0;       /* the probability that a packet is lost on its way */
};

struct Packet {
    std::vector<uint8_t> data;
    size_t bytes = 0;      /* on the line; more than data has where headers are repeated */
};

class Way
{
public:
    struct Counters {
        uint64_t packets = 0, bytes = 0; /* that have arrived at the other end */
        uint64_t dropped = 0;            /* packets that found the queue full */
        uint64_t lost = 0;               /* packets lost on their way */
        size_t queued = 0;               /* bytes that wait now */
        size_t queue_max = 0;            /* the most since the last call */
    };

    explicit Way(const Conditions &conditions, uint32_t seed = 1);

    const Conditions &conditions() const { return now_valid; }
    /* What waits or is being sent goes on at the new rate */
    void change(const Conditions &conditions, int64_t now);
    /* Sends a packet. Calls must be in order of AT. */
    void arrive(Packet packet, int64_t at);
    /* The time before which nothing can be taken; no value: nothing can be taken at all */
    std::optional<int64_t> next() const;
    /* The next packet that has arrived by NOW, and when it did */
    std::optional<Packet> take(int64_t now, int64_t *due);
    Counters counters(int64_t now);

private:
    struct Waiting {
        Packet packet;
        int64_t start, finish;           /* of being sent */
    };
    struct Flying {
        Packet packet;
        int64_t due;
    };

    int64_t time_to_send(double bytes) const;
    int64_t jitter_at(int64_t time);
    void advance(int64_t now);

    Conditions now_valid;
    std::deque<Waiting> waiting;
    std::deque<Flying> flying;
    size_t queued = 0;
    int64_t free_at = INT64_MIN;         /* when the line has sent all that waits */
    int64_t last_due = INT64_MIN;
    int64_t jitter = 0, jitter_until = INT64_MIN;
    Counters count;
    std::mt19937 random;
};

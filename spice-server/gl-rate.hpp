/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast a remote client's link is, and how much may be on its way to it.
 *
 * All it knows is when each message was handed to the socket and when the client said that it had
 * arrived. What a message took beyond the shortest round trip, the link spent on it and on those
 * right before it. So a train of messages, from K to the one that has just arrived, says that the
 * link carries at least
 *
 *     bytes of the train / (arrival of the last - sending of the first - shortest round trip)
 *
 * whatever the link did while it had nothing to do; the train that says most is the one for which
 * the link was always busy, and then it says what the link carries. Jitter makes it say less, never
 * more: the same trains without the jitter that has been seen give the upper bound. The estimate
 * moves only when it is not between the two, so neither jitter nor a video that needs little pulls
 * it down, and nothing has to be probed.
 *
 * No sockets, no spice types. Times are monotonic, in ns; sizes in bytes; rates in bytes/s.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace red {

class GlRate
{
public:
    /* Of what the link carries, a video is given this much: the rest drains queues */
    static constexpr double SHARE = 0.9;
    /* Beyond what is on its way in the shortest round trip. Less would stop the video for frames
     * that are larger than others. */
    static constexpr uint64_t QUEUE_NS = 40000000;
    /* Messages leave the socket that much faster than the link takes them: a whole frame at once
     * overflows short queues, one that is paced exactly never shows a faster link */
    static constexpr double PACE = 1.5;

    /* BYTES_PER_SECOND: what is known of the link, 0: nothing. RTT_NS: a round trip, 0: unknown. */
    GlRate(uint64_t bytes_per_second, uint64_t rtt_ns);

    /* Message NUMBER (they increase, from 1) of SIZE bytes is handed to the socket */
    void sent(uint64_t number, size_t size, uint64_t now_ns);
    /* All messages up to NUMBER have arrived at the client. Any number will do: what was never
     * sent, or has arrived before, is ignored. */
    void arrived(uint64_t number, uint64_t now_ns);
    /* Bytes sent to the same client by other channels, which share the link */
    void other(size_t bytes, uint64_t now_ns);
    /* All segments that the kernel has sent again on this connection, where that is known: what
     * is late for that reason does not say that the link is slow */
    void retransmitted(uint64_t total);
    /* At least every 10 ms while anything is on its way: what has not arrived says something, too */
    void tick(uint64_t now_ns);

    /* May a message be sent now? Always when nothing is on its way. */
    bool room(uint64_t now_ns) const;
    /* When room() will be true though nothing arrives; UINT64_MAX: never */
    uint64_t room_at(uint64_t now_ns) const;

    uint64_t bandwidth() const;   /* what the link carries */
    uint64_t video_rate() const;  /* what a video may use of it */
    uint64_t pacing_rate() const; /* for SO_MAX_PACING_RATE */
    uint64_t rtt_min_ns() const;  /* 0: unknown */
    uint64_t rtt_ns() const;      /* mean of the last ones; 0: unknown */
    uint64_t queue_ns() const;    /* how long messages wait on the link for others */
    uint64_t in_flight() const { return flying_bytes; } /* bytes */
    /* When the link became much slower all of a sudden; 0: never, or it was a pause */
    uint64_t fell_ns() const { return fall_ns; }

private:
    struct Message {
        uint64_t number, size;
        uint64_t sent_ns;
        uint64_t again;  /* segments sent again until then */
        double most;     /* upper bound when it had arrived */
        bool timed;      /* false: we were late ourselves */
    };
    struct Bounds {
        double least, most; /* bytes/s */
    };

    uint64_t advance(uint64_t now_ns);
    Bounds bounds(size_t last, uint64_t now_ns, uint64_t slack_ns) const;
    uint64_t excuse_ns(const Message &message) const;
    void measure(size_t last, size_t group, uint64_t now_ns);
    void set(double rate, uint64_t now_ns);
    void forget(uint64_t now_ns);
    uint64_t limit() const;

    std::deque<Message> messages; /* those that have arrived of late, then those on their way */
    size_t flying = 0;            /* index of the first that is on its way */
    uint64_t flying_bytes = 0, last_number = 0;
    uint64_t now = 0, last_arrival_ns = 0, paced_ns = 0;
    uint64_t again = 0;

    double rate;                  /* bytes/s */
    uint64_t base_ns;             /* shortest round trip; UINT64_MAX: unknown */
    double smooth_rtt_ns = 0, queue = 0, late = 0, deviation_ns;
    double other_bytes = 0;       /* of the last OTHER_NS, older ones fade */
    uint64_t other_at_ns = 0;

    static constexpr size_t RECENT = 8;
    double excess[RECENT] = {};   /* what messages took beyond the shortest time, ns */
    size_t excesses = 0;

    double peak = 0;              /* best rate of late, to tell falls */
    uint64_t peak_ns = 0, fall_ns = 0;
    double undo_rate = 0;         /* before what may have been a pause */
    uint64_t undo_ns = 0, undo_fall_ns = 0;
    size_t grouped = 0;           /* messages that one acknowledgement is for, at least */
    size_t last_groups[4] = {};
    size_t groups = 0;
};

} // namespace red

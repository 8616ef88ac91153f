/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * How fast a remote client's link is, and how many bytes may be in flight on it.
 *
 * The input is when each message was handed to the socket, and when the client reported that it had
 * arrived. Time that messages took beyond the shortest round trip is time that the link needed. So
 * a train of messages, from any one to the one that has just arrived, shows that the link carries
 * at least
 *
 *     bytes of the train / (arrival of the last - sending of the first - shortest round trip)
 *
 * The train with the highest value is the one during which the link was always busy, so its value
 * is the bandwidth. Jitter lowers a value, but never raises it; the same trains less the observed
 * jitter give an upper bound. The estimate moves only when it is outside these bounds. So neither
 * jitter nor a video that needs little pulls it down, and no probes have to be sent.
 *
 * All of this depends on the shortest round trip. A small message (a PING) now and then, with
 * nothing else in flight, shows it best.
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
    /* A video's share of the link. The rest is for frames that are larger than others, and drains
     * queues. On a fast link low latency is worth more than the last bytes. */
    static constexpr double SHARE = 0.85, FAST_SHARE = 0.75;
    static constexpr double FAST_FROM = 6.25e6, FAST = 12.5e6; /* bytes/s */
    /* May be in flight beyond what the link carries in the shortest round trip */
    static constexpr uint64_t QUEUE_NS = 30000000;

    /* BYTES_PER_SECOND: the known bandwidth; RTT_NS: a round trip. 0: unknown. */
    GlRate(uint64_t bytes_per_second, uint64_t rtt_ns);

    /* Message NUMBER (they increase, from 1) of SIZE bytes is handed to the socket */
    void sent(uint64_t number, size_t size, uint64_t now_ns);
    /* All messages up to NUMBER have arrived at the client. Any NUMBER is safe: messages that were
     * never sent, or have arrived before, are ignored. */
    void arrived(uint64_t number, uint64_t now_ns);
    /* Other channels have sent the same client this many bytes over the same link */
    void other(size_t bytes, uint64_t now_ns);
    /* TOTAL: segments that the kernel has retransmitted on this connection, if known. A delay by a
     * loss does not show that the link has become slower. */
    void retransmitted(uint64_t total) { again = total; }
    /* To be called every 10 to 25 ms while anything is in flight, and less often the longer nothing
     * arrives: that messages have not arrived yet is information, too */
    void tick(uint64_t now_ns);

    /* May a message be sent now? Always if nothing is in flight. */
    bool room(uint64_t now_ns) const { return room_at(now_ns) <= now_ns; }
    /* When there will be room even if nothing arrives; UINT64_MAX: never */
    uint64_t room_at(uint64_t now_ns) const;

    uint64_t bandwidth() const;   /* of the link */
    uint64_t share() const;       /* a video's long-term share of the bandwidth */
    uint64_t video_rate() const;  /* what a video may use now: less while there is a queue */
    uint64_t pacing_rate() const; /* for SO_MAX_PACING_RATE */
    uint64_t rtt_min_ns() const;  /* 0: unknown */
    uint64_t rtt_ns() const;      /* mean of recent messages; 0: unknown */
    uint64_t queue_ns() const;    /* how long messages wait for others on the link */
    uint64_t in_flight() const { return flying_bytes; } /* bytes */
    /* When the link last became much slower suddenly; 0: never. Withdrawn if it turns out to have
     * been a pause. */
    uint64_t fell_ns() const { return fall_ns; }

private:
    static constexpr double FASTEST = 1.25e9; /* bytes/s */
    static constexpr uint64_t DRAIN_FIRST_NS = 500000000; /* after a longer round trip was found */

    struct Message {
        uint64_t number, size;
        uint64_t sent_ns;
        uint64_t together; /* bytes in flight when it was sent, including its own */
        double ahead;      /* bytes that the link had to carry before it */
        uint64_t others;   /* bytes sent by other channels until then */
        uint64_t again;    /* segments retransmitted until then */
        bool timed;        /* false: we were late ourselves */
        double most;       /* bytes/s, upper bound of the bandwidth, once it has arrived */
        double rtt_ns;     /* 0: unknown */
        uint64_t arrived_ns;
    };
    struct Bounds {
        double least, most; /* bytes/s */
    };

    void advance(uint64_t now_ns);
    void forget();
    Bounds bounds(size_t last, double slack_ns) const;
    bool idle_before(size_t index) const;
    double excuse_ns(const Message &message) const;
    void measure(size_t last, size_t group);
    void learn_jitter(const Message &message);
    void learn_sustained(size_t last, size_t group, double over_ns);
    double way_begins(size_t from, size_t to) const;
    void learn_longer_way();
    void learn_longer_way_alone(const Message &message, double over_ns);
    void lengthen_way(double by_ns);
    void set_rate(double value);
    size_t next_acknowledged() const;
    double sustained() const;

    std::deque<Message> messages; /* those that arrived recently, then those in flight */
    size_t flying = 0;            /* index of the first in flight */
    uint64_t flying_bytes = 0, last_number = 0;
    uint64_t now = 0, last_arrival_ns = 0;
    uint64_t paced_ns = 0;        /* when pacing lets the last message leave the socket */
    uint64_t through_ns = 0;      /* when the link has carried it */
    uint64_t again = 0;

    double rate;                  /* bytes/s: the bandwidth of the link */
    double base_ns;               /* shortest round trip; < 0: unknown */
    double first_base_ns = 0;     /* before it was found to be longer; 0: it was not */
    uint64_t base_changed_ns = 0;
    uint64_t drain_ns = UINT64_MAX, drain_wait_ns = 0; /* when to send less, to see a shorter one */
    uint64_t longer_from_ns = 0;  /* since when messages that were alone in flight take longer */
    double longer_by_ns = 0;
    size_t longer = 0;
    double smooth_rtt_ns = 0;
    double queue = 0;             /* ns */
    double jitter_ns;             /* variation of transfer times that sizes do not explain */
    double served_ns = 0, served_size = 0; /* time on the link, and size, of the last message */

    /* TCP may carry less than the link does: its window grows with what is sent, and losses keep it
     * small. Most bytes that got through in a round trip without waiting: */
    double flown;
    uint64_t flown_ns = 0;
    /* Rate at which messages that did wait got through, bytes/s, and when that was seen */
    double ceiling, waiting_bytes = 0;
    uint64_t ceiling_ns = 0, waiting_ns = 0;

    uint64_t others = 0;          /* bytes of other channels */
    double others_recent = 0;     /* bytes of other channels, decaying */
    uint64_t others_ns = 0;

    double best, best_before = 0; /* bytes/s, highest rate of this period and the previous one */
    uint64_t best_ns = 0;
    double peak = 0;              /* bytes/s, recent maximum, to detect falls */
    uint64_t peak_ns = 0, fall_ns = 0;
    double undo_rate = 0;         /* rate before what may have been a pause; 0: none */
    uint64_t undo_ns = 0, undo_fall_ns = 0;

    static constexpr size_t GROUPS = 4;
    size_t group_sizes[GROUPS] = {};
    size_t groups = 0;            /* acknowledgements so far */
    size_t grouped = 1;           /* messages per acknowledgement */
};

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast a remote client's link is, and how much may be on its way to it.
 *
 * All it knows is when each message was handed to the socket, and when the client said that it had
 * arrived. What messages took beyond the shortest round trip, the link spent on them. So a train of
 * messages, from any one to the one that has just arrived, says that the link carries at least
 *
 *     bytes of the train / (arrival of the last - sending of the first - shortest round trip)
 *
 * and the train that says most is the one for which the link was always busy: it says what the
 * link carries. Jitter lets it say less, never more; the same trains less the jitter that is seen
 * give an upper bound. The estimate moves only when it is not between the two. So neither jitter
 * nor a video that needs little pulls it down, and nothing has to be sent to find out.
 *
 * All of it rests on the shortest round trip. A small message now and then (a PING) while nothing
 * else is on its way tells that best.
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
    /* What a video is given of what the link carries. The rest is for frames that are larger than
     * others, and drains queues. On a fast link less latency is worth more than the last bytes. */
    static constexpr double SHARE = 0.85, FAST_SHARE = 0.75;
    static constexpr double FAST_FROM = 6.25e6, FAST = 12.5e6; /* bytes/s */
    /* May be on its way beyond what is in the shortest round trip */
    static constexpr uint64_t QUEUE_NS = 30000000;

    /* BYTES_PER_SECOND: what is known of the link, RTT_NS: a round trip. 0: unknown. */
    GlRate(uint64_t bytes_per_second, uint64_t rtt_ns);

    /* Message NUMBER (they increase, from 1) of SIZE bytes is handed to the socket */
    void sent(uint64_t number, size_t size, uint64_t now_ns);
    /* All messages up to NUMBER have arrived at the client. Any number will do: what was never
     * sent, or has arrived before, is ignored. */
    void arrived(uint64_t number, uint64_t now_ns);
    /* Other channels have sent the same client that many bytes: they share the link */
    void other(size_t bytes, uint64_t now_ns);
    /* Segments that the kernel has sent again on this connection, all of them, where that is
     * known: what is late because of a loss does not tell that the link has become slow */
    void retransmitted(uint64_t total) { again = total; }
    /* At least every 10 ms while anything is on its way: what has not arrived tells something */
    void tick(uint64_t now_ns);

    /* May a message be sent now? Always when nothing is on its way. */
    bool room(uint64_t now_ns) const { return room_at(now_ns) <= now_ns; }
    /* When there will be room though nothing arrives; UINT64_MAX: never */
    uint64_t room_at(uint64_t now_ns) const;

    uint64_t bandwidth() const;   /* what the link carries */
    uint64_t share() const;       /* what a video gets of that in the long run */
    uint64_t video_rate() const;  /* what it may use now: less while there is a queue */
    uint64_t pacing_rate() const; /* for SO_MAX_PACING_RATE */
    uint64_t rtt_min_ns() const;  /* 0: unknown */
    uint64_t rtt_ns() const;      /* of the last messages; 0: unknown */
    uint64_t queue_ns() const;    /* how long messages wait for others on the link */
    uint64_t in_flight() const { return flying_bytes; } /* bytes */
    /* When the link became much slower all of a sudden; 0: never. Taken back when it turns out to
     * have been a pause. */
    uint64_t fell_ns() const { return fall_ns; }

private:
    static constexpr double FASTEST = 1.25e9; /* bytes/s */
    static constexpr uint64_t DRAIN_FIRST_NS = 500000000; /* after the way was found to be longer */

    struct Message {
        uint64_t number, size;
        uint64_t sent_ns;
        uint64_t together; /* bytes on their way when it was sent, its own too */
        double ahead;      /* bytes that the link had to carry before it */
        uint64_t others;   /* bytes sent by other channels until then */
        uint64_t again;    /* segments sent again until then */
        bool timed;        /* false: we were late ourselves */
        double most;       /* bytes/s, upper bound of the link, once it has arrived */
        double rtt_ns;     /* 0: not known */
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

    std::deque<Message> messages; /* those that arrived of late, then those on their way */
    size_t flying = 0;            /* index of the first on its way */
    uint64_t flying_bytes = 0, last_number = 0;
    uint64_t now = 0, last_arrival_ns = 0;
    uint64_t paced_ns = 0;        /* when the socket has let the last message go */
    uint64_t through_ns = 0;      /* when the link is done with it */
    uint64_t again = 0;

    double rate;                  /* bytes/s: what the link carries */
    double base_ns;               /* shortest round trip; < 0: unknown */
    double first_base_ns = 0;     /* before it was found to be longer; 0: it was not */
    uint64_t base_changed_ns = 0;
    uint64_t drain_ns = UINT64_MAX, drain_wait_ns = 0; /* when to send less, to see a shorter one */
    uint64_t longer_from_ns = 0;  /* messages alone on their way take longer since then; 0: no */
    double longer_by_ns = 0;
    size_t longer = 0;
    double smooth_rtt_ns = 0;
    double queue = 0;             /* ns */
    double jitter_ns;             /* how much what messages take differs, beyond their size */
    double served_ns = 0, served_size = 0; /* what the last one took of the link */

    /* TCP may carry less than the link: its window grows with what is sent, and losses keep it
     * small. What went through in a round trip without waiting, at most, bytes: */
    double flown;
    uint64_t flown_ns = 0;
    /* What got through while it did wait, bytes/s, and when that was seen */
    double ceiling, waiting_bytes = 0;
    uint64_t ceiling_ns = 0, waiting_ns = 0;

    uint64_t others = 0;          /* bytes of other channels */
    double others_recent = 0;     /* the same, fading */
    uint64_t others_ns = 0;

    double best, best_before = 0; /* bytes/s, of these and the last seconds */
    uint64_t best_ns = 0;
    double peak = 0;              /* bytes/s, of late: to tell falls */
    uint64_t peak_ns = 0, fall_ns = 0;
    double undo_rate = 0;         /* before what may have been a pause; 0: it was none */
    uint64_t undo_ns = 0, undo_fall_ns = 0;

    static constexpr size_t GROUPS = 4;
    size_t group_sizes[GROUPS] = {};
    size_t groups = 0;            /* acknowledgements */
    size_t grouped = 1;           /* messages that one acknowledgement is for */
};

} // namespace red

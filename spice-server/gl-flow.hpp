/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many messages may be on their way to a client of a GL display.
 *
 * What is in a socket's buffers cannot be taken back: a client that was stopped, or that is behind
 * a thin line, shows every picture in there before it shows the newest. Such a client
 * acknowledges each message; no more are sent than its line takes within its round trip, and
 * pictures that have not been sent give way to newer ones.
 *
 * The bound grows while the client answers in the time that the line takes, and all that is
 * allowed is on its way; it is halved when messages start to queue.
 */
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

class DisplayChannelClient;

namespace red {

class GlFlow
{
public:
    /* With one message the line would be idle while the acknowledgement is on its way */
    static constexpr uint32_t MIN = 2;
    static constexpr uint32_t START = 3;
    /* As many as without this, see NARROW_CLIENT_ACK_WINDOW */
    static constexpr uint32_t MAX = 40;
    /* Messages that take this much longer than the fastest have queued on their way */
    static constexpr uint64_t QUEUED_NS = 50 * uint64_t{1000000};

    /* Message NUMBER, counted from the client's first, is about to be sent */
    void sent(uint64_t number, uint64_t now_ns)
    {
        on_way.push_back({ number, now_ns });
        last_sent = number;
    }

    /* The client has taken one more message of the SENT ones */
    void acknowledged(uint64_t sent, uint64_t now_ns)
    {
        const bool full = sent - taken >= max;
        uint64_t number = 0, sent_ns = 0;

        /* Some clients acknowledge the very message that asks them to, which is not counted */
        taken = std::min(taken + 1, sent);
        while (!on_way.empty() && on_way.front().number <= taken) {
            number = on_way.front().number;
            sent_ns = on_way.front().sent_ns;
            on_way.pop_front();
        }
        if (number) {
            adjust(number, now_ns - sent_ns, full);
        }
    }

    uint32_t limit() const { return max; }

private:
    struct Message {
        uint64_t number, sent_ns;
    };

    void adjust(uint64_t number, uint64_t round_trip_ns, bool full)
    {
        fastest_ns = std::min(fastest_ns, round_trip_ns);
        if (round_trip_ns > fastest_ns + fastest_ns / 4 + QUEUED_NS) {
            /* Once for what was on its way when it happened */
            if (number > halved_at) {
                max = std::max(max / 2, MIN);
                halved_at = last_sent;
            }
        } else if (full) {
            max = std::min(max + 1, MAX);
        }
    }

    std::deque<Message> on_way;
    uint64_t taken = 0, last_sent = 0, halved_at = 0;
    uint64_t fastest_ns = UINT64_MAX;
    uint32_t max = START;
};

/* Called from the display channel client; each does nothing where there is no GL display */

/* Before the first message */
void gl_flow_start(DisplayChannelClient *dcc);
/* A message is in the marshaller */
void gl_flow_sending(DisplayChannelClient *dcc);
/* The client has acknowledged a message; may send more */
void gl_flow_acknowledged(DisplayChannelClient *dcc);

} // namespace red

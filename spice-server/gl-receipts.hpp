/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which messages a client has received. It says so in two ways: it acknowledges each message, as it
 * has been asked to, and answers pings that go along. Some clients acknowledge twenty messages at a
 * time whatever they are asked for, and some the very message that asks them: these are told from
 * their answers to pings, which are right for all.
 *
 * Messages are numbered from 1. No spice types.
 */
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace red {

class GlReceipts
{
public:
    /* So many pings may be unanswered */
    static constexpr size_t MAX_PINGS = 64;

    /* The id for a ping that is to be sent behind all messages that wait; 0: not now */
    uint32_t ping()
    {
        if (pings.size() >= MAX_PINGS) {
            return 0;
        }
        pings.push_back({ PING_ID | (pings_made++ & PING_MASK), 0 });
        return pings.back().id;
    }
    bool pinging() const { return !pings.empty(); }

    /* Message NUMBER is being sent. LAST: none waits behind it. */
    void sending(uint64_t number, bool last)
    {
        if (last && !pings.empty() && !pings.back().number) {
            pings.back().number = number;
        }
    }

    /* One more of SENT messages is acknowledged */
    void acknowledged(uint64_t sent)
    {
        acknowledged_number = std::min(acknowledged_number + 1, sent);
        arrived_number = std::max(arrived_number, acknowledged_number);
    }

    /* False: ID is of no ping that waits for an answer */
    bool pong(uint32_t id)
    {
        auto ping = std::find_if(pings.begin(), pings.end(),
                                 [id](const Ping &p) { return p.id == id; });
        if (ping == pings.end()) {
            return false;
        }
        const uint64_t number = ping->number;
        pings.erase(pings.begin(), ping + 1);
        if (number) {
            counts = counts && acknowledged_number + 2 >= number;
            arrived_number = std::max(arrived_number, number);
        }
        return true;
    }

    /* It has received all messages up to this */
    uint64_t arrived() const { return arrived_number; }
    /* It acknowledges each message, and not some at a time */
    bool counts_messages() const { return counts; }

private:
    static constexpr uint32_t PING_ID = 0x474c0000, PING_MASK = 0xffff;

    struct Ping {
        uint32_t id;
        uint64_t number; /* of the message that it is; 0: it waits to be sent */
    };

    std::vector<Ping> pings; /* the oldest first */
    uint32_t pings_made = 0;
    uint64_t arrived_number = 0;
    uint64_t acknowledged_number = 0; /* the same by its acknowledgements alone */
    bool counts = true;
};

} // namespace red

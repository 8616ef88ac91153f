/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Which messages a client has received. A client reports this in two ways: it acknowledges each
 * message, as it has been asked to, and it answers pings that are sent in between. Some clients
 * acknowledge twenty messages at a time, whatever they are asked, and some acknowledge even the
 * message that asks them. The answers to pings reveal these clients, and are right for all clients.
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
    /* Most pings that may be unanswered */
    static constexpr size_t MAX_PINGS = 64;

    /* BEFORE: messages that the client had acknowledged before it was counted here */
    explicit GlReceipts(uint64_t before = 0):
        arrived_number(before), acknowledged_number(before) {}

    /* The id of a ping, to be sent behind all messages that wait; 0: no ping now */
    uint32_t ping()
    {
        if (pings.size() >= MAX_PINGS) {
            return 0;
        }
        pings.push_back({ PING_ID | (pings_made++ & PING_MASK), 0 });
        return pings.back().id;
    }
    bool pinging() const { return !pings.empty(); }

    /* Message NUMBER is being sent. LAST: no message waits behind it. */
    void sending(uint64_t number, bool last)
    {
        if (last && !pings.empty() && !pings.back().number) {
            pings.back().number = number;
        }
    }

    /* The client has acknowledged one more of SENT messages */
    void acknowledged(uint64_t sent)
    {
        acknowledged_number = std::min(acknowledged_number + 1, sent);
        arrived_number = std::max(arrived_number, acknowledged_number);
    }

    /* False: no ping of this ID waits for an answer */
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

    /* The client has received all messages up to this number */
    uint64_t arrived() const { return arrived_number; }
    /* The client acknowledges each message, and not several at a time */
    bool counts_messages() const { return counts; }

private:
    static constexpr uint32_t PING_ID = 0x474c0000, PING_MASK = 0xffff;

    struct Ping {
        uint32_t id;
        uint64_t number; /* of its message; 0: it has not been sent yet */
    };

    std::vector<Ping> pings; /* oldest first */
    uint32_t pings_made = 0;
    uint64_t arrived_number;
    uint64_t acknowledged_number; /* what acknowledgements alone say */
    bool counts = true;
};

} // namespace red

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes packets from one network device, lets a Way delay them, and puts them onto another. */
#pragma once

#include <cstdint>
#include <string>

#include "fd.hpp"
#include "way.hpp"

/* Nanoseconds of CLOCK_MONOTONIC */
int64_t now_ns();

/* IPv4 packets of one network device of the namespace it was made in (AF_PACKET) */
class PacketSocket
{
public:
    explicit PacketSocket(const std::string &device);

    int fd() const { return socket.get(); }
    /* Packets for which the kernel had no room before they could be read, since the last call */
    uint64_t take_overflow();

private:
    Fd socket;
};

/* Both sockets must outlive it. */
class Carrier
{
public:
    struct Counters: Way::Counters {
        uint64_t failed = 0;      /* packets that could not be read or written */
        int64_t late_max = 0;     /* ns that a packet was delivered after its time, at most, */
        uint64_t late = 0;        /* and how many were by more than a millisecond: what the machine */
    };                            /* that carries them adds */

    Carrier(PacketSocket &from, PacketSocket &to, const Conditions &conditions, uint32_t seed):
        from(from), to(to), way(conditions, seed) {}

    const Conditions &conditions() const { return way.conditions(); }
    void change(const Conditions &conditions) { way.change(conditions, now_ns()); }
    /* Takes the packets that have come */
    void receive();
    /* Delivers packets that are due; returns when the next one is: INT64_MAX if there is none */
    int64_t deliver();
    /* Late_max is of the time since the last call */
    Counters counters();

private:
    PacketSocket &from, &to;
    Way way;
    uint64_t failed = 0, late = 0;
    int64_t late_max = 0;
};

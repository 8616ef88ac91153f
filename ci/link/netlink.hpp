/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few rtnetlink(7) requests that a link needs. Errors are thrown as std::system_error. */
#pragma once

#include <cstddef>
#include <string>

#include "fd.hpp"

/* Talks to the network namespace in which it was created */
class Netlink
{
public:
    Netlink();

    /* A pair of veth devices: NAME here and PEER in the namespace PEER_NET, for Ethernet frames of
     * MTU bytes after their header */
    void make_pair(const std::string &name, const std::string &peer, int peer_net, unsigned mtu);
    /* How much the kernel puts into one packet for a device: up to BYTES in SEGMENTS, as for a
     * network adapter that segments them itself */
    void limit_offload(const std::string &device, unsigned bytes, unsigned segments);

private:
    void request(const void *message, size_t length, const std::string &what);

    Fd fd;
    unsigned sequence = 0;
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few rtnetlink(7) requests that a link needs. Errors are thrown as std::system_error. */
#pragma once

#include <cstddef>
#include <string>

#include "fd.hpp"

/* Speaks to the network namespace in which it was made */
class Netlink
{
public:
    Netlink();

    /* A pair of veth devices: NAME here and PEER in the namespace PEER_NET, for Ethernet frames of
     * MTU bytes after their header */
    void make_pair(const std::string &name, const std::string &peer, int peer_net, unsigned mtu);
    /* How much the kernel puts into one packet before it gets to a device: up to BYTES in
     * SEGMENTS, as for a card that cuts them into packets itself */
    void limit_offload(const std::string &device, unsigned bytes, unsigned segments);

private:
    void request(const void *message, size_t length, const std::string &what);

    Fd fd;
    unsigned sequence = 0;
};

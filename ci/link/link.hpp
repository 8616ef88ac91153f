/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two network namespaces and the link between them. The kernel's own emulator, netem, is not used:
 * many kernels are built without it, it cannot change a link and count at the same time, and its
 * queue is counted in packets.
 *
 * Each side has a veth device; the other ends of both are in a third namespace, with packet sockets
 * on them. So TCP is the kernel's own at both ends, and nothing but the namespaces needs
 * privileges: /dev/net/tun would also work, but is not open to every user.
 */
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "carrier.hpp"
#include "netlink.hpp"
#include "netspace.hpp"
#include "profile.hpp"

class Link
{
public:
    struct Settings {
        Profile profile;
        bool apart = false;          /* the server's side is a new namespace, not the caller's */
        std::string congestion;      /* TCP's congestion control on the new sides; empty: as it is */
        uint32_t seed = 1;           /* of jitter and loss */
    };

    static const char *const SERVER_ADDRESS;
    static const char *const CLIENT_ADDRESS;
    static constexpr unsigned MTU = 1500;

    explicit Link(const Settings &settings);

    const Netspace &server() const { return server_side.net; }
    const Netspace &client() const { return client_side.net; }
    std::string name() const { return settings.profile.name; }
    /* TCP's congestion control on the server's side, which sends most */
    std::string congestion() const;

    /* To poll for input, see carry() */
    int down_fd() const { return server_side.packets->fd(); }
    int up_fd() const { return client_side.packets->fd(); }
    /* Carries all packets that are due; returns when it must be called again (CLOCK_MONOTONIC) if no
     * input comes before. INT64_MAX: not without input. DOWN_READY, UP_READY: there is input. */
    int64_t carry(bool down_ready, bool up_ready);

    Conditions down_conditions() const { return down->conditions(); }
    Conditions up_conditions() const { return up->conditions(); }
    void change(const Conditions &down, const Conditions &up);
    /* Goes through the profile's steps, from the first on */
    void begin_steps();

    Carrier::Counters down_counters() { return down->counters(); }
    Carrier::Counters up_counters() { return up->counters(); }

private:
    struct Side {
        Netspace net;
        std::string device;
        std::unique_ptr<Netlink> control;
        std::unique_ptr<PacketSocket> packets; /* on the other end of its device */
    };

    void connect(Side &side, const std::string &wire_end);
    void set_up_tcp() const;
    void limit_offload();
    void step();

    Settings settings;
    Side server_side, client_side;
    Netspace wire;
    std::unique_ptr<Carrier> down, up;
    size_t next_step = SIZE_MAX;
    int64_t step_at = INT64_MAX;
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.hpp"

#include <algorithm>
#include <unistd.h>

const char *const Link::SERVER_ADDRESS = "10.213.77.1";
const char *const Link::CLIENT_ADDRESS = "10.213.77.2";

static constexpr int SERVER_NUMBER = 1, CLIENT_NUMBER = 2;
static constexpr const char *SERVER_END = "server", *CLIENT_END = "client";
/* A packet with several segments is sent as one if it takes no longer than this on the line. This is
 * too short to matter to a picture, and saves most of the work on a fast line. */
static constexpr double CHUNK_SECONDS = 0.0005;
static constexpr unsigned MAX_CHUNK = 32768;

Link::Link(const Settings &given):
    settings(given),
    /* Unique: the caller's namespace may have other links */
    server_side{settings.apart ? Netspace::make() : Netspace::current(),
                "link" + std::to_string(getpid()), nullptr, nullptr},
    client_side{Netspace::make(), "link", nullptr, nullptr}, wire(Netspace::make())
{
    connect(server_side, SERVER_END);
    connect(client_side, CLIENT_END);
    {
        const Inside inside(server_side.net);
        set_address(server_side.device, SERVER_NUMBER, SERVER_ADDRESS, CLIENT_NUMBER,
                    CLIENT_ADDRESS);
        if (settings.apart) {
            set_up_tcp();
        }
    }
    {
        const Inside inside(client_side.net);
        set_address(client_side.device, CLIENT_NUMBER, CLIENT_ADDRESS, SERVER_NUMBER,
                    SERVER_ADDRESS);
        set_up_tcp();
    }
    down = std::make_unique<Carrier>(*server_side.packets, *client_side.packets,
                                     settings.profile.down, settings.seed);
    up = std::make_unique<Carrier>(*client_side.packets, *server_side.packets,
                                   settings.profile.up, settings.seed + 1);
    limit_offload();
}

/* Of the namespace that the caller is in */
void Link::set_up_tcp() const
{
    forget_connections();
    if (!settings.congestion.empty()) {
        set_congestion_control(settings.congestion);
    }
}

void Link::connect(Side &side, const std::string &wire_end)
{
    {
        const Inside inside(side.net);
        side.control = std::make_unique<Netlink>();
    }
    const Inside inside(wire);
    Netlink().make_pair(wire_end, side.device, side.net.fd(), MTU);
    switch_on(wire_end);
    side.packets = std::make_unique<PacketSocket>(wire_end);
}

std::string Link::congestion() const
{
    const Inside inside(server_side.net);
    return congestion_control();
}

void Link::limit_offload()
{
    const auto limit = [](Side &side, const Conditions &conditions) {
        const double chunk = conditions.rate > 0 ? conditions.rate / 8 * CHUNK_SECONDS : MAX_CHUNK;
        /* Each packet may be lost independently */
        const bool single = conditions.loss > 0 || chunk < 2 * MTU;
        const auto bytes = single ? MTU : unsigned(std::min<double>(chunk, MAX_CHUNK));
        const Inside inside(side.net);
        side.control->limit_offload(side.device, bytes, single ? 1 : bytes / MTU);
    };
    limit(server_side, down->conditions());
    limit(client_side, up->conditions());
}

int64_t Link::carry(bool down_ready, bool up_ready)
{
    if (now_ns() >= step_at) {
        step();
    }
    if (down_ready) {
        down->receive();
    }
    if (up_ready) {
        up->receive();
    }
    return std::min({down->deliver(), up->deliver(), step_at});
}

void Link::change(const Conditions &for_down, const Conditions &for_up)
{
    down->change(for_down);
    up->change(for_up);
    limit_offload();
}

void Link::begin_steps()
{
    next_step = 0;
    step_at = settings.profile.steps.empty() ? INT64_MAX : now_ns();
}

void Link::step()
{
    const auto &steps = settings.profile.steps;
    const Step &now_valid = steps[next_step++];
    Conditions for_down = down->conditions(), for_up = up->conditions();
    for_down.rate = for_up.rate = now_valid.rate;
    change(for_down, for_up);
    step_at = next_step < steps.size() ? step_at + now_valid.duration : INT64_MAX;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * What the display channels of one client send over the link that they share, so that each can leave
 * room for the others: with several heads, each is a channel with a worker of its own.
 *
 * No GL, no spice types.
 */
#pragma once

#include <atomic>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace red {

/* Bytes of all its channels; any thread */
class GlLinkUse
{
public:
    /* CLIENT: an address that its channels have in common and other clients' do not. The object
     * lasts as long as any channel has it. */
    static std::shared_ptr<GlLinkUse> of(const void *client)
    {
        static std::mutex lock;
        static std::map<const void *, std::weak_ptr<GlLinkUse>> links;
        std::lock_guard<std::mutex> guard(lock);

        for (auto link = links.begin(); link != links.end();) {
            link = link->second.expired() ? links.erase(link) : std::next(link);
        }
        auto use = links[client].lock();
        if (!use) {
            use = std::make_shared<GlLinkUse>();
            links[client] = use;
        }
        return use;
    }

    void sent(uint64_t bytes) { total += bytes; }
    uint64_t bytes() const { return total; }

private:
    std::atomic<uint64_t> total{0};
};

/* One channel's view of it; in that channel's thread */
class GlLinkShare
{
public:
    explicit GlLinkShare(std::shared_ptr<GlLinkUse> link_):
        link(std::move(link_)), seen(link->bytes()) {}

    void sent(uint64_t bytes)
    {
        own += bytes;
        link->sent(bytes);
    }
    /* Bytes that the other channels have sent since the last call */
    uint64_t others()
    {
        const uint64_t before = seen;
        seen = link->bytes() - own;
        return seen - before;
    }

private:
    std::shared_ptr<GlLinkUse> link;
    uint64_t own = 0;
    uint64_t seen; /* bytes of others */
};

} // namespace red

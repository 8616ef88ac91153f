/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-path.hpp"

#include <algorithm>
#include <cstring>

#include "dcc-private.h"
#include "display-channel-private.h"
#include <common/marshaller.h>
#include "main-channel-client.h"
#include "red-client.h"

namespace red {

GlClient *GlPath::add(DisplayChannelClient *dcc)
{
    std::lock_guard<std::mutex> guard(lock);
    clients.emplace_back();
    auto &client = clients.back();
    client.dcc = dcc;
    client.connection_id = dcc->get_client()->get_main()->get_connection_id();
    return &client;
}

void GlPath::remove(DisplayChannelClient *dcc)
{
    std::list<GlClient> gone; // dropped after the lock
    std::lock_guard<std::mutex> guard(lock);
    for (auto client = clients.begin(); client != clients.end(); ++client) {
        if (client->dcc == dcc) {
            gone.splice(gone.end(), clients, client);
            break;
        }
    }
}

GlClient *GlPath::find(const DisplayChannelClient *dcc)
{
    for (auto &client : clients) {
        if (client.dcc == dcc) {
            return &client;
        }
    }
    return nullptr;
}

bool GlPath::any_local()
{
    return std::any_of(clients.begin(), clients.end(),
                       [](const GlClient &c) { return is_local(c.dcc); });
}

bool GlPath::any_remote()
{
    return std::any_of(clients.begin(), clients.end(),
                       [](const GlClient &c) { return !is_local(c.dcc); });
}

bool GlPath::allows_local(const DisplayChannelClient *dcc)
{
    auto client = find(dcc);
    return client ? !client->remote : can_export && dmabufs_allowed;
}

void GlPath::forget_monitors()
{
    for (auto &client : clients) {
        auto &pipe = client.dcc->get_pipe();
        pipe.remove_if([](const RedPipeItemPtr &item) {
            return item->type == RED_PIPE_ITEM_TYPE_MONITORS_CONFIG;
        });
    }
}

void GlPath::sending(DisplayChannelClient *dcc, const RedPipeItem *item)
{
    auto client = find(dcc);
    if (!client) {
        return;
    }
    const size_t size = spice_marshaller_get_total_size(dcc->get_marshaller());
    {
        std::lock_guard<std::mutex> guard(lock);
        client->bytes += size;
    }
    if (client->remote) {
        client->remote->sending(dcc->ack_get_sent() + 1, size, spice_get_monotonic_time_ns());
    }
    if (item->type == RED_PIPE_ITEM_TYPE_GL_DRAW) {
        shown(dcc, QXL_GL_PATH_LOCAL, 0, "the client accepts dma-bufs");
    }
}

void GlPath::shown(DisplayChannelClient *dcc, uint32_t to, uint32_t codec, const char *reason)
{
    QXLGLPathChange change{};
    QXLGLPathFunc func;
    QXLInstance *instance;
    void *opaque;
    auto client = find(dcc);

    if (!client) {
        return;
    }
    {
        std::lock_guard<std::mutex> guard(lock);
        client->frames++;
        if (!reason || (client->path == to && client->codec == codec)) {
            return;
        }
        change.size = sizeof(change);
        change.connection_id = client->connection_id;
        change.from = client->path;
        change.to = client->path = to;
        change.codec = client->codec = codec;
        change.reason = client->path_reason = reason;
        client->path_changes++;
        func = callback;
        instance = qxl;
        opaque = callback_opaque;
    }
    if (func) {
        func(instance, &change, opaque);
    }
}

void GlPath::note_links(uint64_t now_ns)
{
    std::lock_guard<std::mutex> guard(lock);
    for (auto &client : clients) {
        if (client.remote) {
            client.link = client.remote->stats(now_ns);
            client.link_ns = now_ns;
        }
    }
}

void GlPath::set_callback(QXLInstance *instance, QXLGLPathFunc func, void *opaque)
{
    std::lock_guard<std::mutex> guard(lock);
    qxl = instance;
    callback = func;
    callback_opaque = opaque;
}

void GlPath::get_stats(QXLGLClientStats *stats, uint32_t *num)
{
    std::lock_guard<std::mutex> guard(lock);
    const uint32_t room = stats ? *num : 0;
    /* The caller's struct may be of another version: its elements are as long as it says */
    const uint32_t element = room ? stats->size : 0;
    auto out = reinterpret_cast<uint8_t *>(stats);
    uint32_t n = 0;

    for (const auto &client : clients) {
        if (n < room) {
            QXLGLClientStats s{};
            s.size = std::min<uint32_t>(element, sizeof(s));
            s.path = client.path;
            s.connection_id = client.connection_id;
            s.codec = client.codec;
            s.frames = client.frames;
            s.bytes = client.bytes;
            s.path_changes = client.path_changes;
            s.path_reason = client.path_reason;
            if (client.link_ns) {
                s.codec_reason = client.link.codec_reason;
                s.video_bit_rate = client.link.bit_rate;
                s.round_trip_ns = std::max<uint64_t>(client.link.rtt_ns, 1);
                s.bytes_in_flight = client.link.in_flight;
                s.frames_late = client.link.dropped;
                s.frames_per_second = client.link.frames_per_second;
            }
            memcpy(out + size_t{n} * element, &s, s.size);
        }
        n++;
    }
    *num = n;
}

} // namespace red

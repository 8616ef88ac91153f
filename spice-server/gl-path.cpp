/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "gl-path.hpp"

#include <algorithm>
#include <cstring>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-hw-stream.hpp"
#include "main-channel-client.h"
#include "red-client.h"

namespace red {

/* What only makes sense with the primary surface, which a local client does not have */
static bool is_2d_item(const RedPipeItem *item)
{
    switch (item->type) {
    case RED_PIPE_ITEM_TYPE_DRAW:
    case RED_PIPE_ITEM_TYPE_IMAGE:
    case RED_PIPE_ITEM_TYPE_UPGRADE:
    case RED_PIPE_ITEM_TYPE_STREAM_CREATE:
    case RED_PIPE_ITEM_TYPE_STREAM_CLIP:
    case RED_PIPE_ITEM_TYPE_STREAM_DESTROY:
    case RED_PIPE_ITEM_TYPE_STREAM_ACTIVATE_REPORT:
        return true;
    default:
        return false;
    }
}

bool GlPath::is_picture(const RedPipeItem *item)
{
    return item->type == RED_PIPE_ITEM_TYPE_DRAW || item->type == RED_PIPE_ITEM_TYPE_IMAGE ||
           item->type == RED_PIPE_ITEM_TYPE_UPGRADE;
}

static void remove_items(DisplayChannelClient *dcc, bool (*which)(const RedPipeItem *))
{
    auto &pipe = dcc->get_pipe();
    for (auto l = pipe.begin(); l != pipe.end(); ) {
        if (which(l->get())) {
            l = pipe.erase(l);
        } else {
            ++l;
        }
    }
}

void GlPath::add(DisplayChannelClient *dcc)
{
    GlClient client{};
    client.dcc = dcc;
    /* left from before it could be served: about streams that it does not know */
    remove_items(dcc, is_2d_item);
    for (auto &agent : dcc->priv->stream_agents) {
        region_clear(&agent.vis_region);
        region_clear(&agent.clip);
    }
    client.connection_id = dcc->get_client()->get_main()->get_connection_id();

    std::lock_guard<std::mutex> guard(lock);
    clients.push_back(client);
}

void GlPath::remove(DisplayChannelClient *dcc)
{
    std::lock_guard<std::mutex> guard(lock);
    clients.remove_if([dcc](const GlClient &c) { return c.dcc == dcc; });
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

bool GlPath::skips_pictures(DisplayChannelClient *dcc)
{
    auto client = find(dcc);
    if (!client || is_local(dcc) || client->leaving) {
        return true;
    }
    if (!client->lagging && dcc->get_pipe_size() > MAX_PIPE) {
        spice_debug("client %u lags, dropping its frames", client->connection_id);
        client->lagging = true;
        remove_items(dcc, GlPath::is_picture);
    }
    return client->lagging;
}

bool GlPath::catch_up(DisplayChannel *display)
{
    bool any_lags = false;

    for (auto &client : clients) {
        if (!client.lagging) {
            continue;
        }
        auto surface = display->priv->surfaces[0];
        if (!client.dcc->pipe_is_empty() || client.dcc->is_blocked()) {
            any_lags = true;
        } else {
            client.lagging = false;
            if (surface) {
                display_channel_current_flush(display, surface);
                dcc_push_surface_image(client.dcc, surface);
            }
        }
    }
    return any_lags;
}

bool GlPath::drops(DisplayChannelClient *dcc, const RedPipeItem *item)
{
    return is_2d_item(item) && (is_local(dcc) || !find(dcc));
}

/* The client's end of the stream that a picture is part of, or null */
static VideoStreamAgent *stream_agent(DisplayChannelClient *dcc, const RedPipeItem *item)
{
    if (item->type != RED_PIPE_ITEM_TYPE_DRAW) {
        return nullptr;
    }
    auto stream = static_cast<const RedDrawablePipeItem *>(item)->drawable->stream;
    if (!stream) {
        return nullptr;
    }
    auto id = display_channel_get_video_stream_id(DCC_TO_DC(dcc), stream);
    return dcc_get_video_stream_agent(dcc, id);
}

static bool is_hardware_frame(const RedPipeItem *item)
{
    return GlStreamItem::is(item) &&
           static_cast<const GlStreamItem *>(item)->message == GlStreamItem::FRAME;
}

/* How this picture goes to the client, which tells how it is served */
GlPath::Way GlPath::way_of(const GlClient &client, const RedPipeItem *item)
{
    if (item->type == RED_PIPE_ITEM_TYPE_GL_DRAW) {
        return { QXL_GL_PATH_LOCAL, 0, "the client takes dma-bufs" };
    }
    if (is_hardware_frame(item)) {
        return { QXL_GL_PATH_HARDWARE, static_cast<const GlStreamItem *>(item)->codec,
                 "the picture moves, and the card encodes" };
    }
    const bool after_card = client.path == QXL_GL_PATH_HARDWARE;
    const char *card_failed = "the card's encoder failed";
    auto agent = stream_agent(client.dcc, item);
    if (agent && agent->video_encoder) {
        const uint32_t codec = agent->video_encoder->codec_type;
        return { QXL_GL_PATH_SOFTWARE, codec, after_card ? card_failed : "the picture moves" };
    }
    if (after_card) {
        return { QXL_GL_PATH_IMAGE, 0,
                 client.card_failed ? card_failed : "the picture stands still" };
    }
    if (agent) {
        return { QXL_GL_PATH_IMAGE, 0, agent->encoder_wanted ? "the encoder failed" :
                 "there is no encoder for this client" };
    }
    if (item->type == RED_PIPE_ITEM_TYPE_UPGRADE) {
        return { QXL_GL_PATH_IMAGE, 0, "the picture stands still" };
    }
    /* Beside a video, which goes on, there may be other pictures */
    const uint64_t since_video = spice_get_monotonic_time_ns() - client.last_video_ns;
    if (client.path == QXL_GL_PATH_SOFTWARE && since_video < RED_STREAM_TIMEOUT) {
        return { client.path, client.codec, nullptr };
    }
    return { QXL_GL_PATH_IMAGE, 0, client.path == QXL_GL_PATH_LOCAL ?
             "there is no dma-buf for the client" : "the picture is no video" };
}

void GlPath::sending(DisplayChannelClient *dcc, const RedPipeItem *item)
{
    auto client = find(dcc);
    if (!client) {
        return;
    }
    const bool shows = item->type == RED_PIPE_ITEM_TYPE_GL_DRAW || is_picture(item) ||
                       is_hardware_frame(item);
    {
        std::lock_guard<std::mutex> guard(lock);
        client->bytes += spice_marshaller_get_total_size(dcc->get_marshaller());
        client->frames += shows;
    }
    if (shows) {
        changed(client, way_of(*client, item));
    }
}

void GlPath::changed(GlClient *client, const Way &way)
{
    QXLGLPathChange change{};
    QXLGLPathFunc func;
    QXLInstance *instance;
    void *opaque;
    {
        std::lock_guard<std::mutex> guard(lock);
        if (way.path == QXL_GL_PATH_SOFTWARE && way.reason) {
            client->last_video_ns = spice_get_monotonic_time_ns();
        }
        if (client->path == way.path && client->codec == way.codec) {
            return;
        }
        change.size = sizeof(change);
        change.connection_id = client->connection_id;
        change.from = client->path;
        change.to = client->path = way.path;
        change.codec = client->codec = way.codec;
        change.reason = client->path_reason = way.reason;
        client->path_changes++;
        func = callback;
        instance = qxl;
        opaque = callback_opaque;
    }
    if (func) {
        func(instance, &change, opaque);
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
    /* The caller's element may be another than ours: it is as long as it says */
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
            memcpy(out + size_t{n} * element, &s, s.size);
        }
        n++;
    }
    *num = n;
}

} // namespace red

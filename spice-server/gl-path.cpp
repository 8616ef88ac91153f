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

static VideoStreamAgent *video_agent(DisplayChannelClient *dcc, const RedPipeItem *item)
{
    if (item->type != RED_PIPE_ITEM_TYPE_DRAW) {
        return nullptr;
    }
    auto stream = static_cast<const RedDrawablePipeItem *>(item)->drawable->stream;
    if (!stream) {
        return nullptr;
    }
    auto id = display_channel_get_video_stream_id(DCC_TO_DC(dcc), stream);
    auto agent = dcc_get_video_stream_agent(dcc, id);
    return agent->video_encoder ? agent : nullptr;
}

void GlPath::sending(DisplayChannelClient *dcc, const RedPipeItem *item)
{
    auto client = find(dcc);
    if (!client) {
        return;
    }

    std::lock_guard<std::mutex> guard(lock);
    client->bytes += spice_marshaller_get_total_size(dcc->get_marshaller());
    if (item->type == RED_PIPE_ITEM_TYPE_GL_DRAW) {
        client->path = QXL_GL_PATH_LOCAL;
        client->codec = 0;
        client->frames++;
    } else if (GlStreamItem::is(item)) {
        auto part = static_cast<const GlStreamItem *>(item);
        if (part->message == GlStreamItem::FRAME) {
            client->path = QXL_GL_PATH_HARDWARE;
            client->codec = part->codec;
            client->frames++;
        }
    } else if (is_picture(item)) {
        auto agent = video_agent(dcc, item);
        client->path = agent ? QXL_GL_PATH_SOFTWARE : QXL_GL_PATH_IMAGE;
        client->codec = agent ? agent->video_encoder->codec_type : 0;
        client->frames++;
    }
}

void GlPath::get_stats(QXLGLClientStats *stats, uint32_t *num)
{
    std::lock_guard<std::mutex> guard(lock);
    const uint32_t room = stats ? *num : 0;
    uint32_t n = 0;

    for (const auto &client : clients) {
        if (n < room) {
            QXLGLClientStats s{};
            s.size = std::min<uint32_t>(stats[n].size, sizeof(s));
            s.path = client.path;
            s.connection_id = client.connection_id;
            s.codec = client.codec;
            s.frames = client.frames;
            s.bytes = client.bytes;
            memcpy(&stats[n], &s, s.size);
        }
        n++;
    }
    *num = n;
}

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-local.hpp"

#include <algorithm>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "red-qxl.h"

namespace red {

bool GlLocal::publish(DisplayChannel *display, const GlContext &context, const GlScanout &shown,
                      bool *exported, std::string *why)
{
    auto dmabuf = shown.image->dmabuf(context, exported, why);
    if (!dmabuf) {
        publish_nothing(display);
        return false;
    }

    RedGLScanout scanout{};
    scanout.width = shown.image->width();
    scanout.height = shown.image->height();
    scanout.fourcc = dmabuf->fourcc;
    scanout.modifier = dmabuf->modifier;
    scanout.num_planes = dmabuf->num_planes;
    scanout.flags = shown.y0_top ? SPICE_GL_SCANOUT_FLAGS_Y0TOP : 0;
    std::copy_n(dmabuf->fd, GlDmabuf::MAX_PLANES, scanout.fd);
    std::copy_n(dmabuf->offset, GlDmabuf::MAX_PLANES, scanout.offset);
    std::copy_n(dmabuf->stride, GlDmabuf::MAX_PLANES, scanout.stride);
    red_qxl_set_gl_scanout(display->priv->qxl, &scanout);
    published = shown.image;
    planes = dmabuf->num_planes;
    return true;
}

void GlLocal::publish_nothing(DisplayChannel *display)
{
    red_qxl_set_gl_scanout(display->priv->qxl, nullptr);
    published.reset();
}

/* Does a scanout message wait already? One is enough: it is made from what is published when it is
 * sent. */
static bool announced(DisplayChannelClient *dcc)
{
    const auto &pipe = dcc->get_pipe();
    return std::any_of(pipe.begin(), pipe.end(), [](const RedPipeItemPtr &item) {
        return item->type == RED_PIPE_ITEM_TYPE_GL_SCANOUT;
    });
}

void GlLocal::tell(GlClient &client)
{
    client.untold = false;
    if (!announced(client.dcc)) {
        client.dcc->pipe_add(dcc_gl_scanout_item_new(client.dcc, nullptr, 0));
    }
}

/* Busy clients are put off: one that does not answer would get a message with each flip, and handle
 * all of them when it wakes. A dark screen is announced even to them, since that happens once. */
void GlLocal::announce()
{
    for (auto &client : path.all()) {
        if (!GlPath::is_local(client.dcc)) {
            continue;
        }
        if (published && client.dcc->priv->gl_draw_ongoing) {
            client.untold = client.missed = true;
        } else {
            tell(client);
        }
    }
}

void GlLocal::draw(const GlScanout &scanout, const GlRect &rect)
{
    for (auto &client : path.all()) {
        if (!GlPath::is_local(client.dcc)) {
            continue;
        }
        const uint64_t now = spice_get_monotonic_time_ns();
        if (client.dcc->priv->gl_draw_ongoing) {
            client.late = client.missed = true;
            client.patience.end(now);
        } else {
            push_draw(client, scanout, rect);
            client.late = !client.patience.begin(now);
        }
    }
}

void GlLocal::push_draw(GlClient &client, const GlScanout &scanout, const GlRect &rect)
{
    if (client.untold) {
        tell(client);
    }
    auto item = red::make_shared<RedGlDrawItem>();
    item->draw.x = scanout.visible.x + rect.x;
    item->draw.y = scanout.visible.y + rect.y;
    item->draw.w = rect.w;
    item->draw.h = rect.h;
    client.late = client.missed = false;
    client.dcc->priv->gl_draw_ongoing = true;
    client.dcc->pipe_add(std::move(item));
}

void GlLocal::missed(DisplayChannelClient *dcc)
{
    path.find(dcc)->missed = true;
}

/* Clients that were busy when the picture changed, or have connected since, get it now. The guest
 * does not wait for them. */
void GlLocal::send_missed(const GlScanout &scanout)
{
    if (!scanout.image) {
        return;
    }
    for (auto &client : path.all()) {
        if (client.missed && !client.dcc->priv->gl_draw_ongoing && GlPath::is_local(client.dcc)) {
            push_draw(client, scanout, { 0, 0, scanout.visible.w, scanout.visible.h });
            client.late = true;
        }
    }
}

bool GlLocal::in_use()
{
    return std::any_of(path.all().begin(), path.all().end(), [](const GlClient &client) {
        return client.dcc->priv->gl_draw_ongoing && !client.late;
    });
}

void GlLocal::give_up()
{
    for (auto &client : path.all()) {
        client.late = client.dcc->priv->gl_draw_ongoing;
        client.patience.end(spice_get_monotonic_time_ns());
    }
}

void GlLocal::answered()
{
    for (auto &client : path.all()) {
        if (!client.dcc->priv->gl_draw_ongoing) {
            client.late = false;
            client.patience.end(spice_get_monotonic_time_ns());
        }
    }
}

/* Drops unsent draws and scanouts. True: there was a draw among them */
static bool forget_draws(DisplayChannelClient *dcc)
{
    auto &pipe = dcc->get_pipe();
    bool draw = false;

    pipe.remove_if([&draw](const RedPipeItemPtr &item) {
        draw = draw || item->type == RED_PIPE_ITEM_TYPE_GL_DRAW;
        return item->type == RED_PIPE_ITEM_TYPE_GL_DRAW ||
            item->type == RED_PIPE_ITEM_TYPE_GL_SCANOUT;
    });
    return draw;
}

std::list<DisplayChannelClient *> GlLocal::dismiss(bool only_incapable)
{
    std::list<DisplayChannelClient *> former;

    for (auto &client : path.all()) {
        const bool capable = planes == 1 ||
            client.dcc->test_remote_cap(SPICE_DISPLAY_CAP_GL_SCANOUT2);
        if (GlPath::is_local(client.dcc) && !(only_incapable && capable)) {
            former.push_back(client.dcc);
            client.late = client.missed = client.untold = false;
            const bool unsent = forget_draws(client.dcc);
            client.owes_answer = client.dcc->priv->gl_draw_ongoing && !unsent;
            client.dcc->priv->gl_draw_ongoing = false;
        }
    }
    return former;
}

} // namespace red

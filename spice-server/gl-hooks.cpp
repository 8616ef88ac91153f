/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "gl-hooks.h"

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-display.hpp"
#include "gl-hw-stream.hpp"
#include "red-qxl.h"

namespace red {

GlDisplay *gl_display(QXLInstance *qxl)
{
    return red_qxl_get_gl(qxl);
}

static GlDisplay *gl_display(DisplayChannel *display)
{
    return gl_display(display->priv->qxl);
}

static GlDisplay *gl_display(DisplayChannelClient *dcc)
{
    return gl_display(DCC_TO_DC(dcc));
}

bool gl_hook_scanout(DisplayChannel *display)
{
    return gl_display(display);
}

bool gl_hook_draw(DisplayChannel *display)
{
    auto gl = gl_display(display);
    if (gl) {
        red_qxl_gl_draw_async_complete(display->priv->qxl);
    }
    return gl;
}

bool gl_hook_draw_done(DisplayChannel *display)
{
    auto gl = gl_display(display);
    if (gl) {
        gl->local_client_done(display);
    }
    return gl;
}

bool gl_hook_defers_start(DisplayChannelClient *dcc)
{
    return gl_display(dcc);
}

void gl_hook_client_migrated(DisplayChannelClient *dcc)
{
    auto gl = gl_display(dcc);
    if (!gl) {
        return;
    }
    gl->client_started(dcc);
    auto surface = DCC_TO_DC(dcc)->priv->surfaces[0];
    if (surface && !gl_hook_no_surfaces(dcc)) {
        display_channel_current_flush(DCC_TO_DC(dcc), surface);
        dcc_create_surface(dcc, surface);
        dcc_push_surface_image(dcc, surface);
    }
}

void gl_hook_client_started(DisplayChannelClient *dcc)
{
    if (auto gl = gl_display(dcc)) {
        gl->client_started(dcc);
    }
}

void gl_hook_client_stopped(DisplayChannelClient *dcc)
{
    if (auto gl = gl_display(dcc)) {
        gl->client_stopped(dcc);
    }
}

void gl_hook_client_migrates(DisplayChannelClient *dcc)
{
    auto gl = gl_display(dcc);
    auto client = gl ? gl->paths().find(dcc) : nullptr;
    if (client) {
        gl->card().leave(dcc);
        client->leaving = true;
    }
}

bool gl_hook_allows_local(DisplayChannelClient *dcc)
{
    auto gl = gl_display(dcc);
    return !gl || gl->paths().allows_local();
}

bool gl_hook_no_surfaces(DisplayChannelClient *dcc)
{
    auto gl = gl_display(dcc);
    auto client = gl ? gl->paths().find(dcc) : nullptr;
    return gl && (GlPath::is_local(dcc) || !client || client->leaving);
}

bool gl_hook_no_streams(DisplayChannelClient *dcc)
{
    auto gl = gl_display(dcc);
    return gl && (gl_hook_no_surfaces(dcc) || gl->card().keeps_from_streams(dcc));
}

bool gl_hook_skips_pictures(DisplayChannelClient *dcc)
{
    auto gl = gl_display(dcc);
    return gl && (gl->paths().skips_pictures(dcc) || gl->card().moves(dcc));
}

bool gl_hook_drops(DisplayChannelClient *dcc, const RedPipeItem *item)
{
    auto gl = gl_display(dcc);
    return gl && (gl->paths().drops(dcc, item) ||
                  (GlPath::is_picture(item) && gl->card().moves(dcc)));
}

bool gl_hook_marshall(DisplayChannelClient *dcc, RedPipeItem *item)
{
    if (!GlStreamItem::is(item)) {
        return false;
    }
    gl_marshall_stream(dcc, static_cast<GlStreamItem *>(item));
    return true;
}

void gl_hook_sending(DisplayChannelClient *dcc, const RedPipeItem *item)
{
    if (auto gl = gl_display(dcc)) {
        gl->paths().sending(dcc, item);
    }
}

void gl_hook_acknowledged(DisplayChannelClient *dcc)
{
    if (auto gl = gl_display(dcc)) {
        gl->client_acknowledged(dcc);
    }
}

void gl_hook_adjust_head(DisplayChannelClient *dcc, SpiceHead *head)
{
    auto gl = gl_display(dcc);
    /* A remote client's surface is the visible part alone */
    if (gl && !GlPath::is_local(dcc)) {
        head->x = head->y = 0;
    }
}

bool gl_hook_has_display(QXLInstance *qxl)
{
    return gl_display(qxl);
}

bool gl_hook_settles(DisplayChannel *display)
{
    return gl_display(display);
}

void gl_hook_worker_stopping(QXLInstance *qxl)
{
    if (auto gl = gl_display(qxl)) {
        gl->worker_stopping();
    }
}

bool gl_hook_size(QXLInstance *qxl, int *width, int *height)
{
    auto gl = gl_display(qxl);
    return gl && gl->size(width, height);
}

void gl_hook_destroy(QXLInstance *qxl)
{
    delete gl_display(qxl);
    red_qxl_set_gl(qxl, nullptr);
}

} // namespace red

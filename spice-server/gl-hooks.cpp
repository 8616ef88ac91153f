/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-hooks.h"

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-display.hpp"
#include "gl-item.hpp"
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

bool gl_hook_answers_late(DisplayChannelClient *dcc)
{
    auto gl = gl_display(dcc);
    return gl && gl->client_answers_late(dcc);
}

bool gl_hook_defers_start(DisplayChannelClient *dcc)
{
    return gl_display(dcc);
}

void gl_hook_client_migrated(DisplayChannelClient *dcc)
{
    gl_hook_client_started(dcc);
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
    if (auto gl = gl_display(dcc)) {
        gl->client_leaves(dcc);
    }
}

bool gl_hook_allows_local(DisplayChannelClient *dcc)
{
    auto gl = gl_display(dcc);
    return !gl || gl->paths().allows_local(dcc);
}

bool gl_hook_marshall(DisplayChannelClient *dcc, RedPipeItem *item)
{
    if (!GlItem::is(item)) {
        return false;
    }
    gl_marshall(dcc, static_cast<GlItem *>(item));
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

bool gl_hook_pong(DisplayChannelClient *dcc, const SpiceMsgPing *ping)
{
    auto gl = gl_display(dcc);
    return gl && gl->client_pong(dcc, ping->id);
}

bool gl_hook_report(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport *report)
{
    auto gl = gl_display(dcc);
    return gl && gl->client_report(dcc, *report);
}

void gl_hook_window(DisplayChannelClient *dcc)
{
    /* Far more than is ever in flight to a remote client, for which gl-rate is the limit */
    constexpr uint32_t LIMIT = 1000;

    if (gl_display(dcc)) {
        dcc->ack_set_client_window(1);
        dcc->ack_set_limit(LIMIT);
    }
}

void gl_hook_adjust_head(DisplayChannelClient *dcc, SpiceHead *head)
{
    auto gl = gl_display(dcc);
    /* A remote client's surface is just the visible part */
    if (gl && !GlPath::is_local(dcc)) {
        head->x = head->y = 0;
    }
}

bool gl_hook_has_display(QXLInstance *qxl)
{
    return gl_display(qxl);
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

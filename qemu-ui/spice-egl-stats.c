/*
 * query-spice: displays that scan out EGL images, and their clients
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/util.h"
#include "ui/egl-platform.h"
#include "spice-egl.h"
#include "spice-egl-stats.h"
#include "spice-gl-api.h"

SpiceDisplayPath spice_egl_path_of(uint32_t path)
{
    switch (path) {
    case QXL_GL_PATH_LOCAL:
        return SPICE_DISPLAY_PATH_LOCAL;
    case QXL_GL_PATH_SOFTWARE:
        return SPICE_DISPLAY_PATH_SOFTWARE;
    case QXL_GL_PATH_IMAGE:
        return SPICE_DISPLAY_PATH_IMAGE;
    case QXL_GL_PATH_HARDWARE:
        return SPICE_DISPLAY_PATH_HARDWARE;
    default:
        return SPICE_DISPLAY_PATH_NONE;
    }
}

SpiceDisplayCodec spice_egl_codec_of(uint32_t codec)
{
    switch (codec) {
    case SPICE_VIDEO_CODEC_TYPE_MJPEG:
        return SPICE_DISPLAY_CODEC_MJPEG;
    case SPICE_VIDEO_CODEC_TYPE_VP8:
        return SPICE_DISPLAY_CODEC_VP8;
    case SPICE_VIDEO_CODEC_TYPE_H264:
        return SPICE_DISPLAY_CODEC_H264;
    case SPICE_VIDEO_CODEC_TYPE_VP9:
        return SPICE_DISPLAY_CODEC_VP9;
    case SPICE_VIDEO_CODEC_TYPE_H265:
        return SPICE_DISPLAY_CODEC_H265;
    default:
        return SPICE_DISPLAY_CODEC_UNKNOWN;
    }
}

static SpiceEglPlatform platform_in_use(void)
{
    const char *name = qemu_egl_platform_name();

    return qapi_enum_parse(&SpiceEglPlatform_lookup, name,
                           SPICE_EGL_PLATFORM_UNKNOWN, NULL);
}

static SpiceDisplayLink *link_of(const QXLGLClientStats *stats)
{
    SpiceDisplayLink *link;

    if (!stats->round_trip_ns) {
        return NULL;
    }
    link = g_new0(SpiceDisplayLink, 1);
    link->bit_rate = stats->video_bit_rate;
    link->round_trip_ns = stats->round_trip_ns;
    link->bytes_in_flight = stats->bytes_in_flight;
    link->frames_per_second = stats->frames_per_second;
    link->frames_late = stats->frames_late;
    return link;
}

static SpiceDisplayClient *client_of(const QXLGLClientStats *stats)
{
    SpiceDisplayClient *client = g_new0(SpiceDisplayClient, 1);

    client->connection_id = (int)stats->connection_id; /* sign as in channels */
    client->path = spice_egl_path_of(stats->path);
    client->has_codec = stats->codec != 0;
    client->codec = spice_egl_codec_of(stats->codec);
    client->frames = stats->frames;
    client->bytes = stats->bytes;
    client->path_changes = stats->path_changes;
    client->path_reason = g_strdup(stats->path_reason);
    client->codec_reason = g_strdup(stats->codec_reason);
    client->link = link_of(stats);
    return client;
}

/* Also fills in @stats, by the same call */
QEMU_DISABLE_CFI
static SpiceDisplayClientList *clients_of(QXLInstance *qxl, QXLGLStats *stats)
{
    g_autofree QXLGLClientStats *clients = NULL;
    SpiceDisplayClientList *list = NULL, **tail = &list;
    uint32_t i, n = 0, room;

    if (qemu_spice_gl_api()->get_stats(qxl, stats, NULL, &n) < 0 || n == 0) {
        return NULL;
    }
    room = n;
    clients = g_new0(QXLGLClientStats, room);
    for (i = 0; i < room; i++) {
        clients[i].size = sizeof(clients[i]);
    }
    stats->size = sizeof(*stats);
    if (qemu_spice_gl_api()->get_stats(qxl, stats, clients, &n) < 0) {
        return NULL;
    }
    for (i = 0; i < MIN(n, room); i++) {
        QAPI_LIST_APPEND(tail, client_of(&clients[i]));
    }
    return list;
}

QEMU_DISABLE_CFI
static char *server_version(void)
{
    typeof(spice_qxl_gl_version) *version =
        qemu_spice_gl_function("spice_qxl_gl_version");

    return version ? g_strdup(version()) : NULL;
}

static SpiceDisplay *display_of(SpiceEgl *egl)
{
    SpiceDisplay *display = g_new0(SpiceDisplay, 1);
    QXLInstance *qxl = &egl->ssd->qxl;
    QXLGLStats stats = { .size = sizeof(stats) };

    display->id = qxl->id;
    display->head = qemu_console_get_head(egl->ssd->dcl.con);
    display->egl_platform = platform_in_use();
    display->egl_node = g_strdup(qemu_egl_platform_node());
    display->egl_renderer = g_strdup(qemu_egl_platform_renderer() ?:
                                     "unknown");
    display->egl_initialized = qemu_egl_platform_initialized();

    display->clients = clients_of(qxl, &stats);
    display->scanouts = stats.scanouts;
    display->draws = stats.draws;
    display->draws_unseen = stats.draws_unseen;
    display->draws_late = stats.draws_late;
    display->draws_unanswered = egl->draws.unanswered;
    display->images = stats.images;
    display->images_imported = stats.images_imported;
    display->prime_exports = stats.prime_exports;
    display->readbacks = stats.readbacks;
    display->readback_bytes = stats.readback_bytes;
    display->longest_draw_ns = stats.longest_draw_ns;
    display->longest_block_ns = egl->longest_block_ns;
    display->block_ns = egl->block_ns;
    display->server_version = server_version();
    return display;
}

SpiceDisplayList *qemu_spice_egl_query_displays(void)
{
    SpiceDisplayList *list = NULL, **tail = &list;
    SpiceEgl *egl;

    QTAILQ_FOREACH(egl, &spice_egl_displays, next) {
        QAPI_LIST_APPEND(tail, display_of(egl));
    }
    return list;
}

/*
 * What query-spice tells about displays that scan out EGL images
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
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

const char *spice_egl_codec_of(uint32_t codec)
{
    switch (codec) {
    case 0:
        return NULL;
    case SPICE_VIDEO_CODEC_TYPE_MJPEG:
        return "mjpeg";
    case SPICE_VIDEO_CODEC_TYPE_VP8:
        return "vp8";
    case SPICE_VIDEO_CODEC_TYPE_H264:
        return "h264";
    case SPICE_VIDEO_CODEC_TYPE_VP9:
        return "vp9";
    case SPICE_VIDEO_CODEC_TYPE_H265:
        return "h265";
    default:
        return "unknown";
    }
}

static SpiceDisplayClient *client_of(const QXLGLClientStats *stats)
{
    SpiceDisplayClient *client = g_new0(SpiceDisplayClient, 1);

    client->connection_id = (int)stats->connection_id; /* as in channels */
    client->path = spice_egl_path_of(stats->path);
    client->codec = g_strdup(spice_egl_codec_of(stats->codec));
    client->frames = stats->frames;
    client->bytes = stats->bytes;
    return client;
}

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

static SpiceDisplay *display_of(SpiceEgl *egl)
{
    SpiceDisplay *display = g_new0(SpiceDisplay, 1);
    QXLInstance *qxl = &egl->ssd->qxl;
    QXLGLStats stats = { .size = sizeof(stats) };

    display->id = qxl->id;
    display->head = qemu_console_get_head(egl->ssd->dcl.con);
    display->egl_platform = g_strdup(qemu_egl_platform_name() ?: "unknown");
    display->egl_node = g_strdup(qemu_egl_platform_node());
    display->egl_renderer = g_strdup(qemu_egl_platform_renderer() ?:
                                     "unknown");
    display->egl_initialized = qemu_egl_platform_initialized();

    display->clients = clients_of(qxl, &stats);
    display->scanouts = stats.scanouts;
    display->draws = stats.draws;
    display->draws_unseen = stats.draws_unseen;
    display->images = stats.images;
    display->images_imported = stats.images_imported;
    display->prime_exports = stats.prime_exports;
    display->readbacks = stats.readbacks;
    display->readback_bytes = stats.readback_bytes;
    display->longest_draw_ns = stats.longest_draw_ns;
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

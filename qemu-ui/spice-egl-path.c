/*
 * How clients of displays that scan out EGL images are served
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "spice-egl.h"
#include "spice-egl-path.h"
#include "spice-egl-stats.h"
#include "spice-gl-api.h"
#include "trace.h"

/* In a thread of spice-server's */
static void path_changed(QXLInstance *qxl, const QXLGLPathChange *change,
                         void *opaque)
{
    trace_qemu_spice_egl_path(
        qxl->id, change->connection_id,
        SpiceDisplayPath_str(spice_egl_path_of(change->from)),
        SpiceDisplayPath_str(spice_egl_path_of(change->to)),
        spice_egl_codec_of(change->codec) ?: "no video", change->reason);
}

QEMU_DISABLE_CFI
void qemu_spice_egl_watch_paths(SimpleSpiceDisplay *ssd)
{
    typeof(spice_qxl_gl_set_path_callback) *set =
        qemu_spice_gl_function("spice_qxl_gl_set_path_callback");

    if (ssd->egl && set) {
        set(&ssd->qxl, path_changed, NULL);
    }
}

static void add_link(SpiceDisplayClient *client, const QXLGLClientStats *stats)
{
    if (stats->round_trip_ns) {
        client->link = g_new0(SpiceDisplayLink, 1);
        client->link->bit_rate = stats->video_bit_rate;
        client->link->round_trip_ns = stats->round_trip_ns;
        client->link->bytes_in_flight = stats->bytes_in_flight;
        client->link->frames_per_second = stats->frames_per_second;
        client->link->frames_late = stats->frames_late;
    }
}

static void add_to_client(SpiceDisplayClient *client,
                          const QXLGLClientStats *stats, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        if ((int)stats[i].connection_id == client->connection_id) {
            client->path_changes = stats[i].path_changes;
            client->path_reason = g_strdup(stats[i].path_reason);
            client->codec_reason = g_strdup(stats[i].codec_reason);
            add_link(client, &stats[i]);
            return;
        }
    }
}

QEMU_DISABLE_CFI
static void add_to_display(SpiceDisplay *display, SpiceEgl *egl)
{
    QXLGLStats stats = { .size = sizeof(stats) };
    g_autofree QXLGLClientStats *clients = NULL;
    SpiceDisplayClientList *client;
    uint32_t i, n = 0, room;

    display->longest_block_ns = egl->longest_block_ns;
    display->block_ns = egl->block_ns;
    display->draws_unanswered = egl->draws_unanswered;
    qemu_spice_gl_api()->get_stats(&egl->ssd->qxl, &stats, NULL, &n);
    room = n;
    clients = g_new0(QXLGLClientStats, room);
    for (i = 0; i < room; i++) {
        clients[i].size = sizeof(clients[i]);
    }
    stats.size = sizeof(stats);
    qemu_spice_gl_api()->get_stats(&egl->ssd->qxl, &stats, clients, &n);
    display->draws_late = stats.draws_late;
    for (client = display->clients; client; client = client->next) {
        add_to_client(client->value, clients, MIN(n, room));
    }
}

void qemu_spice_egl_query_paths(SpiceDisplayList *displays)
{
    SpiceEgl *egl;

    QTAILQ_FOREACH(egl, &spice_egl_displays, next) {
        if (displays) {
            add_to_display(displays->value, egl);
            displays = displays->next;
        }
    }
}

/*
 * "info spice": displays that scan out EGL images
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "spice-egl-stats.h"

#ifdef CONFIG_SPICE_QXL_GL

static void print_client(Monitor *mon, const SpiceDisplayClient *client)
{
    monitor_printf(mon, "      client: session %" PRId64 ", %s%s%s, %" PRIu64
                   " frames, %" PRIu64 " bytes\n", client->connection_id,
                   SpiceDisplayPath_str(client->path),
                   client->has_codec ? " " : "",
                   client->has_codec ? SpiceDisplayCodec_str(client->codec)
                                     : "",
                   client->frames, client->bytes);
}

static void print_display(Monitor *mon, const SpiceDisplay *display)
{
    SpiceDisplayClientList *client;

    monitor_printf(mon, "Display: %" PRId64 "\n", display->id);
    monitor_printf(mon, "         egl: %s, %s\n",
                   SpiceEglPlatform_str(display->egl_platform),
                   display->egl_renderer);
    monitor_printf(mon, "    scanouts: %" PRIu64 " of %" PRIu64 " images\n",
                   display->scanouts, display->images_imported);
    monitor_printf(mon, "       draws: %" PRIu64 ", %" PRIu64 " of them unseen"
                   ", longest %" PRIu64 " us\n", display->draws,
                   display->draws_unseen, display->longest_draw_ns / 1000);
    monitor_printf(mon, "     exports: %" PRIu64 "\n", display->prime_exports);
    monitor_printf(mon, "   readbacks: %" PRIu64 ", %" PRIu64 " bytes\n",
                   display->readbacks, display->readback_bytes);
    for (client = display->clients; client; client = client->next) {
        print_client(mon, client->value);
    }
}

void hmp_info_spice_displays(Monitor *mon, const SpiceInfo *info)
{
    SpiceDisplayList *display;

    for (display = info->displays; display; display = display->next) {
        print_display(mon, display->value);
    }
}

#else

void hmp_info_spice_displays(Monitor *mon, const SpiceInfo *info)
{
}

#endif

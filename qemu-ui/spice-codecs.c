/*
 * The video codecs that SPICE clients may be sent
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "spice-codecs.h"

static const struct {
    const char *codec;
    const char *encoder;
} known[] = {
    { "mjpeg", "spice" },
    { "vp8", "gstreamer" },
    { "vp9", "gstreamer" },
    { "h264", "gstreamer" },
};

static const char *encoder_of(const char *codec)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(known); i++) {
        if (g_str_equal(known[i].codec, codec)) {
            return known[i].encoder;
        }
    }
    return NULL;
}

/* Adds @codec with its encoder; false if @codec is unknown */
static bool add_codec(GString *list, const char *codec)
{
    g_auto(GStrv) words = g_strsplit(codec, ":", 2);
    const char *name = words[0] && words[1] ? words[1] : codec;
    const char *encoder = encoder_of(name);

    if (!encoder) {
        return false;
    }
    g_string_append_printf(list, "%s%s:%s", list->len ? ";" : "",
                           name == codec ? encoder : words[0], name);
    return true;
}

bool qemu_spice_set_video_codecs(SpiceServer *server, const char *codecs,
                                 Error **errp)
{
    g_auto(GStrv) names = g_strsplit(codecs, ";", -1);
    g_autoptr(GString) list = g_string_new(NULL);
    size_t i;

    for (i = 0; names[i]; i++) {
        if (!add_codec(list, names[i])) {
            error_setg(errp, "video-codec=%s: unknown codec '%s', not one of "
                       "mjpeg, vp8, vp9 and h264", codecs, names[i]);
            return false;
        }
    }
    if (i == 0) {
        error_setg(errp, "video-codec= lists no codec");
        return false;
    }
    if (spice_server_set_video_codecs(server, list->str) != 0) {
        error_setg(errp, "video-codec=%s: spice-server has none of these "
                   "encoders", codecs);
        return false;
    }
    return true;
}

/*
 * The video codecs that SPICE clients may be sent
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_CODECS_H
#define UI_SPICE_CODECS_H

#include <spice.h>

#include "qapi/error.h"

/*
 * @codecs: codec names in order of preference, separated by semicolons.  Each
 * is either "encoder:codec", as for spice_server_set_video_codecs(), or just a
 * codec, in which case this function chooses the encoder.  Call this from the
 * main thread, before any client connects.  Returns false if QEMU does not
 * know one of the codecs, in which case @server is unchanged, or if
 * spice-server supports none of them.  Those that it does not support are
 * skipped with a warning.
 */
bool qemu_spice_set_video_codecs(SpiceServer *server, const char *codecs,
                                 Error **errp);

#endif /* UI_SPICE_CODECS_H */

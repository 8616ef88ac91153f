/*
 * Which video codecs SPICE clients may be sent
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_CODECS_H
#define UI_SPICE_CODECS_H

#include <spice.h>

#include "qapi/error.h"

/*
 * @codecs: names of codecs, the best first, separated by semicolons; each
 * may be "encoder:codec" as for spice_server_set_video_codecs(), or a codec
 * alone, for which the encoder is chosen here.  Main thread, before there
 * are clients.  Returns false if one of them is unknown to QEMU, when @server
 * stays as it was, or to spice-server, when it has the others.
 */
bool qemu_spice_set_video_codecs(SpiceServer *server, const char *codecs,
                                 Error **errp);

#endif /* UI_SPICE_CODECS_H */

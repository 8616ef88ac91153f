/*
 * A Unix socket for SPICE clients, next to the TCP ports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_UNIX_H
#define UI_SPICE_UNIX_H

/**
 * qemu_spice_unix_listen:
 * @path: file name of the socket; one that is there already is replaced, any
 *        other file is an error
 *
 * Clients that connect are handed to spice-server, which authenticates them as
 * it does those of its own sockets.  The socket is removed at exit, also after
 * a change of the root directory, if QEMU's user may do so then.  To be called
 * once, after spice_server_init().
 */
bool qemu_spice_unix_listen(const char *path, Error **errp);

#endif /* UI_SPICE_UNIX_H */

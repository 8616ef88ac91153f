/*
 * A Unix socket for SPICE clients, next to the TCP ports
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_UNIX_H
#define UI_SPICE_UNIX_H

/**
 * qemu_spice_unix_listen:
 * @path: file name of the socket; an existing socket is replaced, any other
 *        existing file is an error
 *
 * Clients that connect are passed to spice-server, which authenticates them
 * like those of its own sockets.  The socket is removed at exit, even after a
 * change of the root directory, if QEMU's user still has permission.  Must be
 * called once, after spice_server_init().
 */
bool qemu_spice_unix_listen(const char *path, Error **errp);

#endif /* UI_SPICE_UNIX_H */

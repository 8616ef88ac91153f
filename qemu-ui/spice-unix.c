/*
 * A Unix socket for SPICE clients, next to the TCP ports
 *
 * spice-server listens on TCP ports or on a Unix socket, not on both.  With GL
 * both are needed: the socket for local clients, the ports for remote ones.
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <glib-unix.h>
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/notify.h"
#include "qemu/sockets.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "system/system.h"
#include "ui/qemu-spice.h"
#include "spice-unix.h"

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

/* How long clients wait if this process has no descriptors left */
#define ACCEPT_AGAIN_MS 500

static struct {
    int fd;
    QEMUTimer *again;
    int dir_fd;                 /* survives chroot() */
    char *name;                 /* within dir_fd */
    struct stat st;
    Notifier exit;
} unix_socket;

static void accept_client(void *opaque);

static void listen_again(void *opaque)
{
    qemu_set_fd_handler(unix_socket.fd, accept_client, NULL, NULL);
}

/* The client stays in the socket's queue, which would wake us continuously */
static void accept_later(int reason)
{
    error_report_once("spice: accept on unix-path failed: %s",
                      strerror(reason));
    qemu_set_fd_handler(unix_socket.fd, NULL, NULL, NULL);
    timer_mod(unix_socket.again,
              qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + ACCEPT_AGAIN_MS);
}

static void accept_client(void *opaque)
{
    int fd = qemu_accept(unix_socket.fd, NULL, NULL);

    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            accept_later(errno);
        }
        return;
    }
    if (qemu_spice.display_add_client(fd, false, false) < 0) {
        close(fd);
    }
}

/* Leaves the socket alone if another QEMU has put its own in its place */
static void remove_socket(Notifier *notifier, void *opaque)
{
    struct stat st;

    if (fstatat(unix_socket.dir_fd, unix_socket.name, &st,
                AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_dev == unix_socket.st.st_dev &&
        st.st_ino == unix_socket.st.st_ino) {
        unlinkat(unix_socket.dir_fd, unix_socket.name, 0);
    }
}

static bool remember_socket(const char *path, Error **errp)
{
    g_autofree char *dir = g_path_get_dirname(path);

    unix_socket.name = g_path_get_basename(path);
    unix_socket.dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (unix_socket.dir_fd < 0 ||
        fstatat(unix_socket.dir_fd, unix_socket.name, &unix_socket.st,
                AT_SYMLINK_NOFOLLOW) < 0) {
        error_setg_errno(errp, errno, "spice: unix-path=%s", path);
        return false;
    }
    return true;
}

/* An existing socket will be replaced; any other existing file is an error */
static bool check_path(const char *path, Error **errp)
{
    struct stat st;

    if (!*path) {
        error_setg(errp, "spice: unix-path= needs the path of a socket");
        return false;
    }
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
        error_setg(errp, "spice: unix-path=%s exists and is not a socket",
                   path);
        return false;
    }
    return true;
}

bool qemu_spice_unix_listen(const char *path, Error **errp)
{
    ERRP_GUARD();
    SocketAddress addr = {
        .type = SOCKET_ADDRESS_TYPE_UNIX,
        .u.q_unix.path = (char *)path,
    };

    if (!check_path(path, errp)) {
        return false;
    }
    unix_socket.fd = socket_listen(&addr, 16, errp);
    if (unix_socket.fd < 0) {
        error_prepend(errp, "spice: unix-path=%s: ", path);
        return false;
    }
    if (!remember_socket(path, errp)) {
        close(unix_socket.fd);
        return false;
    }
    g_unix_set_fd_nonblocking(unix_socket.fd, true, NULL);
    unix_socket.again = timer_new_ms(QEMU_CLOCK_REALTIME, listen_again, NULL);
    listen_again(NULL);
    unix_socket.exit.notify = remove_socket;
    qemu_add_exit_notifier(&unix_socket.exit);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a server is, and a socket to it. */
#pragma once

#include <string>

struct Address {
    std::string host, port; /* empty for a Unix socket */
    std::string tls_port;   /* empty if there is none; then port may be */
    std::string path;
    /* The process ends when its standard input ends, even while it is connecting */
    bool ends_with_stdin = false;

    /* spice://HOST[:PORT][?tls-port=PORT] or spice+unix:///PATH; false if it is neither */
    bool parse(const std::string &uri);
    /* A connected socket to the path or the plain port, close-on-exec, that the caller owns; -1 with *why */
    int connect(std::string *why) const;
};

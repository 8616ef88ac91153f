/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets by their paths */
#pragma once

#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd.hpp"

/* False if the path is empty or longer than the kernel allows (107 bytes) */
bool unix_address(const std::string &path, sockaddr_un *address);

/* Neither waits nor throws: connected, or without a descriptor and with errno set */
Fd unix_connect(const sockaddr_un &address);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unix-socket.hpp"

#include <cstring>

bool unix_address(const std::string &path, sockaddr_un *address)
{
    *address = {};
    address->sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address->sun_path)) {
        return false;
    }
    memcpy(address->sun_path, path.c_str(), path.size());
    return true;
}

Fd unix_connect(const sockaddr_un &address)
{
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd && connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0) {
        return Fd();
    }
    return fd;
}

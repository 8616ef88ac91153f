/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether QEMU could listen there: tries it, and stops at once */
#include "host.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../unix-socket.hpp"

namespace {

/* 0, or why not */
int listen_error(int family, const sockaddr *address, socklen_t size)
{
    const Fd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (!fd) {
        return errno;
    }
    if (family != AF_UNIX) {
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    return bind(fd.get(), address, size) == 0 && listen(fd.get(), 1) == 0 ? 0 : errno;
}

int port_error(uint16_t number)
{
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(number);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    return listen_error(AF_INET, reinterpret_cast<const sockaddr *>(&address), sizeof(address));
}

Finding no_path(const std::string &what)
{
    return {State::problem, what, "the path of a Unix socket must be 1 to 107 bytes long", "choose a shorter path"};
}

/* There is a file with this path already. QEMU removes it, and listens there. */
Finding existing(const std::string &what, const sockaddr_un &address, const struct stat &info)
{
    if (!S_ISSOCK(info.st_mode)) {
        return {State::problem, what, "exists and is not a socket", "choose another path"};
    }
    if (unix_connect(address)) {
        return {State::problem, what, "another program listens on it", "stop that program, or choose another path"};
    }
    if (errno != ECONNREFUSED) {
        return {State::problem, what, strerror(errno), "choose a path that QEMU's user can write to"};
    }
    return {State::ok, what, "left behind by a program that has exited; QEMU will replace it", ""};
}

} // namespace

Finding port(const std::string &number)
{
    const std::string what = "port " + number;
    const int error = port_error(uint16_t(atoi(number.c_str())));
    if (error == EADDRINUSE) {
        return {State::problem, what, "another program listens on it",
                "choose another port; ss -ltnp shows which program it is"};
    }
    if (error) {
        return {State::problem, what, strerror(error), "choose a port above 1023"};
    }
    return {State::ok, what, "free", ""};
}

Finding unix_socket(const std::string &path)
{
    const std::string what = "socket " + path;
    sockaddr_un address;
    struct stat info = {};
    if (!unix_address(path, &address)) {
        return no_path(what);
    }
    if (lstat(path.c_str(), &info) == 0) {
        return existing(what, address, info);
    }
    const int error = listen_error(AF_UNIX, reinterpret_cast<const sockaddr *>(&address), sizeof(address));
    if (error) {
        return {State::problem, what, strerror(error),
                error == ENOENT ? "create its directory" : "choose a path in a directory QEMU's user can write to"};
    }
    unlink(path.c_str());
    return {State::ok, what, "available", ""};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool Address::parse(const std::string &uri)
{
    static const std::string tcp = "spice://", local = "spice+unix://";
    if (uri.compare(0, local.size(), local) == 0) {
        path = uri.substr(local.size());
        return !path.empty() && path.size() < sizeof(sockaddr_un::sun_path);
    }
    if (uri.compare(0, tcp.size(), tcp) != 0) {
        return false;
    }
    static const std::string tls = "?tls-port=";
    std::string rest = uri.substr(tcp.size());
    const auto query = rest.find('?');
    if (query != std::string::npos) {
        if (rest.compare(query, tls.size(), tls) != 0) {
            return false;
        }
        tls_port = rest.substr(query + tls.size());
        rest.resize(query);
    }
    const auto colon = rest.rfind(':');
    const bool has_port = colon != std::string::npos && rest.find(']', colon) == std::string::npos;
    host = rest.substr(0, has_port ? colon : std::string::npos);
    port = has_port ? rest.substr(colon + 1) : "";
    /* IPv6 addresses are in brackets */
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    return !host.empty() && (!port.empty() || !tls_port.empty());
}

static int connect_local(const std::string &path)
{
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof(address)) != 0) {
        const int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* Over a link that is cut this takes minutes. If standard input ends meanwhile, the client ends at
 * once, since there is nothing to report yet. */
static bool connect_unless_told_to_end(int fd, const addrinfo &to)
{
    const int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    int error = ::connect(fd, to.ai_addr, to.ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        pollfd watched[] = {{fd, POLLOUT, 0}, {STDIN_FILENO, 0, 0}};
        while (poll(watched, 2, -1) < 0 && errno == EINTR) {
        }
        socklen_t size = sizeof(error);
        if (!watched[0].revents) {
            exit(EXIT_SUCCESS);
        }
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    fcntl(fd, F_SETFL, flags);
    errno = error;
    return error == 0;
}

static int connect_tcp(const addrinfo *candidates, bool ends_with_stdin)
{
    for (const addrinfo *one = candidates; one; one = one->ai_next) {
        const int fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
        if (fd < 0) {
            continue;
        }
        if (ends_with_stdin ? connect_unless_told_to_end(fd, *one) :
                              ::connect(fd, one->ai_addr, one->ai_addrlen) == 0) {
            const int on = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            return fd;
        }
        const int error = errno;
        close(fd);
        errno = error;
    }
    return -1;
}

int Address::connect(std::string *why) const
{
    int fd = -1;
    if (!path.empty()) {
        fd = connect_local(path);
    } else {
        addrinfo hints = {}, *found = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
        if (error) {
            *why = host + ": " + gai_strerror(error);
            return -1;
        }
        fd = connect_tcp(found, ends_with_stdin);
        freeaddrinfo(found);
    }
    if (fd < 0) {
        *why = (path.empty() ? host + ":" + port : path) + ": " + strerror(errno);
    }
    return fd;
}

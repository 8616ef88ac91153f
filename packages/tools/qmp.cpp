/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp.hpp"

#include <cerrno>
#include <cstring>
#include <poll.h>

#include "failure.hpp"
#include "unix-socket.hpp"
#include "waiting.hpp"

/* QEMU's longest answer, its schema, is a fifth of that */
constexpr size_t LONGEST = 4 << 20;

Qmp Qmp::connect(const std::string &path, double seconds)
{
    sockaddr_un address;
    if (!unix_address(path, &address)) {
        throw Failure("not a valid path for a Unix socket: " + path);
    }
    Fd fd = unix_connect(address);
    if (!fd) {
        throw Failure("cannot connect to " + path + ": " + strerror(errno));
    }
    return Qmp(std::move(fd), seconds);
}

Qmp::Qmp(Fd connected, double seconds): fd(std::move(connected))
{
    const double deadline = now() + seconds;
    /* Events may come before it */
    while (!next(deadline)["QMP"]) {
    }
    execute("qmp_capabilities", deadline - now());
}

Value Qmp::execute(const std::string &command, double seconds)
{
    const double deadline = now() + seconds;
    const int64_t id = ++last_id;
    send("{\"execute\":" + quoted(command) + ",\"id\":" + std::to_string(id) + "}\n", deadline);
    for (;;) {
        const Value answer = next(deadline);
        if (answer["id"].number() != id) {
            continue;
        }
        if (answer["error"]) {
            throw Failure(command + ": " + answer["error"]["desc"].text());
        }
        return answer["return"];
    }
}

/* The next line, whatever it is */
Value Qmp::next(double deadline)
{
    size_t end;
    while ((end = received.find('\n')) == std::string::npos) {
        char some[65536];
        if (received.size() > LONGEST) {
            throw Failure("the monitor's answer is too long");
        }
        if (!wait_for(fd.get(), POLLIN, deadline)) {
            throw Failure("the monitor does not answer: QEMU hangs, or another program is connected to it");
        }
        const ssize_t size = recv(fd.get(), some, sizeof(some), MSG_DONTWAIT);
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
            throw Failure("the monitor has closed the connection");
        }
        received.append(some, size_t(size > 0 ? size : 0));
    }
    const std::string line = received.substr(0, end);
    received.erase(0, end + 1);
    return Value::parse(line);
}

void Qmp::send(const std::string &text, double deadline)
{
    for (size_t sent = 0; sent < text.size();) {
        if (!wait_for(fd.get(), POLLOUT, deadline)) {
            throw Failure("the monitor does not accept commands");
        }
        const ssize_t size =
            ::send(fd.get(), text.data() + sent, text.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0 && errno != EAGAIN && errno != EINTR) {
            throw Failure("the monitor has closed the connection");
        }
        sent += size_t(size > 0 ? size : 0);
    }
}

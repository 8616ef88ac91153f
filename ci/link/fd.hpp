/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file descriptor that is closed with its owner. */
#pragma once

#include <cerrno>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

class Fd
{
public:
    Fd() = default;
    explicit Fd(int fd): fd(fd) {}
    Fd(Fd &&other) noexcept: fd(std::exchange(other.fd, -1)) {}
    Fd &operator=(Fd &&other) noexcept
    {
        std::swap(fd, other.fd);
        return *this;
    }
    ~Fd()
    {
        if (fd >= 0) {
            close(fd);
        }
    }

    int get() const { return fd; }

private:
    int fd = -1;
};

[[noreturn]] inline void throw_errno(const std::string &what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

/* Takes the result of a call that returns a descriptor, or -1 with errno set */
inline Fd checked_fd(int fd, const std::string &what)
{
    if (fd < 0) {
        throw_errno(what);
    }
    return Fd(fd);
}

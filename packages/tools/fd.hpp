/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file descriptor with one owner */
#pragma once

#include <unistd.h>
#include <utility>

class Fd
{
public:
    explicit Fd(int number = -1): fd(number) {}
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
    explicit operator bool() const { return fd >= 0; }

private:
    int fd;
};

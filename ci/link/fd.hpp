/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors of calls that may fail, by exceptions */
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include "../../packages/tools/fd.hpp"

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

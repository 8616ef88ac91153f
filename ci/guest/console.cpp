/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console.hpp"

#include <cstdarg>
#include <cstdio>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

Console::Console(bool as_init): in(STDIN_FILENO), out(STDOUT_FILENO)
{
    if (!as_init) {
        return;
    }
    const int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct termios settings;
    if (tcgetattr(fd, &settings) == 0) {
        cfmakeraw(&settings);
        tcsetattr(fd, TCSANOW, &settings);
    }
    in = out = fd;
}

void Console::say(const char *format, ...)
{
    char text[512] = "SPICEGL ";
    const int prefix = 8;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text + prefix, sizeof(text) - prefix - 2, format, args);
    va_end(args);
    length = prefix + (length < int(sizeof(text)) - prefix - 2 ? length
                                                              : int(sizeof(text)) - prefix - 3);
    text[length++] = '\r';
    text[length++] = '\n';
    for (int done = 0; done < length;) {
        const ssize_t wrote = write(out, text + done, length - done);
        if (wrote <= 0) {
            return;
        }
        done += wrote;
    }
}

bool Console::fill()
{
    char bytes[256];
    const ssize_t got = read(in, bytes, sizeof(bytes));
    if (got <= 0) {
        return false;
    }
    pending.append(bytes, got);
    return true;
}

bool Console::next_line(std::string *line)
{
    const auto end = pending.find_first_of("\r\n");
    if (end == std::string::npos) {
        return false;
    }
    *line = pending.substr(0, end);
    pending.erase(0, end + 1);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines in and out: the serial console as init, standard input and output otherwise. */
#pragma once

#include <string>

class Console
{
public:
    /* Opens the serial console raw; without one, or with AS_INIT false, stdin and stdout */
    explicit Console(bool as_init);

    int input() const { return in; }
    /* "SPICEGL " + printf-style text + newline, in one write */
    void say(const char *format, ...) __attribute__((format(printf, 2, 3)));
    /* Reads what is there; false at the end of the input */
    bool fill();
    /* Takes the next whole line, without its end; false if there is none */
    bool next_line(std::string *line);

private:
    int in, out;
    std::string pending;
};

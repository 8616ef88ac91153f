/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines, read by GLib */
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <glib.h>

struct CommandLine {
    std::string usage;   /* what comes after the program's name */
    std::string summary; /* below that in --help */
    std::vector<GOptionEntry> entries; /* without the empty one at the end */
};

/* Returns the arguments that are not options. If the command line is wrong, prints why and ends the
 * program with 2. */
std::vector<std::string> parse(const CommandLine &line, int argc, char **argv);

/* Ends the program in the same way */
[[noreturn]] void usage_error(const std::string &why);

/* A copy, which is "" for null; frees the text, which GLib has allocated */
std::string taken(gchar *text);
std::vector<std::string> taken(gchar **texts);

/* Runs the program's work. A Failure is printed and ends it with 1, a signal as signals do. */
int guarded(const std::function<int()> &work);

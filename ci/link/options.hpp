/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the command line. */
#pragma once

#include <string>
#include <vector>

#include "link.hpp"

struct Options {
    Link::Settings link;
    bool hold = false, report = false;
    std::vector<char *> command;   /* ends with a null pointer */
};

/* Prints the reason and leaves on a bad command line */
Options parse_options(int argc, char **argv);

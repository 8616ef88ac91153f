/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages of QEMU and spice-server on stderr: which ones matter, and what to do */
#pragma once

#include <string>
#include <vector>

#include "finding.hpp"

/* Its lines, without the program's name in front, and warnings without the option */
std::vector<std::string> lines_of(const std::string &said);

/* Why QEMU has ended: all that is neither a warning nor a message, in one line */
std::string reason_in(const std::string &said);

/* The first line with these words, from them on; empty if there is none */
std::string line_with(const std::string &said, const std::string &words);

/* The remedy for a reason that QEMU has given */
std::string remedy_for(const std::string &reason);

/* Warnings that no other finding is about */
Findings other_warnings(const std::string &said);

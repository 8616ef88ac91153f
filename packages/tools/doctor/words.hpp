/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU and spice-server say on stderr: which of it matters, and what to do */
#pragma once

#include <string>
#include <vector>

#include "finding.hpp"

/* Each line of it, without the program's name in front; of a warning, without the option either */
std::vector<std::string> lines_of(const std::string &said);

/* Why it has ended: what is neither a warning nor a message; in one line */
std::string reason_in(const std::string &said);

/* The first line with these words, from them on; empty if there is none */
std::string line_with(const std::string &said, const std::string &words);

/* Of a reason that QEMU has given */
std::string remedy_for(const std::string &reason);

/* Warnings that no other finding is about */
Findings other_warnings(const std::string &said);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --full: the output of the archive's other programs, for a bug report */
#pragma once

#include <string>

#include "finding.hpp"

/* folder: looked for there first; node: empty if none is named */
Findings full_report(const std::string &folder, const std::string &node);

/* The program beside this one, or the first of that name in $PATH; the name alone if there is none */
std::string program_near(const std::string &folder, const std::string &name);

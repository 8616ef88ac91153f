/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table that spicegl-top shows, as text */
#pragma once

#include <string>
#include <vector>

#include "../displays.hpp"
#include "../rates.hpp"

/* Each display and, below it, a line for each of its clients */
std::string table(const std::vector<Display> &displays, const Rates &rates);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known about a link, as JSON in one line. */
#pragma once

#include <string>

#include "link.hpp"

/* How to get to both ends. NEEDS_USER: they belong to a user namespace. */
std::string report_ends(const Link &link, bool needs_user);
/* Conditions and counters of both ways, and the time; see Carrier::counters() */
std::string report_counters(Link &link);
/* The words to put before a command so that it runs at an end of the link */
std::string enter_words(const Netspace &net, bool needs_user, const char *separator);

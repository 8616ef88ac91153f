/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on standard input, each answered by one line of JSON on standard output. */
#pragma once

#include <functional>
#include <string>

#include "client.hpp"

extern const char *const CONTROL_HELP;

/* Starts listening in the default main context. QUIT is called on "quit" and at the end
 * of the input. CLIENT and QUIT must outlive the main loop. */
void listen_for_commands(Client &client, const std::function<void()> &quit);

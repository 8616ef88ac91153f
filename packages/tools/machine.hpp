/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A running QEMU: the Unix socket of its monitor (QMP), or libvirt:DOMAIN, which is queried by virsh */
#pragma once

#include <string>
#include <vector>

#include "value.hpp"

/* How long one answer may take, in seconds */
constexpr double ANSWER = 10;

/* The answer of query-spice. Throws Failure. */
Value query_spice(const std::string &machine);

/* Short names: the domain's, or the socket's without folder and ending; the whole path if another
 * name would be the same */
std::vector<std::string> machine_names(const std::vector<std::string> &machines);

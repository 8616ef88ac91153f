/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conclusions from QEMU's answers and messages */
#pragma once

#include <string>

#include "finding.hpp"
#include "trial.hpp"

/* Does this QEMU work, and does it have the queue? */
Finding program_verdict(const std::string &qemu, const Trial &bare);

/* The renderer, dma-bufs and encoders, and so how each client is served */
Findings rendering_verdict(const Trial &trial);

/* Whether QEMU's sandbox changes anything. without: the same trial without it. */
Finding sandbox_verdict(const Trial &with, const Trial &without);

/* Does QEMU render on the CPU? */
bool is_software(const Trial &trial);

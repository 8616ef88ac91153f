/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from what QEMU has answered and said */
#pragma once

#include <string>

#include "finding.hpp"
#include "trial.hpp"

/* Is it a QEMU that works, and with the queue? */
Finding program_verdict(const std::string &qemu, const Trial &bare);

/* On what it renders; dma-bufs, encoders, and so what each client gets */
Findings rendering_verdict(const Trial &trial);

/* Whether QEMU's sandbox changes anything. without: the same trial without it. */
Finding sandbox_verdict(const Trial &with, const Trial &without);

/* Does QEMU render on the CPU? */
bool is_software(const Trial &trial);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What spicegl-exporter writes, in Prometheus' text format */
#pragma once

#include <string>
#include <vector>

#include "../displays.hpp"

struct MachineState {
    std::string name;
    bool up = false; /* it has answered */
    std::vector<Display> displays;
};

/* In Prometheus' text format. Only what is there has a sample. */
std::string metrics(const std::vector<MachineState> &machines);

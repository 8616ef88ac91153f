/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What spicegl-doctor has found about one thing */
#pragma once

#include <string>
#include <vector>

enum class State { ok, warning, problem };

struct Finding {
    State state;
    std::string what, finding;
    std::string remedy; /* of warnings and problems */
};
using Findings = std::vector<Finding>;

/* One line for each, and the remedy below it; further lines of a finding are indented */
std::string as_text(const Findings &findings);

/* An array of objects with "what", "state", "finding" and "remedy" */
std::string as_json(const Findings &findings);

bool any_problem(const Findings &findings);

void append(Findings *to, const Findings &more);

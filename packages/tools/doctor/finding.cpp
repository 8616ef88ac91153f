/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding.hpp"

#include <algorithm>

#include "../value.hpp"

static const char *name_of(State state)
{
    switch (state) {
    case State::ok: return "ok";
    case State::warning: return "warning";
    case State::problem: return "problem";
    }
    return "";
}

static std::string indented(const std::string &text)
{
    std::string result;
    for (const char c : text) {
        result += c;
        if (c == '\n') {
            result += "    ";
        }
    }
    return result;
}

std::string as_text(const Findings &findings)
{
    std::string text;
    for (const auto &finding : findings) {
        std::string state = name_of(finding.state);
        state.resize(9, ' ');
        text += state + finding.what + ": " + indented(finding.finding) + "\n";
        if (!finding.remedy.empty()) {
            text += "  remedy: " + finding.remedy + "\n";
        }
    }
    return text;
}

std::string as_json(const Findings &findings)
{
    std::string text = "[";
    for (const auto &finding : findings) {
        text += std::string(text.size() > 1 ? "," : "") + "\n  {\"what\": " + quoted(finding.what) +
                ", \"state\": " + quoted(name_of(finding.state)) + ", \"finding\": " + quoted(finding.finding) +
                ", \"remedy\": " + quoted(finding.remedy) + "}";
    }
    return text + "\n]\n";
}

bool any_problem(const Findings &findings)
{
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding &finding) { return finding.state == State::problem; });
}

void append(Findings *to, const Findings &more)
{
    to->insert(to->end(), more.begin(), more.end());
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile.hpp"

#include <cmath>
#include <cstdlib>
#include <sstream>

static constexpr double MBIT = 1e6, MS = 1e6, KB = 1e3, SECOND = 1e9;

static Profile profile(const char *name, double rate, double delay, double jitter, double queue,
                       double loss, const char *whose)
{
    Profile made;
    made.name = name;
    made.down.rate = rate * MBIT;
    made.down.delay = std::llround(delay * MS);
    made.down.jitter = std::llround(jitter * MS);
    made.down.queue = size_t(queue * KB);
    made.down.loss = loss / 100;
    made.up = made.down;
    made.whose = whose;
    return made;
}

const std::vector<Profile> &named_profiles()
{
    static const std::vector<Profile> all = [] {
        std::vector<Profile> list = {
            /* Mbit/s, ms, ms, kB, % */
            profile("lan", 1000, 0.2, 0, 1000, 0, "wired office"),
            profile("wifi", 100, 2, 3, 250, 0, "home, campus"),
            profile("vpn", 50, 10, 1, 250, 0, "office over VPN"),
            profile("dsl", 20, 15, 1, 120, 0, "home"),
            profile("bloat", 20, 15, 0, 2000, 0, "home, behind a router with deep buffers"),
            profile("lte", 10, 35, 10, 250, 0.3, "phone"),
            profile("thin", 3, 40, 2, 64, 0, "hotel, or an uplink"),
            profile("steps", 50, 10, 0, 250, 0, "a concurrent download for a while"),
        };
        const auto duration = int64_t(6 * SECOND);
        list.back().steps = {{50 * MBIT, duration}, {4 * MBIT, duration}, {50 * MBIT, duration}};
        return list;
    }();
    return all;
}

const Profile *find_profile(const std::string &name)
{
    for (const auto &one : named_profiles()) {
        if (one.name == name) {
            return &one;
        }
    }
    return nullptr;
}

static bool parse_number(const std::string &text, double limit, double *number)
{
    char *end = nullptr;
    *number = strtod(text.c_str(), &end);
    return end != text.c_str() && !*end && *number >= 0 && *number <= limit;
}

bool set_condition(const std::string &key, const std::string &value, Conditions *down,
                   Conditions *up)
{
    const auto slash = value.find('/');
    const std::string words[] = {value.substr(0, slash),
                                 slash == std::string::npos ? value : value.substr(slash + 1)};
    Conditions *ways[] = {down, up};
    for (int i = 0; i < 2; i++) {
        double number;
        if (!parse_number(words[i], key == "loss" ? 100 : 1e6, &number)) {
            return false;
        }
        if (key == "rate") {
            ways[i]->rate = number * MBIT;
        } else if (key == "delay") {
            ways[i]->delay = std::llround(number * MS);
        } else if (key == "jitter") {
            ways[i]->jitter = std::llround(number * MS);
        } else if (key == "queue") {
            ways[i]->queue = size_t(number * KB);
        } else if (key == "loss") {
            ways[i]->loss = number / 100;
        } else {
            return false;
        }
    }
    return true;
}

bool parse_steps(const std::string &text, std::vector<Step> *steps)
{
    std::istringstream words(text);
    std::string word;
    steps->clear();
    while (std::getline(words, word, ',')) {
        const auto colon = word.find(':');
        double rate, seconds = 0;
        if (!parse_number(word.substr(0, colon), 1e6, &rate) ||
            (colon != std::string::npos &&
             !parse_number(word.substr(colon + 1), 1e6, &seconds))) {
            return false;
        }
        steps->push_back({rate * MBIT, std::llround(seconds * SECOND)});
    }
    return !steps->empty();
}

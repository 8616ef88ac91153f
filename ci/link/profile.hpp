/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The properties of links: named profiles, and conditions in text form. */
#pragma once

#include <string>
#include <vector>

#include "way.hpp"

struct Step {
    double rate;           /* bits per second, both ways */
    int64_t duration;      /* ns; the last step lasts forever */
};

struct Profile {
    std::string name;
    Conditions down, up;   /* down: from the server to the client */
    std::vector<Step> steps;
    std::string whose;     /* who has such a link */
};

const std::vector<Profile> &named_profiles();
/* Null if there is none of that name */
const Profile *find_profile(const std::string &name);

/* Sets rate (Mbit/s), delay or jitter (ms), queue (kB) or loss (%) to VALUE, or to DOWN/UP. False
 * if there is no such key, or if VALUE is not a sensible number. */
bool set_condition(const std::string &key, const std::string &value, Conditions *down,
                   Conditions *up);
/* "RATE:SECONDS,RATE:SECONDS,…" in Mbit/s; the last may lack its seconds */
bool parse_steps(const std::string &text, std::vector<Step> *steps);

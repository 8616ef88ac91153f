/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the command line. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ack-habit.hpp"
#include "address.hpp"

struct Settings {
    Address address;
    std::string uri, picture, json;          /* empty where not given, as for the next line */
    std::string user, password, ca_file;
    std::vector<int> codecs;
    int display = 0;
    int64_t frames = 0;       /* 0: no such condition, as for all below */
    double seconds = 0;
    int until_idle = 0;       /* milliseconds */
    uint32_t width = 0, height = 0;
    double timeout = 60;      /* seconds */
    int answer_after_ms = 0;
    std::string compared;     /* the guest's pattern */
    std::string netns, userns; /* files of namespaces to be in */
    AckHabit::Settings acks;
    bool no_reports = false;
    bool withhold = false, stop_reading = false, no_video = false, control = false, counter = false;
    bool direct = false, only = false;
};

/* Prints the reason and leaves on a bad command line */
Settings parse_settings(int argc, char **argv);

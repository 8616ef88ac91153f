/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* What a test orders from the VA double (ci/doubles/va), and what the double has seen. */
#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

class VaDouble
{
public:
    /* Before GStreamer is initialised: these are read once */
    static void announce(const std::string &elements)
    {
        setenv("VA_DOUBLE", elements.c_str(), 1);
    }

    VaDouble()
    {
        char folder[] = "/tmp/va-double-XXXXXX";
        path = mkdtemp(folder) ? folder : "/tmp";
        setenv("VA_DOUBLE_LOG", log_path().c_str(), 1);
        setenv("VA_DOUBLE_CONTROL", control_path().c_str(), 1);
    }
    ~VaDouble()
    {
        unlink(log_path().c_str());
        unlink(control_path().c_str());
        rmdir(path.c_str());
    }

    void order(const std::string &words) { std::ofstream(control_path()) << words; }

    /* The log's lines that begin with WORD */
    std::vector<std::string> lines(const std::string &word) const
    {
        std::vector<std::string> found;
        std::ifstream log(log_path());
        for (std::string line; std::getline(log, line); ) {
            if (line.compare(0, word.size(), word) == 0) {
                found.push_back(line);
            }
        }
        return found;
    }

private:
    std::string log_path() const { return path + "/log"; }
    std::string control_path() const { return path + "/control"; }
    std::string path;
};

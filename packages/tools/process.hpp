/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child process, which ends with this object. Times are seconds. */
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "fd.hpp"

class Process
{
public:
    struct Start {
        std::vector<std::string> words; /* the program, looked for in $PATH, and its arguments */
        std::vector<std::pair<std::string, std::string>> environment = {}; /* on top of ours */
        int passed = -1; /* becomes the child's descriptor PASSED_AS, if there is one */
    };
    static constexpr int PASSED_AS = 3;

    /* Throws Failure if there is no such program */
    explicit Process(const Start &start);
    /* By SIGTERM, and by SIGKILL after some seconds; its children as well */
    ~Process();
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;

    /* Whether it has ended by then */
    bool ends_until(double deadline);
    /* After its end: its exit status, or 128 + the signal */
    int status() const { return exit_status; }
    /* What it has written so far */
    std::string out() const;
    std::string err() const;

private:
    bool reap();

    Fd out_file, err_file;
    pid_t pid = 0; /* 0: it has ended, and its status has been read */
    int exit_status = -1;
};

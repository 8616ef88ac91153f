/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares pictures with the guest's own in a thread of its own with low priority: the client's next
 * picture must not wait for it. */
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "picture.hpp"
#include "quality.hpp"

class Comparer
{
public:
    struct Result {
        int64_t at, number;       /* as given to compare() */
        double psnr;              /* dB, see quality.hpp */
    };

    /* PATTERN: see quality.hpp */
    explicit Comparer(std::string pattern);
    ~Comparer();
    Comparer(const Comparer &) = delete;
    Comparer &operator=(const Comparer &) = delete;

    /* It is still comparing a picture, and accepts no other */
    bool busy() const;
    /* Not while it is busy */
    void compare(int64_t at, int64_t number, Picture &&picture);
    /* All results since the last call; waits for the present comparison */
    std::vector<Result> take();

private:
    void run();

    struct Job {
        int64_t at, number;
        Picture picture;
    };

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::optional<Job> job;
    bool stopping = false;
    std::vector<Result> results;
    Quality quality;              /* the thread's */
    std::thread thread;
};

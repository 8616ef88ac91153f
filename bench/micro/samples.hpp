/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times single operations. Google Benchmark times many at once, so that its repetitions give
 * medians of means, which hide the slowest of a hundred. Here each operation is a sample, from
 * which the counters median_ns, p99_ns and samples are made. */
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include <benchmark/benchmark.h>

/* For a benchmark with UseManualTime(). The destructor sets the counters. */
class Samples
{
public:
    explicit Samples(benchmark::State &of): state(of)
    {
        ns.reserve(std::min<benchmark::IterationCount>(state.max_iterations, 1 << 20));
    }
    ~Samples()
    {
        if (!ns.empty()) {
            state.counters["median_ns"] = quantile(50);
            state.counters["p99_ns"] = quantile(99);
            state.counters["samples"] = ns.size();
        }
    }
    Samples(const Samples &) = delete;
    Samples &operator=(const Samples &) = delete;

    /* Once per iteration. The time includes creating OPERATION's result, but not destroying it:
     * the caller does that. */
    template <typename Operation> auto time(Operation &&operation)
    {
        const Stopwatch watch(*this);
        return operation();
    }

private:
    using Clock = std::chrono::steady_clock;

    /* Stops when the returned value is there */
    struct Stopwatch {
        explicit Stopwatch(Samples &to): samples(to), start(Clock::now()) {}
        ~Stopwatch() { samples.add(Clock::now() - start); }
        Samples &samples;
        const Clock::time_point start;
    };

    void add(std::chrono::nanoseconds duration)
    {
        ns.push_back(duration.count());
        state.SetIterationTime(duration.count() * 1e-9);
    }

    /* The smallest sample that PERCENT of all samples do not exceed */
    double quantile(size_t percent)
    {
        const auto at = ns.begin() + (ns.size() * percent + 99) / 100 - 1;
        std::nth_element(ns.begin(), at, ns.end());
        return static_cast<double>(*at);
    }

    benchmark::State &state;
    std::vector<int64_t> ns;
};

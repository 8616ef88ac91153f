/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times single operations. Google Benchmark times many at once, so that its repetitions give
 * medians of means, in which the late one of a hundred is lost: here each operation is a sample,
 * and the counters median_ns, p99_ns and samples are about these. */
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include <benchmark/benchmark.h>

/* For a benchmark with UseManualTime(). Sets the counters when it goes. */
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

    /* Once in an iteration. What OPERATION returns is made within the time; when the caller
     * lets it go is his affair. */
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

    /* The smallest sample that PERCENT of all do not exceed */
    double quantile(size_t percent)
    {
        const auto at = ns.begin() + (ns.size() * percent + 99) / 100 - 1;
        std::nth_element(ns.begin(), at, ns.end());
        return static_cast<double>(*at);
    }

    benchmark::State &state;
    std::vector<int64_t> ns;
};

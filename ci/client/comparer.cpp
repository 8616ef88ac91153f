/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "comparer.hpp"

#include <sys/resource.h>

Comparer::Comparer(std::string pattern):
    quality(std::move(pattern)),
    thread(&Comparer::run, this)
{
}

Comparer::~Comparer()
{
    {
        std::lock_guard<std::mutex> guard(mutex);
        stopping = true;
    }
    changed.notify_all();
    thread.join();
}

bool Comparer::busy() const
{
    std::lock_guard<std::mutex> guard(mutex);
    return job.has_value();
}

void Comparer::compare(int64_t at, int64_t number, Picture &&picture)
{
    {
        std::lock_guard<std::mutex> guard(mutex);
        job = Job{at, number, std::move(picture)};
    }
    changed.notify_all();
}

std::vector<Comparer::Result> Comparer::take()
{
    std::unique_lock<std::mutex> guard(mutex);
    changed.wait(guard, [this] { return !job; });
    return std::exchange(results, {});
}

void Comparer::run()
{
    setpriority(PRIO_PROCESS, 0, 19); /* Linux: of this thread alone */
    std::unique_lock<std::mutex> guard(mutex);
    for (;;) {
        changed.wait(guard, [this] { return job || stopping; });
        if (stopping) {
            return;
        }
        guard.unlock(); /* no other thread touches the job until it is done */
        const double psnr = quality.psnr(job->picture, uint32_t(job->number));
        guard.lock();
        results.push_back({job->at, job->number, psnr});
        job.reset();
        changed.notify_all();
    }
}

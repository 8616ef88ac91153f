/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-encoder.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include <gst/gst.h>

namespace red {

using Clock = std::chrono::steady_clock;

namespace {

/* Belongs to a picture that is in the pipeline */
struct Kept {
    std::shared_ptr<const void> keeper;
    std::shared_ptr<std::atomic<bool>> abandoned;

    static void release(void *data);
};

/* No owner may be called back for these any more: they are kept forever */
struct Abandoned {
    std::mutex lock;
    std::vector<Kept *> kept;
};

void Kept::release(void *data)
{
    auto kept = static_cast<Kept *>(data);

    if (*kept->abandoned) {
        static auto abandoned = new Abandoned;
        std::lock_guard<std::mutex> guard(abandoned->lock);
        abandoned->kept.push_back(kept);
    } else {
        delete kept;
    }
}

} // namespace

/* Shared by the caller, the encoder's own thread, the pipeline's threads and the clock */
class GlEncoder::Run: public std::enable_shared_from_this<GlEncoder::Run>
{
public:
    Run(MakePipeline &&make_, Callbacks &&callbacks_):
        make(std::move(make_)), callbacks(std::move(callbacks_)) {}

    bool start(std::string *why);
    void push(GlEncoderPicture &&picture);
    void end();

    const std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);

    mutable std::mutex lock;
    std::condition_variable ending;
    std::unique_ptr<GlEncoderPipeline> pipeline; /* null until it is set up */
    std::deque<Clock::time_point> in_flight; /* when each picture entered the pipeline */
    std::optional<GlEncoderPicture> waiting;
    uint64_t replaced = 0;
    uint64_t bit_rate_wanted = 0;
    bool key_wanted = false;

private:
    void main();
    void feed();
    void encoded(std::vector<uint8_t> &&frame, bool key);
    void fail(const std::string &why);
    void watch();
    void look();

    MakePipeline make; /* null once it has been called */
    const Callbacks callbacks;
    std::mutex callback_lock; /* never taken with `lock` held */
    bool silent = false;      /* under callback_lock */

    /* under `lock` */
    Clock::time_point first_push;
    bool any_encoded = false, failed = false, ended = false, watched = false;
};

namespace {

/* Destroyed encoders whose threads have not ended. Never freed: these threads may outlive
 * everything else. */
struct Ending {
    std::mutex lock;
    std::condition_variable changed;
    std::map<void *, std::shared_ptr<std::atomic<bool>>> runs;
};

Ending &ending_runs()
{
    static auto runs = new Ending;
    return *runs;
}

} // namespace

/* ---- the encoder's own thread ---- */

bool GlEncoder::Run::start(std::string *why)
{
    auto self = new std::shared_ptr<Run>(shared_from_this());
    GError *error = nullptr;
    auto thread = g_thread_try_new("SPICE encoder", [](void *data) -> void * {
        std::unique_ptr<std::shared_ptr<Run>> run(static_cast<std::shared_ptr<Run> *>(data));
        (*run)->main();
        return nullptr;
    }, self, &error);

    if (!thread) {
        delete self;
        *why = error->message;
        g_error_free(error);
        return false;
    }
    g_thread_unref(thread);
    return true;
}

void GlEncoder::Run::main()
{
    GlEncoderPipeline::Handlers handlers;
    handlers.encoded = [this](std::vector<uint8_t> &&frame, bool key) {
        encoded(std::move(frame), key);
    };
    handlers.failed = [this](const std::string &why) { fail(why); };

    std::string why;
    auto made = make(std::move(handlers), &why);
    make = nullptr;
    if (!made) {
        fail(why);
    }
    {
        std::unique_lock<std::mutex> guard(lock);
        pipeline = std::move(made);
        if (pipeline && !ended) {
            feed();
        }
        ending.wait(guard, [this] { return ended; });
        made = std::move(pipeline);
    }
    made.reset(); // may hang

    auto &others = ending_runs();
    std::lock_guard<std::mutex> guard(others.lock);
    others.runs.erase(this);
    others.changed.notify_all();
}

/* ---- the caller's ---- */

/* Passes the waiting picture to the pipeline, if there is room. Under the lock; no call blocks. */
void GlEncoder::Run::feed()
{
    if (!pipeline || !waiting || failed || in_flight.size() >= MAX_IN_FLIGHT) {
        return;
    }
    if (bit_rate_wanted) {
        pipeline->set_bit_rate(bit_rate_wanted);
        bit_rate_wanted = 0;
    }
    if (key_wanted) {
        pipeline->force_key_frame();
        key_wanted = false;
    }
    auto picture = std::move(*waiting);
    waiting.reset();
    in_flight.push_back(Clock::now());
    auto kept = new Kept{ std::move(picture.keeper), abandoned };
    pipeline->push(picture, Kept::release, kept);
}

void GlEncoder::Run::push(GlEncoderPicture &&picture)
{
    std::optional<GlEncoderPicture> old; // dropped after the lock: may call the image's owner back
    std::lock_guard<std::mutex> guard(lock);
    if (failed) {
        old = std::move(picture);
        return;
    }
    if (waiting) {
        replaced++;
        old = std::move(waiting);
    }
    if (first_push == Clock::time_point()) {
        first_push = Clock::now();
    }
    waiting = std::move(picture);
    feed();
    watch();
}

void GlEncoder::Run::end()
{
    {
        std::lock_guard<std::mutex> guard(callback_lock);
        silent = true;
    }
    {
        auto &others = ending_runs();
        std::lock_guard<std::mutex> guard(others.lock);
        others.runs[this] = abandoned;
    }
    std::optional<GlEncoderPicture> old;
    std::lock_guard<std::mutex> guard(lock);
    old = std::move(waiting);
    waiting.reset();
    ended = true;
    ending.notify_all();
}

/* ---- the pipeline's threads ---- */

void GlEncoder::Run::encoded(std::vector<uint8_t> &&frame, bool key)
{
    {
        std::lock_guard<std::mutex> guard(lock);
        if (!in_flight.empty()) {
            in_flight.pop_front();
        }
        any_encoded = true;
        feed();
    }
    std::lock_guard<std::mutex> guard(callback_lock);
    if (!silent) {
        callbacks.encoded(std::move(frame), key);
    }
}

void GlEncoder::Run::fail(const std::string &why)
{
    std::optional<GlEncoderPicture> old;
    {
        std::lock_guard<std::mutex> guard(lock);
        if (failed || ended) {
            return;
        }
        failed = true;
        old = std::move(waiting);
        waiting.reset();
    }
    std::lock_guard<std::mutex> guard(callback_lock);
    if (!silent) {
        silent = true;
        callbacks.failed(why);
    }
}

/* ---- the clock ---- */

/* Schedules a call of look() for when the oldest picture is due, or earlier. Under the lock. */
void GlEncoder::Run::watch()
{
    if (watched || failed || ended || (in_flight.empty() && !waiting)) {
        return;
    }
    watched = true;
    const auto now = Clock::now();
    const auto limit = std::chrono::milliseconds(STALL_MS);
    const auto due = any_encoded && !in_flight.empty() ? in_flight.front() + limit : now + limit;
    const auto left = std::max(due - now, Clock::duration::zero());

    auto clock = gst_system_clock_obtain();
    auto id = gst_clock_new_single_shot_id(clock, gst_clock_get_time(clock) +
        std::chrono::duration_cast<std::chrono::nanoseconds>(left).count());
    gst_clock_id_wait_async(id, [](GstClock *, GstClockTime, GstClockID, void *data) -> gboolean {
        if (auto self = static_cast<std::weak_ptr<Run> *>(data)->lock()) {
            self->look();
        }
        return TRUE;
    }, new std::weak_ptr<Run>(shared_from_this()), [](void *data) {
        delete static_cast<std::weak_ptr<Run> *>(data);
    });
    gst_clock_id_unref(id);
    gst_object_unref(clock);
}

void GlEncoder::Run::look()
{
    const char *why = nullptr;
    {
        std::lock_guard<std::mutex> guard(lock);
        const auto now = Clock::now();
        watched = false;
        if (!any_encoded && now >= first_push + std::chrono::milliseconds(START_MS)) {
            why = "the encoder produced no frame in the first 3 s";
        } else if (any_encoded && !in_flight.empty() &&
                   now >= in_flight.front() + std::chrono::milliseconds(STALL_MS)) {
            why = "the encoder stalled: no frame in 1 s";
        } else {
            watch();
        }
    }
    if (why) {
        fail(why);
    }
}

/* ---- the class ---- */

GlEncoder::GlEncoder(std::shared_ptr<Run> run_): run(std::move(run_)) {}

std::unique_ptr<GlEncoder> GlEncoder::create(MakePipeline &&make, Callbacks &&callbacks,
                                             std::string *why)
{
    auto run = std::make_shared<Run>(std::move(make), std::move(callbacks));
    if (!run->start(why)) {
        return {};
    }
    return std::unique_ptr<GlEncoder>(new GlEncoder(std::move(run)));
}

GlEncoder::~GlEncoder()
{
    run->end();
}

void GlEncoder::push(GlEncoderPicture &&picture)
{
    run->push(std::move(picture));
}

void GlEncoder::force_key_frame()
{
    std::lock_guard<std::mutex> guard(run->lock);
    run->key_wanted = true;
}

void GlEncoder::set_bit_rate(uint64_t bits_per_second)
{
    std::lock_guard<std::mutex> guard(run->lock);
    run->bit_rate_wanted = bits_per_second;
}

unsigned GlEncoder::pending() const
{
    std::lock_guard<std::mutex> guard(run->lock);
    return run->in_flight.size() + (run->waiting ? 1 : 0);
}

uint64_t GlEncoder::replaced() const
{
    std::lock_guard<std::mutex> guard(run->lock);
    return run->replaced;
}

bool GlEncoder::wait_ended(uint32_t ms)
{
    auto &others = ending_runs();
    std::unique_lock<std::mutex> guard(others.lock);
    const bool all = others.changed.wait_for(guard, std::chrono::milliseconds(ms),
                                             [&] { return others.runs.empty(); });
    for (auto &run : others.runs) {
        *run.second = true;
    }
    return all;
}

} // namespace red

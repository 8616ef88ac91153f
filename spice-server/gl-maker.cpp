/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-maker.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <glib.h>

#include "gl-draw.hpp"
#include "gl-lossless.hpp"
#include "gl-thread.hpp"

namespace red {

/* Budget of lossless images if nothing else is allowed */
static constexpr size_t NO_BUDGET = SIZE_MAX;

/* A JPEG of lower quality is not preferred to another codec */
static constexpr int COMPARED_QUALITY = 60;

/* Threads of all makers, including those that have been destroyed */
static std::mutex count_lock;
static std::condition_variable count_changed;
static unsigned int running_threads;

class GlMaker::Work
{
public:
    Work(std::shared_ptr<GlJpegShare> share_, std::function<void()> ready_):
        share(std::move(share_)), ready(std::move(ready_))
    {
    }

    static void *run(void *opaque);

    std::mutex lock;
    std::condition_variable changed;
    bool ended = false;
    std::optional<GlJob> job;
    Settings settings{};
    std::optional<GlBatch> batch;
    GlJpegQuality quality; /* of moving parts */

private:
    void loop();
    GlBatch make(const GlJob &job, const Settings &settings);
    void make_sharp(const GlJob &job, const GlLossless::Choice &choice, GlBatch *batch);
    void make_moving(const GlJob &job, GlBatch *batch);
    void try_jpeg(const GlFrame &frame, const GlRect &area);
    bool make_jpeg(const GlFrame &frame, const GlRect &area, int q, GlBatch *batch, size_t *size);

    const std::shared_ptr<GlJpegShare> share;
    const std::function<void()> ready;
    GlJpegQuality sharp_quality; /* of other changes, which will be lossless soon */
    GlJpeg jpeg;
    GlLossless lossless;
};

GlMaker::GlMaker(std::shared_ptr<GlJpegShare> share, std::function<void()> ready):
    work(std::make_shared<Work>(std::move(share), std::move(ready)))
{
}

GlMaker::~GlMaker()
{
    {
        std::lock_guard<std::mutex> guard(work->lock);
        work->ended = true;
    }
    work->changed.notify_one();
}

bool GlMaker::start(GlJob &&job, const Settings &settings)
{
    if (!started) {
        {
            std::lock_guard<std::mutex> guard(count_lock);
            running_threads++;
        }
        auto own = new std::shared_ptr<Work>(work);
        GThread *thread = g_thread_try_new("SPICE GL images", Work::run, own, nullptr);
        if (!thread) {
            delete own;
            std::lock_guard<std::mutex> guard(count_lock);
            running_threads--;
            return false;
        }
        g_thread_unref(thread);
        started = true;
    }
    working = true;
    {
        std::lock_guard<std::mutex> guard(work->lock);
        work->job = std::move(job);
        work->settings = settings;
    }
    work->changed.notify_one();
    return true;
}

std::optional<GlBatch> GlMaker::take()
{
    std::optional<GlBatch> batch;
    std::lock_guard<std::mutex> guard(work->lock);
    batch.swap(work->batch);
    working = working && !batch;
    return batch;
}

size_t GlMaker::jpeg_size(size_t pixels) const
{
    std::lock_guard<std::mutex> guard(work->lock);
    return work->quality.known() ? work->quality.expected(COMPARED_QUALITY, pixels) : 0;
}

bool GlMaker::wait_ended(uint32_t ms)
{
    std::unique_lock<std::mutex> guard(count_lock);
    return count_changed.wait_for(guard, std::chrono::milliseconds(ms),
                                  [] { return running_threads == 0; });
}

/* ---- the thread ---- */

void *GlMaker::Work::run(void *opaque)
{
    auto own = static_cast<std::shared_ptr<Work> *>(opaque);

    gl_let_wakers_go_on();
    (*own)->loop();
    delete own;
    std::lock_guard<std::mutex> guard(count_lock);
    running_threads--;
    count_changed.notify_all();
    return nullptr;
}

void GlMaker::Work::loop()
{
    std::unique_lock<std::mutex> guard(lock);

    for (;;) {
        changed.wait(guard, [this] { return ended || job; });
        if (ended) {
            return;
        }
        GlJob todo = std::move(*job);
        const Settings how = settings;
        job.reset();
        guard.unlock();
        GlBatch done = make(todo, how);
        todo = {}; // drops the frame
        guard.lock();
        batch = std::move(done);
        if (!ended) {
            ready(); // under the lock: never called after the maker's end
        }
    }
}

GlBatch GlMaker::Work::make(const GlJob &todo, const Settings &how)
{
    GlLossless::Choice choice;
    GlBatch made;

    choice.compression = how.compression;
    choice.lz4 = how.lz4;
    make_sharp(todo, choice, &made); // first: the echo of a key is small, and must not wait
    make_moving(todo, &made);
    if (!todo.trial.empty()) {
        try_jpeg(*todo.frame, todo.trial);
    }
    if (!todo.refine.empty()) {
        size_t done = lossless.images(*todo.frame, todo.refine, choice, todo.refine_bytes,
                                      &made.messages);
        if (done == 0 && made.messages.empty()) { // at least one
            made.messages.push_back(lossless.image(*todo.frame, todo.refine[0], choice));
            done = 1;
        }
        for (size_t i = 0; i < done; i++) {
            made.sent.lossless += todo.refine[i];
        }
    }
    for (const auto &message : made.messages) {
        made.bytes += message.body.size();
    }
    return made;
}

void GlMaker::Work::make_sharp(const GlJob &todo, const GlLossless::Choice &choice, GlBatch *made)
{
    const auto &areas = todo.sharp;

    if (areas.empty()) {
        return;
    }
    if (!todo.lossy) {
        size_t done = lossless.images(*todo.frame, areas, choice, todo.sharp_bytes,
                                      &made->messages);
        if (done == 0) {
            lossless.images(*todo.frame, { areas[0] }, choice, NO_BUDGET, &made->messages);
            done = 1;
        }
        for (size_t i = 0; i < areas.size(); i++) {
            (i < done ? made->sent.lossless : made->sent.unsent) += areas[i];
        }
        return;
    }
    if (lossless.all_images(*todo.frame, areas, choice, todo.sharp_bytes, &made->messages)) {
        for (const auto &area : areas) {
            made->sent.lossless += area;
        }
        return;
    }
    size_t pixels = 0;
    for (const auto &area : areas) {
        pixels += size_t{area.w} * area.h;
    }
    const int q = sharp_quality.choose(todo.sharp_bytes, pixels);
    size_t bytes = 0;
    for (const auto &area : areas) {
        size_t size = 0;
        const bool ok = make_jpeg(*todo.frame, area, q, made, &size);
        bytes += size;
        (ok ? made->sent.lossy : made->sent.unsent) += area;
    }
    sharp_quality.observed(q, bytes, pixels);
}

void GlMaker::Work::make_moving(const GlJob &todo, GlBatch *made)
{
    size_t pixels = 0, bytes = 0;
    int q;

    if (todo.moving.empty()) {
        return;
    }
    for (const auto &area : todo.moving) {
        pixels += size_t{area.w} * area.h;
    }
    {
        std::lock_guard<std::mutex> guard(lock);
        q = quality.choose(todo.moving_bytes, pixels);
    }
    for (const auto &area : todo.moving) {
        size_t size = 0;
        const bool ok = make_jpeg(*todo.frame, area, q, made, &size);
        bytes += size;
        (ok ? made->sent.lossy : made->sent.unsent) += area;
    }
    std::lock_guard<std::mutex> guard(lock);
    quality.observed(q, bytes, pixels);
}

void GlMaker::Work::try_jpeg(const GlFrame &frame, const GlRect &area)
{
    auto encoded = share->get(frame, area, COMPARED_QUALITY, &jpeg);
    if (encoded) {
        std::lock_guard<std::mutex> guard(lock);
        quality.observed(COMPARED_QUALITY, encoded->size(), size_t{area.w} * area.h);
    }
}

bool GlMaker::Work::make_jpeg(const GlFrame &frame, const GlRect &area, int q, GlBatch *made,
                              size_t *size)
{
    auto encoded = share->get(frame, area, q, &jpeg);
    if (!encoded) {
        return false;
    }
    *size = encoded->size();
    made->messages.push_back(gl_image_message(area, SPICE_IMAGE_TYPE_JPEG, *encoded));
    return true;
}

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-reader.hpp"

#include <algorithm>
#include <chrono>

#include "gl-thread.hpp"
#include "red-common.h"
#include "utils.h"

namespace red {

/* A GPU that takes longer than this to read a frame does not work */
static constexpr uint64_t READBACK_TIMEOUT_NS = NSEC_PER_SEC;
/* Frames are read at most this often, whatever the guest's rate; the last one is always read */
static constexpr uint64_t READBACK_INTERVAL_NS = NSEC_PER_SEC / 125;
/* A guest that draws more than 62 times a second is read 60 times a second, at an even pace: each
 * read delays one of its frames, and clients are shown no more */
static constexpr uint64_t FAST_DRAWS_NS = NSEC_PER_SEC / 62;
static constexpr uint64_t FAST_GUEST_INTERVAL_NS = NSEC_PER_SEC / 60;
/* Time until the next try if encoders are reading all frames */
static constexpr uint64_t BUSY_NS = 5 * NSEC_PER_MILLISEC;
/* A new scanout is usually followed by a draw; if it is not, it is read after this time */
static constexpr uint64_t UNDRAWN_NS = 10 * NSEC_PER_MILLISEC;
/* A guest that has drawn within this time is considered active. The thread then wakes up by itself
 * every LOOK_NS, and is woken for draws only: a scanout is usually followed by one, and each
 * wake-up takes the main loop's time. */
static constexpr uint64_t DRAWING_NS = 100 * NSEC_PER_MILLISEC;
static constexpr uint64_t LOOK_NS = 20 * NSEC_PER_MILLISEC;
/* Larger scanouts (than 8192x8192) are not read: several frames are kept, at 4 bytes per pixel */
static constexpr uint64_t MAX_PIXELS = 64 * 1024 * 1024;
/* A read that failed is retried after this time, whether the guest draws or not */
static constexpr uint64_t RETRY_NS = 200 * NSEC_PER_MILLISEC;

GlReader::GlReader(User &user_, std::unique_ptr<GlContext> &&context_):
    user(user_),
    context(std::move(context_))
{
}

GlReader::~GlReader()
{
    spice_warn_if_fail(!thread);
}

bool GlReader::start(std::string *why)
{
    GError *error = nullptr;

    thread = g_thread_try_new("SPICE GL reader", run, this, &error);
    if (!thread) {
        *why = error->message;
        g_error_free(error);
    }
    return thread;
}

void GlReader::stop()
{
    if (!thread) {
        return;
    }
    {
        std::lock_guard<std::mutex> guard(mutex);
        stopping = true;
    }
    wake.notify_one();
    g_thread_join(thread);
    thread = nullptr;
}

void GlReader::show(const GlScanout &next)
{
    GlScanout previous; // dropped after the lock: may call the owner of its image back
    {
        std::lock_guard<std::mutex> guard(mutex);
        if (next.same_view(scanout)) {
            return;
        }
        previous = std::move(scanout);
        scanout = next;
        unread = { 0, 0, next.visible.w, next.visible.h };
        /* A dark screen has no surface: even the same picture is all new after it */
        whole = whole || !next.image;
        const uint64_t now = spice_get_monotonic_time_ns();
        draw_expected_ns = now + UNDRAWN_NS;
        if (!wanted || now < drawn_ns + DRAWING_NS) {
            return;
        }
    }
    wake.notify_one();
}

void GlReader::queue_draw(const GlRect &drawn, std::shared_ptr<GlFence> drawn_fence, bool announced,
                          bool read, uint64_t deadline)
{
    bool looks_in_time;
    {
        std::lock_guard<std::mutex> guard(mutex);
        fence.swap(drawn_fence); // the former one is destroyed after the lock
        unread = unread.united(drawn);
        draw_expected_ns = 0;
        const uint64_t now = spice_get_monotonic_time_ns();
        /* a pause says nothing about how fast the guest draws */
        const uint64_t interval = std::min(now - drawn_ns, DRAWING_NS);
        draw_interval_ns = draw_interval_ns == UINT64_MAX ? interval :
            (draw_interval_ns * 7 + interval) / 8;
        drawn_ns = now;
        announce = announced;
        answer = read;
        deadline_ns = deadline;
        looks_in_time = !deadline || (wakes_ns && wakes_ns <= deadline);
    }
    if (announced || read || !looks_in_time) {
        wake.notify_one();
    }
}

void GlReader::want(bool pictures)
{
    std::optional<GlPicture> dropped;
    {
        std::lock_guard<std::mutex> guard(mutex);
        wanted = pictures;
        if (!wanted) {
            dropped.swap(ready);
            whole = true; // FRAMES will be out of date
        }
    }
    wake.notify_one();
}

void GlReader::refresh()
{
    {
        std::lock_guard<std::mutex> guard(mutex);
        whole = true;
        draw_expected_ns = 0;
    }
    wake.notify_one();
}

void GlReader::forget(uint64_t image_id)
{
    {
        std::lock_guard<std::mutex> guard(mutex);
        if (read_ids.erase(image_id) == 0) {
            return;
        }
        forgotten.push_back(image_id);
    }
    wake.notify_one();
}

std::optional<GlPicture> GlReader::take()
{
    std::optional<GlPicture> picture;
    {
        std::lock_guard<std::mutex> guard(mutex);
        picture.swap(ready);
    }
    wake.notify_one();
    return picture;
}

/* ---- the reader's thread ---- */

void *GlReader::run(void *opaque)
{
    auto reader = static_cast<GlReader *>(opaque);

    gl_let_wakers_go_on();
    if (reader->context->make_current()) {
        reader->readback = std::make_unique<GlReadback>(*reader->context);
    } else {
        reader->user.read_failed("the GL context cannot be made current");
        reader->recovery.failed(spice_get_monotonic_time_ns());
    }
    Lock lock(reader->mutex);
    reader->loop(lock);

    reader->readback.reset();
    reader->context->done_current();
    GlScanout last = std::move(reader->scanout);
    reader->scanout = {};
    reader->ready.reset();
    reader->frames.clear();
    lock.unlock(); // before LAST goes: that may call the owner back
    return nullptr;
}

void GlReader::loop(Lock &lock)
{
    while (!stopping) {
        if (!forgotten.empty()) {
            forget_images(lock);
        } else if (announce) {
            announce_drawing(lock);
        } else if (!wanted && frames.current()) {
            frames.clear(); // no client needs this memory
        } else if (wants_to_revive() && spice_get_monotonic_time_ns() >= recovery.next_try_ns()) {
            revive(lock);
        } else if (wants_to_read() && spice_get_monotonic_time_ns() >= next_read_ns()) {
            read(lock);
        } else if (answer) {
            answer = false;
            lock.unlock();
            user.reading_over();
            lock.lock();
        } else if (deadline_ns && spice_get_monotonic_time_ns() >= deadline_ns) {
            deadline_ns = 0;
            lock.unlock();
            user.deadline_passed();
            lock.lock();
        } else {
            wait(lock);
        }
    }
}

bool GlReader::wants_to_revive() const
{
    return wanted && recovery.next_try_ns();
}

bool GlReader::wants_to_read() const
{
    return wanted && readback && scanout.image && (whole || !unread.empty());
}

uint64_t GlReader::next_read_ns() const
{
    return std::max(draw_expected_ns, next_turn_ns);
}

void GlReader::wait(Lock &lock)
{
    const uint64_t now = spice_get_monotonic_time_ns();
    const bool drawing = wanted && now < drawn_ns + DRAWING_NS + LOOK_NS;
    uint64_t until = drawing ? now + LOOK_NS : UINT64_MAX;
    for (uint64_t time : { wants_to_read() ? next_read_ns() : 0, deadline_ns,
                           wants_to_revive() ? recovery.next_try_ns() : 0 }) {
        until = time ? std::min(until, time) : until;
    }
    if (until == UINT64_MAX) {
        wake.wait(lock);
        return;
    }
    wakes_ns = until;
    wake.wait_for(lock, std::chrono::nanoseconds(until > now ? until - now : 0));
    wakes_ns = 0;
}

void GlReader::read(Lock &lock)
{
    Job job = { scanout, fence, unread, whole, answer };
    const GlRect all = { 0, 0, scanout.visible.w, scanout.visible.h };
    const auto &before = frames.current();
    const uint64_t now = spice_get_monotonic_time_ns();
    const uint64_t interval = draw_interval_ns < FAST_DRAWS_NS ? FAST_GUEST_INTERVAL_NS :
        READBACK_INTERVAL_NS;

    if (whole) {
        frames.reset();
    }
    if (!before || before->width() != all.w || before->height() != all.h) {
        job.whole = true;
    }
    if (job.whole) {
        job.rect = all;
    }
    unread = {};
    whole = false;
    /* turns keep an even pace, unless reads do not keep up */
    next_turn_ns = (now < next_turn_ns + interval ? next_turn_ns : now) + interval;
    read_ids.insert(scanout.image->id());
    lock.unlock();

    std::string why;
    const bool pixels = begin(job, &why);
    if (job.answers) {
        lock.lock();
        answer = false;
        lock.unlock();
        user.reading_over();
    }
    /* the guest may continue: its pixels are in the buffer object */
    GlPicture picture;
    auto update = GlFrames::Update::SAME;
    if (pixels) {
        update = finish(job, &picture.changed, &why);
    }
    const char *reset = pixels ? context->lost() : nullptr;
    if (reset) {
        /* the pixels may be garbage */
        update = GlFrames::Update::SAME;
        why.clear();
        if (recovered(reset)) {
            refresh();
        }
    }
    if (!why.empty()) {
        user.read_failed(why);
    }

    const GlRect read = job.rect;
    job = {};
    lock.lock();
    if (!why.empty()) {
        whole = true;
        next_turn_ns = spice_get_monotonic_time_ns() + RETRY_NS;
    } else if (update == GlFrames::Update::BUSY) {
        unread = unread.united(read);
        next_turn_ns = spice_get_monotonic_time_ns() + BUSY_NS;
    } else if (update == GlFrames::Update::CHANGED && wanted) {
        if (ready && ready->frame->width() == all.w && ready->frame->height() == all.h) {
            picture.changed += ready->changed;
        }
        picture.frame = frames.current();
        ready = std::move(picture);
        lock.unlock();
        user.picture_ready();
        lock.lock();
    }
}

static GlSource source_of(const GlScanout &scanout)
{
    GlSource s;
    s.image_id = scanout.image->id();
    s.image = scanout.image->handle();
    s.width = scanout.image->width();
    s.height = scanout.image->height();
    /* SPICE's flag means that the first line in memory is the bottom one: y = 0 is at the top in a
     * system in which y grows upwards */
    s.y0_top = !scanout.y0_top;
    return s;
}

/* Reads into the buffer object, and waits until that is done. If the context was lost meanwhile, it
 * is replaced, and the new one reads the frame. */
bool GlReader::begin(const Job &job, std::string *why)
{
    const bool done = begin_once(job, why);
    const char *reset = context->lost();
    if (!reset) {
        return done;
    }
    why->clear();
    return recovered(reset) && begin_once(job, why);
}

/* The context is lost, which GL may report only once. True: there is a new one. */
bool GlReader::recovered(const char *reset)
{
    std::string why = "too many resets";

    readback.reset();
    const bool rebuilt = recovery.lost(spice_get_monotonic_time_ns()) && context->rebuild(&why);
    if (rebuilt) {
        readback = std::make_unique<GlReadback>(*context);
    }
    user.context_lost(reset, rebuilt ? "reading frames with a new one" :
                      "remote clients get no frames until it is restored: " + why);
    if (!rebuilt) {
        recovery.failed(spice_get_monotonic_time_ns());
    }
    return rebuilt;
}

/* There is no context: tries again to create one */
void GlReader::revive(Lock &lock)
{
    std::string why;

    lock.unlock();
    if (context->rebuild(&why)) {
        readback = std::make_unique<GlReadback>(*context);
        recovery.succeeded();
        user.context_back();
        lock.lock();
        whole = true;
        return;
    }
    recovery.failed(spice_get_monotonic_time_ns());
    lock.lock();
}

bool GlReader::begin_once(const Job &job, std::string *why)
{
    if (uint64_t{job.scanout.visible.w} * job.scanout.visible.h > MAX_PIXELS) {
        *why = "it is larger than 64 megapixels";
        return false;
    }
    if (job.fence && !job.fence->wait_before_later_commands(*context)) {
        spice_warning("the guest's drawing takes more than a second");
    }
    const GlRect rect = { job.scanout.visible.x + job.rect.x, job.scanout.visible.y + job.rect.y,
                          job.rect.w, job.rect.h };
    if (!readback->begin(source_of(job.scanout), rect, why)) {
        return false;
    }
    if (!readback->wait(READBACK_TIMEOUT_NS)) {
        readback->cancel();
        *why = "the GPU did not finish reading in time";
        return false;
    }
    return true;
}

/* Makes the pixels the newest frame, if any of them differ from the previous one */
GlFrames::Update GlReader::finish(const Job &job, GlRegion *changed, std::string *why)
{
    GlPixels pixels;
    if (!readback->map(&pixels, why)) {
        return GlFrames::Update::SAME;
    }
    user.counted_readback(uint64_t{job.rect.w} * job.rect.h * GlPixels::BYTES);

    const auto update = frames.update(job.scanout.visible.w, job.scanout.visible.h, job.rect,
                                      pixels, spice_get_monotonic_time_ns(), changed);
    if (update == GlFrames::Update::NO_MEMORY) {
        *why = "out of memory";
    }
    if (!readback->unmap(why)) {
        return GlFrames::Update::SAME;
    }
    return update;
}

/* Waits for the fence here, for users of the image that cannot wait for it on the GPU */
void GlReader::announce_drawing(Lock &lock)
{
    auto drawn_fence = fence;

    announce = false;
    lock.unlock();
    if (drawn_fence && !drawn_fence->wait(READBACK_TIMEOUT_NS)) {
        spice_warning("the guest's drawing takes more than a second");
    }
    drawn_fence.reset();
    user.on_fence_signalled();
    lock.lock();
}

/* Drops the textures of images that their owner has released */
void GlReader::forget_images(Lock &lock)
{
    std::vector<uint64_t> ids;

    ids.swap(forgotten);
    lock.unlock();
    if (readback) {
        for (auto id : ids) {
            readback->forget(id);
        }
    }
    lock.lock();
}

} // namespace red

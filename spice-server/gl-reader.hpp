/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * The thread that reads a display's scanout back for its remote clients, in a GL context that
 * is current in that thread alone. It also ends the wait for local clients that do not answer in
 * time. Whatever the display worker does meanwhile (encode for many clients, wait for an encoder),
 * the guest waits for this thread only, and this thread only for the GPU.
 */
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <glib.h>

#include "gl-context.hpp"
#include "gl-frames.hpp"
#include "gl-image.hpp"
#include "gl-readback.hpp"
#include "gl-recovery.hpp"

namespace red {

/* A frame for remote clients: the visible part of the scanout */
struct GlPicture {
    GlFramePtr frame;
    GlRegion changed; /* since the last one taken */
};

class GlReader
{
public:
    /* Called from the reader's thread, with none of the reader's locks held */
    class User
    {
    public:
        /* The image of the last queue_draw() has been read, or is not read now */
        virtual void reading_over() = 0;
        /* The GPU has finished what the guest drew before the last queue_draw() with ANNOUNCE */
        virtual void on_fence_signalled() = 0;
        /* The deadline given to queue_draw() has passed */
        virtual void deadline_passed() = 0;
        /* There is something to take() */
        virtual void picture_ready() = 0;
        virtual void counted_readback(uint64_t bytes) = 0;
        virtual void read_failed(const std::string &why) = 0;
        /* A reset of the GPU took the context. NOW: what happens next, with or without a new one */
        virtual void context_lost(const char *reset, const std::string &now) = 0;
        /* There was no context; now there is one again, and frames are read */
        virtual void context_back() = 0;

    protected:
        ~User() = default;
    };

    GlReader(User &user, std::unique_ptr<GlContext> &&context);
    /* If start() was called, stop() must have been called, too */
    ~GlReader();
    GlReader(const GlReader &) = delete;
    GlReader &operator=(const GlReader &) = delete;

    const GlContext &gl() const { return *context; }

    /* To be called once. False, with the reason in *why, if no thread can be created */
    bool start(std::string *why);
    /* Waits for the thread, at most as long as one read takes. Drops its references to images. */
    void stop();

    /* The calls below may come from any thread; none of them waits */

    /* What is on the screen from now on */
    void show(const GlScanout &scanout);
    /* The guest has drawn DRAWN (relative to the visible part, clipped to it); drawing is complete
     * when FENCE is signalled. Calls on_fence_signalled() if ANNOUNCE, then reading_over() if READ,
     * and deadline_passed() at DEADLINE_NS (0: none). */
    void queue_draw(const GlRect &drawn, std::shared_ptr<GlFence> fence, bool announce, bool read,
                    uint64_t deadline_ns);
    /* Whether any client wants pictures */
    void want(bool pictures);
    /* The next picture is a whole one, changed or not */
    void refresh();
    /* The image's owner has released it */
    void forget(uint64_t image_id);
    /* The newest picture, if there is one that has not been taken */
    std::optional<GlPicture> take();

private:
    struct Job {
        GlScanout scanout;
        std::shared_ptr<GlFence> fence;
        GlRect rect;
        bool whole;
        bool answers; /* a draw waits for it */
    };
    using Lock = std::unique_lock<std::mutex>;

    static void *run(void *reader);
    void loop(Lock &lock);
    bool wants_to_read() const;
    bool wants_to_revive() const;
    uint64_t next_read_ns() const;
    void wait(Lock &lock);
    void read(Lock &lock);
    bool begin(const Job &job, std::string *why);
    bool begin_once(const Job &job, std::string *why);
    bool recovered(const char *reset);
    void revive(Lock &lock);
    GlFrames::Update finish(const Job &job, GlRegion *changed, std::string *why);
    void forget_images(Lock &lock);
    void announce_drawing(Lock &lock);

    User &user;
    std::unique_ptr<GlContext> context;
    GThread *thread = nullptr;

    /* Under the mutex */
    std::mutex mutex;
    std::condition_variable wake;
    bool stopping = false;
    bool wanted = false;
    GlScanout scanout;
    std::shared_ptr<GlFence> fence;
    GlRect unread;
    bool whole = false;
    bool announce = false;     /* on_fence_signalled() is due once the fence is signalled */
    bool answer = false;       /* a draw waits for reading_over() */
    uint64_t deadline_ns = 0;  /* monotonic; 0: none */
    uint64_t wakes_ns = 0;     /* when the waiting thread wakes up by itself; 0: it does not */
    uint64_t draw_expected_ns = 0; /* until then reading waits for the new scanout's first draw */
    uint64_t drawn_ns = 0;         /* time of the last draw */
    uint64_t draw_interval_ns = UINT64_MAX; /* recent mean */
    uint64_t next_turn_ns = 0;     /* no frame is read before this time */
    std::optional<GlPicture> ready;
    std::set<uint64_t> read_ids;     /* images that may have a texture */
    std::vector<uint64_t> forgotten; /* those of them that their owner has released */

    /* Reader's thread */
    std::unique_ptr<GlReadback> readback;
    GlFrames frames;
    GlRecovery recovery;
};

} // namespace red

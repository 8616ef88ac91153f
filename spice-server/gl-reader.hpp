/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that reads a display's scanout back for its remote clients, in a GL context that
 * is current in that thread alone. It also answers in time for clients that do not: whatever
 * the display worker does meanwhile (encode for many clients, wait for an encoder), the guest
 * waits for this thread only, and this thread for nothing but the GPU.
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

namespace red {

/* The visible part of the screen */
struct GlPicture {
    GlFramePtr frame;
    GlRegion changed; /* since the last one that was taken */
};

class GlReader
{
public:
    /* Called from the reader's thread, without locks of the reader held */
    class User
    {
    public:
        /* The image of the last drawn() is not read any more, or not now */
        virtual void reading_over() = 0;
        /* The GPU has done what the guest drew before the last drawn() that was to be announced */
        virtual void drawing_done() = 0;
        /* The time given to drawn() has come */
        virtual void deadline_passed() = 0;
        /* There is something to take() */
        virtual void picture_ready() = 0;
        virtual void counted_readback(uint64_t bytes) = 0;
        virtual void read_failed(const std::string &why) = 0;
        /* By a reset of the GPU; one way or the other, what goes on is said in NOW */
        virtual void context_lost(const char *reset, const std::string &now) = 0;
        /* There was none, and now pictures are read again */
        virtual void context_back() = 0;

    protected:
        ~User() = default;
    };

    GlReader(User &user, std::unique_ptr<GlContext> &&context);
    /* stop() comes first, if start() did */
    ~GlReader();
    GlReader(const GlReader &) = delete;
    GlReader &operator=(const GlReader &) = delete;

    const GlContext &gl() const { return *context; }

    /* Once; false with *why if there is no thread to be had */
    bool start(std::string *why);
    /* Waits for the thread, at most as long as one read takes. Drops what it has of images. */
    void stop();

    /* Any thread, from here on; none of these waits */

    /* What is on the screen from now on */
    void show(const GlScanout &scanout);
    /* The guest has drawn DRAWN (relative to the visible part, clipped to it), done when FENCE
     * is. Answered by drawing_done() if ANNOUNCE, then by reading_over() if READ, and at
     * DEADLINE_NS (0: none) by deadline_passed(). */
    void drawn(const GlRect &drawn, std::shared_ptr<GlFence> fence, bool announce, bool read,
               uint64_t deadline_ns);
    /* Whether anybody wants pictures */
    void want(bool pictures);
    /* The next picture is a whole one, changed or not */
    void refresh();
    /* Its owner has released this image */
    void forget(uint64_t image_id);
    /* The newest picture, if there is one since the last call */
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
    bool announce = false;     /* somebody waits for drawing_done() */
    bool answer = false;       /* a draw waits for reading_over() */
    uint64_t deadline_ns = 0;  /* monotonic; 0: none */
    uint64_t wakes_ns = 0;     /* when the thread, which waits, looks again by itself; 0: it does not */
    uint64_t draw_expected_ns = 0; /* until then the scanout's own draw is waited for */
    uint64_t drawn_ns = 0;         /* the last time */
    uint64_t draw_interval_ns = UINT64_MAX; /* mean of late */
    uint64_t next_turn_ns = 0;     /* no picture is read before that */
    std::optional<GlPicture> ready;
    std::set<uint64_t> read_ids;     /* images that there may be a texture of */
    std::vector<uint64_t> forgotten; /* those of them that their owner has released */

    /* Reader's thread */
    std::unique_ptr<GlReadback> readback;
    GlFrames frames;
    unsigned int resets = 0;
    uint64_t first_reset_ns = 0;    /* of RESETS */
    uint64_t revive_ns = 0;         /* when another context is tried for; 0: there is one */
    uint64_t revive_wait_ns = 0;
};

} // namespace red

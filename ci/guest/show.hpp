/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture show: buffers on heads, and frame after frame of a pattern in them. */
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "console.hpp"
#include "host-fence.hpp"
#include "kms.hpp"
#include "options.hpp"

/* Nanoseconds of CLOCK_MONOTONIC */
uint64_t now_ns();

class Show
{
public:
    Show(Console &console, const Options &options);

    int card_fd() const { return card.fd(); }

    /* Sets buffers and modes as in OPTIONS: at the start, and after a change of size, pattern,
     * mode or heads. Shows frame 0, or continues with the present frame. */
    void configure(const Options &options);
    /* Replaces the buffers by others of the same size, with the next frame */
    void renew();
    /* Shows COUNT more frames (Options::FOREVER: no end), from now on */
    void run(int64_t count);
    void stop();
    void set_rate(uint32_t rate);
    /* Disables heads and enables them again; HEAD: -1 for all */
    void set_power(bool on, int head);
    void set_dpms(bool on);
    /* As preferred_mode() */
    std::string monitor(size_t head) const;
    /* SMALL: which of the two shapes. If a head has the shape already, only the position is
     * set. */
    void set_cursor(size_t head, bool small, Memory memory, int x, int y);
    void hide_cursor(size_t head);

    /* What is due next: nanoseconds from now; 0: at once; -1: wait for an event */
    int64_t due_in() const;
    /* Call when the time of due_in() is over */
    void tick();
    /* Call when card_fd() is readable */
    void handle_events();
    /* True once after the last frame of run() has been shown; waits until the host has taken
     * it, if it can tell */
    bool take_finished();
    /* One line of numbers for the console */
    void report(const char *word);

private:
    struct Head {
        Card::Output output;
        Rect part;                       /* of the framebuffer */
        std::unique_ptr<Pattern> pattern;
        bool powered = true;
        const Cursor *cursor = nullptr;  /* the one that it shows */
    };
    struct Slot {                        /* a buffer, and the frame each head has in it */
        std::unique_ptr<Buffer> buffer;
        std::vector<int64_t> frames;     /* -1: only painted */
    };

    bool shared() const { return options.layout != Layout::Apart; }
    Slot make_slot();
    size_t slot_of(size_t head) const;
    void show_turn(Head &head);
    Rect draw_number(size_t head, Slot &slot);
    void draw_and_flip();
    void draw_in_place();
    void wait_for_flips();
    void frame_done();
    void note_gap(uint64_t now);
    void resize_on_schedule();

    Console &console;
    Options options;
    Card card;
    std::vector<Head> heads;
    std::vector<std::vector<Slot>> sets; /* by buffer set (of a head, or of all heads) and turn */
    std::map<std::pair<bool, Memory>, std::unique_ptr<Cursor>> cursors; /* by SMALL and memory */
    std::unique_ptr<HostFence> host;
    bool lit = true;                     /* not off by DPMS */
    size_t turn = 0;                     /* which buffer of each set is on the screen */
    uint32_t number = 0;                 /* of the frame on the screen */
    unsigned pending = 0;                /* flips that have been requested and are not done */
    int64_t left = 0;                    /* frames that have not been requested yet */
    bool finished = false;
    size_t next_resize = 0;
    uint64_t due = 0;                    /* of the next frame, ns */

    /* Of run(), times in ns; asked: when the present frame was requested */
    uint64_t done = 0, started = 0, last_done = 0, max_gap = 0, last_report = 0;
    uint64_t gaps = 0, asked = 0, waited = 0, max_wait = 0;
};

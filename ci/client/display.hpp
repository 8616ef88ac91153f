/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One display channel: what arrives on it, and the picture it makes. */
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>
#include <json-glib/json-glib.h>
#include <spice-client.h>

#include "picture.hpp"
#include "quality.hpp"
#include "wire-tap.hpp"

class Display
{
public:
    /* CHANGED is called after each update of the picture. */
    Display(SpiceDisplayChannel *channel, std::function<void(Display &)> changed);
    ~Display();
    Display(const Display &) = delete;
    Display &operator=(const Display &) = delete;

    int id() const { return channel_id; }
    uint64_t frames() const { return draws + invalidates; }
    /* What the monitor shows: a dma-buf may be larger, with other heads in it */
    uint32_t width() const;
    uint32_t height() const;

    /* The picture now, or its uppermost LINES: the dma-buf's or the primary surface's.
     * Empty with *why if none. */
    Picture picture(std::string *why, uint32_t lines = UINT32_MAX) const;
    /* While withheld, gl-draws are not answered; letting go answers the one that is open. */
    void withhold_answers(bool withhold);
    /* How long drawing takes; milliseconds */
    void answer_after(int ms) { answer_after_ms = ms; }
    /* Reads the frame counter of each update (costs a copy of its upper lines) */
    void watch_counter() { counting = true; }
    /* Adds to the array that BUILDER is in the frame numbers that have been seen since the last
     * call, each as [microseconds of CLOCK_MONOTONIC, number] */
    void take_seen(JsonBuilder *builder);

    /* Compares what is shown with the guest's own pictures, up to 10 times a second while the number
     * changes (costs a copy of the picture, and making the guest's) */
    void compare_with(const std::string &pattern) { quality = std::make_unique<Quality>(pattern); }
    /* Adds to the array that BUILDER is in what has been compared since the last call, each as
     * [microseconds, number, dB] */
    void take_quality(JsonBuilder *builder);
    /* Since when every pixel has been the guest's: microseconds; -1: it is not, or cannot be told */
    int64_t exact_since();
    /* The square in the lower left corner by which the guest answers keys, see ci/guest. A key has
     * been pressed now; its answer is to be noted. */
    void expect_echo();
    /* Adds to the array that BUILDER is in the answers since the last call, each as
     * [microseconds when the key was pressed, microseconds when it was shown] */
    void take_echoes(JsonBuilder *builder);

    /* What the connection's tap counts; must outlive this object */
    void watch_wire(const WireReader::Counts *server, const ClientReader::Counts *client)
    {
        wire = server;
        client_wire = client;
    }

    /* Adds an object to the array that BUILDER is in */
    void report(JsonBuilder *builder) const;

private:
    static void on_create(SpiceChannel *, int format, int width, int height, int stride,
                          int shmid, void *data, Display *self);
    static void on_destroy(SpiceChannel *, Display *self);
    static void on_invalidate(SpiceChannel *, int x, int y, int w, int h, Display *self);
    static void on_scanout(SpiceDisplayChannel *, GParamSpec *, Display *self);
    static void on_draw(SpiceDisplayChannel *, unsigned x, unsigned y, unsigned w, unsigned h,
                        Display *self);

    void report_wire(JsonBuilder *builder) const;
    void answer();
    void updated();
    void note_counter();
    void note_quality();
    bool echo_is_lit() const;
    void note_echo();
    struct Area {
        uint32_t x, y, width, height; /* pixels of the dma-buf's picture, from its top left */
    };
    Area gl_area(const SpiceGlScanout &scanout) const;

    /* Null while the picture is not a dma-buf; spice-gtk's own */
    const SpiceGlScanout *gl_scanout() const;

    struct Seen {
        int64_t at, number;       /* microseconds; the guest's frame number */
    };

    struct Compared {
        int64_t at, number;
        double psnr;
    };
    struct Echo {
        int64_t pressed, shown;   /* microseconds; shown is 0 until it is */
    };

    Picture gl_picture(const SpiceGlScanout &scanout, uint32_t lines, std::string *why) const;

    SpiceDisplayChannel *channel;
    std::function<void(Display &)> changed;
    const WireReader::Counts *wire = nullptr;
    const ClientReader::Counts *client_wire = nullptr;
    int channel_id = 0;
    bool gl = false;              /* the picture is a dma-buf, not the primary surface */
    bool primary = false;
    bool withheld = false, unanswered = false;
    int answer_after_ms = 0;
    guint answer_source = 0;
    bool counting = false;
    uint64_t primaries = 0, scanouts = 0, draws = 0, invalidates = 0;
    uint64_t invalidated_pixels = 0, smallest_update = UINT64_MAX;
    int64_t counter = -1;         /* the last frame number read */
    int64_t newest = -1;          /* the highest */
    uint64_t counter_changes = 0, counter_backwards = 0;
    std::vector<Seen> seen;
    std::unique_ptr<Quality> quality;
    std::vector<Compared> compared;
    int64_t last_compared = 0, last_update = 0, exact = -1;
    std::vector<Echo> echoes;
    bool echo_lit = false;
};

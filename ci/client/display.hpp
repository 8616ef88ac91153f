/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One display channel: what arrives on it, and the picture it makes. */
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <json-glib/json-glib.h>
#include <spice-client.h>

#include "frame-watch.hpp"
#include "picture.hpp"
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
    /* The part that the monitor shows: a dma-buf may be larger, with other heads in it */
    uint32_t width() const;
    uint32_t height() const;

    /* The picture now, or its uppermost LINES: the dma-buf's or the primary surface's.
     * Empty with *why if none. */
    Picture picture(std::string *why, uint32_t lines = UINT32_MAX) const;
    /* While withheld, gl-draws are not answered; the end of that answers the one that waits. */
    void withhold_answers(bool withhold);
    /* How long drawing takes; milliseconds */
    void answer_after(int ms) { answer_after_ms = ms; }
    /* The frame numbers in its pictures */
    FrameWatch &frames_shown() { return watch; }

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
    struct Area {
        uint32_t x, y, width, height; /* pixels of the dma-buf's picture, from its top left */
    };
    Area gl_area(const SpiceGlScanout &scanout) const;

    /* Null while the picture is not a dma-buf; spice-gtk's own */
    const SpiceGlScanout *gl_scanout() const;

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
    uint64_t primaries = 0, scanouts = 0, draws = 0, invalidates = 0;
    uint64_t invalidated_pixels = 0, smallest_update = UINT64_MAX;
    int64_t updated_at = 0; /* microseconds of CLOCK_MONOTONIC */
    FrameWatch watch;
};

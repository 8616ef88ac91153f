/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * JPEGs of parts of frames, at a quality that fits the link. No GL, no spice types: unit tests use
 * it alone.
 */
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "gl-frame.hpp"

namespace red {

/* A reusable compressor. Any thread, one at a time. */
class GlJpeg
{
public:
    GlJpeg();
    ~GlJpeg();
    GlJpeg(const GlJpeg &) = delete;
    GlJpeg &operator=(const GlJpeg &) = delete;

    /* Compresses AREA of FRAME at QUALITY, 1 to 100, with colour at half the resolution. False:
     * AREA is empty, not inside the frame, or wider or higher than JPEG allows (65500), or there is
     * no memory. *JPEG is unchanged then, and the compressor can still be used. */
    bool encode(const GlFrame &frame, const GlRect &area, int quality, std::vector<uint8_t> *jpeg);

private:
    class Compressor;

    const std::unique_ptr<Compressor> compressor;
};

/* Lets the threads of several clients share one compression. One for each display, since frame
 * serials are unique only within a display. Any thread. */
class GlJpegShare
{
public:
    using Jpeg = std::shared_ptr<const std::vector<uint8_t>>;
    /* Results that are kept: clients ask for a frame within moments of each other, or not at all */
    static constexpr size_t KEPT = 4;

    GlJpegShare() = default;
    GlJpegShare(const GlJpegShare &) = delete;
    GlJpegShare &operator=(const GlJpegShare &) = delete;

    /* AREA of FRAME, compressed by JPEG, or by another thread's compressor, for which the call
     * waits. Null where GlJpeg::encode() returns false. */
    Jpeg get(const GlFrame &frame, const GlRect &area, int quality, GlJpeg *jpeg);
    /* Drops kept results, for when no client wants JPEGs any more */
    void clear();

    /* Compressions done */
    uint64_t encodings() const;

private:
    struct Entry {
        uint64_t serial;
        GlRect area;
        int quality;
        bool done = false;
        Jpeg jpeg; /* once done; null: it cannot be compressed */
    };

    mutable std::mutex lock;
    std::condition_variable changed;
    std::list<std::shared_ptr<Entry>> entries; /* newest first; threads that wait hold references */
    uint64_t count = 0;
};

/* Learns from results which quality gives how many bytes. One thread at a time. */
class GlJpegQuality
{
public:
    static constexpr int MIN = 30, MAX = 92;
    /* The quality that sizes are converted to */
    static constexpr int REFERENCE = 80;

    /* The quality for the next picture, which has PIXELS and is to take TARGET bytes at most. Falls
     * as far as necessary, but rises one step at a time and only if there is room to spare, so that
     * pictures of about the same size do not flicker between two qualities. */
    int choose(size_t target, size_t pixels);
    /* A picture of PIXELS took BYTES at QUALITY */
    void observed(int quality, size_t bytes, size_t pixels);

    /* Bytes that a picture of PIXELS is expected to take; a guess until one has been observed */
    size_t expected(int quality, size_t pixels) const;
    bool known() const { return observations > 0; }
    int current() const;

private:
    /* index into choose()'s table; starts in the middle, where most desktops fit */
    size_t step = 6;
    uint64_t observations = 0;
    double bytes_per_pixel = 0.25; /* smoothed, as if at REFERENCE */
};

} // namespace red

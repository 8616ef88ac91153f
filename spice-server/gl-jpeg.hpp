/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JPEGs of parts of frames, at a quality that fits what the line takes. No GL, no spice types: unit
 * tests use it alone.
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

/* A compressor, used again and again. Any thread, one at a time. */
class GlJpeg
{
public:
    GlJpeg();
    ~GlJpeg();
    GlJpeg(const GlJpeg &) = delete;
    GlJpeg &operator=(const GlJpeg &) = delete;

    /* AREA of FRAME at QUALITY, 1 to 100, colour at half the resolution. False: AREA is empty, not
     * inside the frame, or wider or higher than JPEG allows (65500), or there is no memory. *JPEG
     * is not touched then, and the compressor is as good as before. */
    bool encode(const GlFrame &frame, const GlRect &area, int quality, std::vector<uint8_t> *jpeg);

private:
    class Compressor;

    const std::unique_ptr<Compressor> compressor;
};

/* The same work of several clients' threads done once. One for each display: frames' serials are
 * one display's. Any thread. */
class GlJpegShare
{
public:
    using Jpeg = std::shared_ptr<const std::vector<uint8_t>>;
    /* That nobody waits for. Clients ask for a frame within moments of each other or not at all. */
    static constexpr size_t KEPT = 4;

    GlJpegShare() = default;
    GlJpegShare(const GlJpegShare &) = delete;
    GlJpegShare &operator=(const GlJpegShare &) = delete;

    /* What JPEG makes of it, or what another thread's compressor has made of the same, which is
     * waited for. Null as GlJpeg::encode() is false. */
    Jpeg get(const GlFrame &frame, const GlRect &area, int quality, GlJpeg *jpeg);
    /* Drops what is kept, when no client wants JPEGs any more */
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
    std::list<std::shared_ptr<Entry>> entries; /* newest first; waiting threads have their own */
    uint64_t count = 0;
};

/* Which quality gives how many bytes, learnt from what came out. One thread at a time. */
class GlJpegQuality
{
public:
    static constexpr int MIN = 30, MAX = 92;
    /* What codecs are compared at */
    static constexpr int REFERENCE = 80;

    /* The quality for the next picture, of PIXELS, that is to take TARGET bytes at most. Falls as
     * far as it must, and rises a step at a time and only where there is room, so that pictures
     * of about the same size do not flicker between two. */
    int choose(size_t target, size_t pixels);
    /* A picture came out */
    void observed(int quality, size_t bytes, size_t pixels);

    /* Bytes that a picture of PIXELS is expected to take; a guess before the first was observed */
    size_t expected(int quality, size_t pixels) const;
    bool known() const { return observations > 0; }
    int current() const;

private:
    /* of choose()'s table; the middle is where most desktops fit */
    size_t step = 6;
    uint64_t observations = 0;
    double bytes_per_pixel = 0.25; /* smoothed, as if at REFERENCE */
};

} // namespace red

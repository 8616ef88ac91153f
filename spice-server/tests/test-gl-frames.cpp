/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* What has changed between two pictures, and the memory that holds them. */
#include "gl-frames.hpp"

#include <atomic>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "test-random.hpp"

using namespace red;

namespace {

/* Pixels as 0xrrggbb, top line first */
struct Picture {
    uint32_t w = 0, h = 0;
    std::vector<uint32_t> pixels;

    Picture() = default;
    Picture(uint32_t width, uint32_t height, uint32_t colour = 0):
        w(width), h(height), pixels(size_t{width} * height, colour)
    {
    }
    uint32_t &at(uint32_t x, uint32_t y) { return pixels[size_t{y} * w + x]; }
    uint32_t at(uint32_t x, uint32_t y) const { return pixels[size_t{y} * w + x]; }
    GlRect all() const { return { 0, 0, w, h }; }
    void fill(const GlRect &rect, uint32_t colour)
    {
        for (uint32_t y = rect.y; y < rect.y + rect.h; y++) {
            std::fill_n(&at(rect.x, y), rect.w, colour);
        }
    }
};

/* A part of a picture as a readback leaves it: in either order of lines and of bytes, with gaps
 * between lines, and with anything where alpha is */
struct Read {
    Read(const Picture &from, const GlRect &part, unsigned variant)
    {
        const size_t stride = part.w * 4 + (variant & 4 ? 12 : 0);
        const bool bottom_first = variant & 1;
        memory.assign(stride * part.h + 1, 0x5a);
        pixels.bgra = !(variant & 2);
        pixels.stride = bottom_first ? -ptrdiff_t(stride) : ptrdiff_t(stride);
        pixels.top = memory.data() + (bottom_first && part.h ? stride * (part.h - 1) : 0);
        for (uint32_t y = 0; y < part.h; y++) {
            auto to = const_cast<uint8_t *>(pixels.line(y));
            for (uint32_t x = 0; x < part.w; x++, to += 4) {
                const uint32_t p = from.at(part.x + x, part.y + y);
                to[pixels.bgra ? 2 : 0] = p >> 16;
                to[1] = p >> 8;
                to[pixels.bgra ? 0 : 2] = p;
                to[3] = variant * 37 + x;
            }
        }
    }
    std::vector<uint8_t> memory;
    GlPixels pixels;
};

testing::AssertionResult shows(const GlFrame &frame, const Picture &picture)
{
    if (frame.width() != picture.w || frame.height() != picture.h) {
        return testing::AssertionFailure() << "another size";
    }
    for (uint32_t y = 0; y < picture.h; y++) {
        for (uint32_t x = 0; x < picture.w; x++) {
            const uint8_t *p = frame.pixel(x, y);
            const uint32_t now = uint32_t{p[3]} << 24 | p[2] << 16 | p[1] << 8 | p[0];
            if (now != (picture.at(x, y) | 0xff000000)) {
                return testing::AssertionFailure() << std::hex << now << " instead of "
                    << picture.at(x, y) << std::dec << " at " << x << ", " << y;
            }
        }
    }
    return testing::AssertionSuccess();
}

/* The cells of RECT, cut off at its edges, in which the two differ */
GlRegion differing_cells(const Picture &a, const Picture &b, const GlRect &rect)
{
    constexpr uint32_t CELL = GlFrames::CELL;
    GlRegion region;
    for (uint32_t top = 0; top < a.h; top += CELL) {
        for (uint32_t left = 0; left < a.w; left += CELL) {
            const GlRegion cell = GlRegion(GlRect{ left, top, CELL, CELL }) & rect;
            for (const auto &r : cell.rects()) {
                bool differs = false;
                for (uint32_t y = r.y; y < r.y + r.h; y++) {
                    for (uint32_t x = r.x; x < r.x + r.w; x++) {
                        differs = differs || a.at(x, y) != b.at(x, y);
                    }
                }
                if (differs) {
                    region += r;
                }
            }
        }
    }
    return region;
}

/* Puts PICTURE, all of it, into FRAMES */
GlFrames::Update put(GlFrames &frames, const Picture &picture, GlRegion *changed,
                     uint64_t now_ns = 1)
{
    const Read read(picture, picture.all(), 0);
    return frames.update(picture.w, picture.h, picture.all(), read.pixels, now_ns, changed);
}

size_t mapped_bytes()
{
    std::ifstream statm("/proc/self/statm");
    size_t pages = 0;
    statm >> pages;
    return pages * size_t(sysconf(_SC_PAGESIZE));
}

} // namespace

TEST(Frame, of_no_pixels_or_of_more_than_there_is_memory_for_is_not_made)
{
    EXPECT_FALSE(GlFrame::create(0, 5));
    EXPECT_FALSE(GlFrame::create(5, 0));
    EXPECT_FALSE(GlFrame::create(1u << 31, 1u << 17));
}

TEST(Frames, have_nothing_before_the_first_picture)
{
    GlFrames frames;
    EXPECT_FALSE(frames.current());
}

TEST(Frames, first_picture_counts_as_changed_all_over)
{
    GlFrames frames;
    GlRegion changed;
    const Picture black(50, 30);
    EXPECT_EQ(put(frames, black, &changed, 77), GlFrames::Update::CHANGED);
    EXPECT_EQ(changed, GlRegion(black.all()));
    ASSERT_TRUE(frames.current());
    EXPECT_TRUE(shows(*frames.current(), black));
    EXPECT_EQ(frames.current()->time_ns, 77u);
}

TEST(Frames, same_picture_is_no_new_frame)
{
    GlFrames frames;
    GlRegion changed;
    Picture picture(50, 30, 0x123456);
    put(frames, picture, &changed);
    const auto first = frames.current();
    for (unsigned variant = 0; variant < 8; variant++) {
        const Read read(picture, picture.all(), variant);
        EXPECT_EQ(frames.update(50, 30, picture.all(), read.pixels, 2, &changed),
                  GlFrames::Update::SAME) << "alpha and the order of bytes are no change";
        EXPECT_TRUE(changed.empty());
    }
    EXPECT_EQ(frames.current(), first);
}

TEST(Frames, one_changed_pixel_anywhere_is_found_in_its_cell)
{
    const Picture before(33, 18, 0x808080);
    for (uint32_t y = 0; y < before.h; y++) {
        for (uint32_t x = 0; x < before.w; x++) {
            for (uint32_t bit : { 0x1u, 0x100u, 0x10000u }) {
                GlFrames frames;
                GlRegion changed;
                put(frames, before, &changed);
                Picture after = before;
                after.at(x, y) ^= bit;
                ASSERT_EQ(put(frames, after, &changed), GlFrames::Update::CHANGED);
                const GlRect cell = GlRect{ x / 16 * 16, y / 16 * 16, 16, 16 };
                ASSERT_EQ(changed, GlRegion(cell) & before.all());
                ASSERT_TRUE(shows(*frames.current(), after));
            }
        }
    }
}

/* The guest reports more as drawn than it has changed, and readers keep any number of frames for
 * any time */
TEST(Frames, are_exact_whatever_is_drawn_reported_and_held)
{
    struct Held {
        GlFramePtr frame;
        Picture picture;
    };
    for (unsigned seed = 1; seed <= 60; seed++) {
        Random random(seed);
        GlFrames frames;
        Picture screen, seen;
        std::deque<Held> held;
        uint64_t serial = 0;
        bool whole = true;

        for (int step = 0; step < 120; step++) {
            if (step == 0 || random() % 40 == 0) {
                screen = Picture(1 + random() % 90, 1 + random() % 70, random() & 0xffffff);
                whole = true;
            }
            GlRect drawn = random.rect(screen.w, screen.h);
            for (unsigned i = random() % 4; i > 0; i--) {
                screen.fill(random.rect(screen.w, screen.h), random() % 3 * 0x40);
            }
            if (random() % 30 == 0) {
                random() % 2 ? frames.clear() : frames.reset();
                whole = true;
            }
            if (whole || random() % 3 == 0) {
                drawn = screen.all();
            }
            Picture after = whole ? screen : seen;
            for (uint32_t y = drawn.y; y < drawn.y + drawn.h; y++) {
                for (uint32_t x = drawn.x; x < drawn.x + drawn.w; x++) {
                    after.at(x, y) = screen.at(x, y);
                }
            }
            const Read read(screen, drawn, random() % 8);
            GlRegion changed, expected = whole ? GlRegion(screen.all()) :
                differing_cells(seen, after, drawn);
            const auto before = frames.current();
            const auto update = frames.update(screen.w, screen.h, drawn, read.pixels, step + 1,
                                              &changed);
            if (update == GlFrames::Update::BUSY) {
                ASSERT_GE(held.size() + 1, GlFrames::MAX_FRAMES);
                ASSERT_TRUE(whole || frames.current() == before);
                held.pop_front();
                continue; // its changes are found with the next one that reports them
            }
            ASSERT_EQ(changed, expected) << "seed " << seed << ", step " << step;
            ASSERT_EQ(update, expected.empty() ? GlFrames::Update::SAME :
                      GlFrames::Update::CHANGED);
            ASSERT_TRUE(shows(*frames.current(), after)) << "seed " << seed << ", step " << step;
            if (update == GlFrames::Update::CHANGED) {
                ASSERT_EQ(frames.current()->serial, ++serial);
                ASSERT_EQ(frames.current()->time_ns, step + 1u);
            }
            seen = after;
            whole = false;
            if (random() % 2) {
                held.push_back({ frames.current(), seen });
            }
            for (const auto &h : held) {
                ASSERT_TRUE(shows(*h.frame, h.picture)) << "changed while it was read";
            }
            while (!held.empty() && random() % 3 == 0) {
                held.erase(held.begin() + random() % held.size());
            }
        }
    }
}

TEST(Frames, are_busy_while_all_are_read_and_lose_nothing_by_that)
{
    GlFrames frames;
    GlRegion changed;
    std::vector<GlFramePtr> held;
    Picture picture(40, 40);
    for (size_t i = 0; i < GlFrames::MAX_FRAMES; i++) {
        picture.fill(picture.all(), uint32_t(i + 1));
        ASSERT_EQ(put(frames, picture, &changed), GlFrames::Update::CHANGED);
        held.push_back(frames.current());
    }
    const auto newest = frames.current();
    const Picture last = picture;
    picture.fill({ 20, 20, 1, 1 }, 0xabcdef);
    EXPECT_EQ(put(frames, picture, &changed), GlFrames::Update::BUSY);
    EXPECT_TRUE(changed.empty());
    EXPECT_EQ(frames.current(), newest);
    EXPECT_TRUE(shows(*newest, last));

    held.erase(held.begin()); // a reader has finished
    EXPECT_EQ(put(frames, picture, &changed), GlFrames::Update::CHANGED);
    EXPECT_EQ(changed, GlRegion(GlRect({ 16, 16, 16, 16 })));
    EXPECT_TRUE(shows(*frames.current(), picture));
}

TEST(Frames, of_another_size_wait_for_readers_as_well)
{
    GlFrames frames;
    GlRegion changed;
    std::vector<GlFramePtr> held;
    for (size_t i = 0; i < GlFrames::MAX_FRAMES; i++) {
        ASSERT_EQ(put(frames, Picture(20, 20, uint32_t(i)), &changed), GlFrames::Update::CHANGED);
        held.push_back(frames.current());
    }
    EXPECT_EQ(put(frames, Picture(30, 30), &changed), GlFrames::Update::BUSY);
    held.pop_back();
    EXPECT_EQ(put(frames, Picture(30, 30, 5), &changed), GlFrames::Update::CHANGED);
    EXPECT_EQ(changed, GlRegion(GlRect({ 0, 0, 30, 30 })));
    EXPECT_TRUE(shows(*frames.current(), Picture(30, 30, 5)));
}

TEST(Frames, that_there_is_no_memory_for_are_said_to_be)
{
    GlFrames frames;
    GlRegion changed;
    EXPECT_EQ(frames.update(1u << 31, 1u << 17, {}, {}, 1, &changed), GlFrames::Update::NO_MEMORY);
    EXPECT_TRUE(changed.empty());
    EXPECT_FALSE(frames.current());
    EXPECT_EQ(put(frames, Picture(8, 8), &changed), GlFrames::Update::CHANGED);
}

TEST(Frames, that_nobody_reads_use_two_pieces_of_memory)
{
    GlFrames frames;
    GlRegion changed;
    std::set<const uint8_t *> memory;
    for (uint32_t i = 0; i < 100; i++) {
        put(frames, Picture(64, 64, i), &changed);
        memory.insert(frames.current()->line(0));
    }
    EXPECT_EQ(memory.size(), 2u);
}

TEST(Frames, never_use_more_memory_than_their_number_allows)
{
    Random random(3);
    GlFrames frames;
    GlRegion changed;
    std::deque<GlFramePtr> held;
    std::set<const uint8_t *> memory;
    for (uint32_t i = 0; i < 1000; i++) {
        if (put(frames, Picture(64, 64, i), &changed) == GlFrames::Update::CHANGED) {
            held.push_back(frames.current());
            memory.insert(frames.current()->line(0));
        }
        while (!held.empty() && random() % 2) {
            held.pop_front();
        }
    }
    EXPECT_LE(memory.size(), GlFrames::MAX_FRAMES);
}

TEST(Frames, give_memory_back_that_nobody_reads)
{
    constexpr uint32_t SIDE = 2048;
    constexpr size_t BYTES = size_t{SIDE} * SIDE * GlFrame::BYTES;
    GlFramePtr read;
    Picture picture(SIDE, SIDE);
    const Read pixels(picture, picture.all(), 0);
    GlFrames frames;
    GlRegion changed;
    const size_t before = mapped_bytes();
    for (int i = 0; i < 4; i++) { // each counts as changed
        frames.update(SIDE, SIDE, picture.all(), pixels.pixels, 1, &changed);
        frames.reset();
        frames.update(SIDE, SIDE, picture.all(), pixels.pixels, 1, &changed);
        if (i == 1) {
            read = frames.current();
        }
    }
    EXPECT_GE(mapped_bytes(), before + 2 * BYTES);
    frames.clear();
    EXPECT_FALSE(frames.current());
    EXPECT_LE(mapped_bytes(), before + BYTES + BYTES / 2) << "all but what is read";
    EXPECT_TRUE(shows(*read, picture));
    read.reset();
    EXPECT_LE(mapped_bytes(), before + BYTES / 2);

    frames.update(SIDE, SIDE, picture.all(), pixels.pixels, 1, &changed);
    const Picture small(16, 16);
    const Read other(small, small.all(), 0);
    frames.update(16, 16, small.all(), other.pixels, 1, &changed);
    EXPECT_LE(mapped_bytes(), before + BYTES / 2) << "a former size's memory is not kept";
}

/* Also for ThreadSanitizer: readers, in their threads, release the memory that is written next */
TEST(Frames, stay_as_they_are_while_other_threads_read_them)
{
    GlFrames frames;
    std::mutex lock;
    GlFramePtr newest;
    std::atomic<bool> ends{false};
    std::atomic<unsigned> wrong{0}, reads{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; i++) {
        readers.emplace_back([&] {
            while (!ends) {
                GlFramePtr frame;
                {
                    std::lock_guard<std::mutex> guard(lock);
                    frame = newest;
                }
                if (!frame) {
                    continue;
                }
                const uint8_t expected = frame->pixel(0, 0)[0];
                for (uint32_t y = 0; y < frame->height(); y++) {
                    for (uint32_t x = 0; x < frame->width(); x++) {
                        wrong += frame->pixel(x, y)[0] != expected;
                    }
                }
                reads++;
            }
        });
    }
    GlRegion changed;
    for (uint32_t i = 0; i < 500 || reads < 20; i++) {
        if (put(frames, Picture(64, 48, i & 0xff), &changed) == GlFrames::Update::CHANGED) {
            std::lock_guard<std::mutex> guard(lock);
            newest = frames.current();
        }
        std::this_thread::yield();
    }
    ends = true;
    for (auto &reader : readers) {
        reader.join();
    }
    EXPECT_EQ(wrong, 0u);
}

/* A reader releases a frame of another size while a free one is looked for */
TEST(Frames, are_of_the_size_that_is_asked_for_whenever_others_are_let_go_of)
{
    GlFrames frames;
    std::atomic<GlFramePtr *> handed{nullptr};
    std::atomic<bool> ends{false};
    std::thread reader([&] {
        volatile unsigned turns = 0;
        for (unsigned round = 0; !ends; round++) {
            GlFramePtr *frame = handed.exchange(nullptr);
            for (turns = 0; frame && turns < round % 256;) {
                turns = turns + 1; // at any point of what the other thread does meanwhile
            }
            delete frame;
        }
    });
    /* The larger one takes more than a page: it does not fit into the smaller one's memory */
    const Picture pictures[] = { Picture(4, 4), Picture(40, 40) };
    const Read reads[] = { Read(pictures[0], pictures[0].all(), 0),
                           Read(pictures[1], pictures[1].all(), 0) };
    GlRegion changed;
    unsigned wrong = 0;
    for (uint32_t i = 0; i < 300000; i++) {
        const Picture &picture = pictures[i % 2];
        if (frames.update(picture.w, picture.h, picture.all(), reads[i % 2].pixels, 1, &changed) ==
            GlFrames::Update::CHANGED) {
            wrong += frames.current()->width() != picture.w;
            delete handed.exchange(new GlFramePtr(frames.current()));
        }
    }
    ends = true;
    reader.join();
    delete handed.exchange(nullptr);
    EXPECT_EQ(wrong, 0u);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a display shows, by the numbers in its pictures: which frames and when, how good they are,
 * and when a key has been answered. All times are microseconds of CLOCK_MONOTONIC. */
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "comparer.hpp"
#include "picture.hpp"
#include "quality.hpp"

class FrameWatch
{
public:
    struct Seen {
        int64_t at, number;
    };
    using Compared = Comparer::Result;
    struct Echo {
        int64_t pressed, shown;
    };

    /* PICTURE returns what is shown now, or its uppermost LINES; empty if there is nothing */
    explicit FrameWatch(std::function<Picture(uint32_t lines)> picture):
        picture(std::move(picture)) {}

    /* Reads the frame counter of each update (costs a copy of its upper lines) */
    void count() { counting = true; }
    /* Compares what is shown with the guest's own pictures, up to 5 times a second while the number
     * changes (costs a copy of the picture, and another thread that makes the guest's) */
    void compare_with(const std::string &pattern);

    /* The picture has been changed */
    void updated(int64_t now);
    /* A key has been pressed now: notes when the guest answers it by the square in the lower left
     * corner, see ci/guest. */
    void expect_echo(int64_t now);
    /* The time since which every pixel is the guest's; -1: not all are, or it is unknown */
    int64_t exact_since();

    /* Since the last call of each */
    std::vector<Seen> take_seen() { return std::exchange(seen, {}); }
    std::vector<Compared> take_compared();
    std::vector<Echo> take_echoes() { return std::exchange(echoes, {}); }

    int64_t number() const { return last; }        /* -1 before the first */
    int64_t highest_number() const { return newest; }
    uint64_t changes() const { return changed; }
    uint64_t backwards() const { return fallen; }  /* changes to a lower number */

private:
    void note_number();
    void compare();
    bool echo_is_lit() const;

    std::function<Picture(uint32_t)> picture;
    bool counting = false;
    int64_t last_update = 0;
    int64_t last = -1, newest = -1;
    uint64_t changed = 0, fallen = 0;
    std::vector<Seen> seen;
    std::unique_ptr<Quality> quality;
    std::unique_ptr<Comparer> comparer;
    int64_t last_compared = 0, exact = -1;
    size_t comparisons = 0;       /* since they were taken */
    int64_t pressed = 0;          /* when the key was pressed whose answer is expected; 0: no key */
    bool was_lit = false;
    std::vector<Echo> echoes;
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pattern.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

static constexpr uint32_t COUNTER_BITS = 32;
static constexpr uint32_t COUNTER_LINES = 32; /* of each of the two rows */
static constexpr uint32_t BAND_LINES = 64;
static constexpr uint32_t SQUARE = 64;

static constexpr uint32_t rgb(uint32_t red, uint32_t green, uint32_t blue)
{
    return red << 16 | green << 8 | blue;
}

static uint32_t ramp(uint32_t position, uint32_t length)
{
    return length > 1 ? position * 255 / (length - 1) : 0;
}

void Canvas::fill(const Rect &rect, uint32_t colour) const
{
    if (rect.x >= width || rect.y >= height) {
        return;
    }
    const uint32_t w = std::min(rect.w, width - rect.x);
    const uint32_t end = rect.y + std::min(rect.h, height - rect.y);
    for (uint32_t y = rect.y; y < end; y++) {
        std::fill_n(line(y) + rect.x, w, colour);
    }
}

Rect Pattern::draw(const Canvas &, uint32_t, int64_t)
{
    return {};
}

static uint32_t gradient_colour(const Canvas &canvas, uint32_t x, uint32_t y)
{
    const uint32_t v = ramp(x, canvas.width), u = ramp(y, canvas.height);
    return rgb(v, u, (v + u) / 2);
}

static void paint_gradient(const Canvas &canvas, uint32_t from, uint32_t to)
{
    for (uint32_t y = from; y < std::min(to, canvas.height); y++) {
        uint32_t *pixels = canvas.line(y);
        for (uint32_t x = 0; x < canvas.width; x++) {
            pixels[x] = gradient_colour(canvas, x, y);
        }
    }
}

static Rect draw_counter(const Canvas &canvas, uint32_t number)
{
    for (uint32_t bit = 0; bit < COUNTER_BITS; bit++) {
        const uint32_t left = bit * canvas.width / COUNTER_BITS;
        const uint32_t right = (bit + 1) * canvas.width / COUNTER_BITS;
        const bool one = number >> bit & 1;
        canvas.fill({left, 0, right - left, COUNTER_LINES}, one ? 0xffffff : 0);
        canvas.fill({left, COUNTER_LINES, right - left, COUNTER_LINES}, one ? 0 : 0xffffff);
    }
    return {0, 0, canvas.width, std::min(2 * COUNTER_LINES, canvas.height)};
}

namespace {

class Corners: public Pattern
{
public:
    explicit Corners(uint32_t head): head(head) {}

    void paint(const Canvas &canvas) override
    {
        const uint32_t w = canvas.width, h = canvas.height, bw = w / 4, bh = h / 4;
        canvas.fill({0, 0, w, h}, rgb(32, 32, 32));
        canvas.fill({0, 0, bw, bh}, rgb(255, 0, 0));
        canvas.fill({w - bw, 0, bw, bh}, rgb(0, 255, 0));
        canvas.fill({0, h - bh, bw, bh}, rgb(0, 0, 255));
        canvas.fill({w - bw, h - bh, bw, bh}, rgb(255, 255, 255));
        for (uint32_t y = h * 3 / 8; y < h * 5 / 8; y++) {
            uint32_t *pixels = canvas.line(y);
            for (uint32_t x = 0; x < w; x++) {
                const uint32_t v = ramp(x, w);
                pixels[x] = y < h / 2 ? rgb(v, v, v) : rgb(v, 0, 255 - v);
            }
        }
        const uint32_t side = h / 16;
        for (uint32_t i = 0; i <= head; i++) {
            canvas.fill({bw + side + i * 2 * side, side, side, side}, rgb(255, 255, 0));
        }
    }

private:
    uint32_t head;
};

class Small: public Corners
{
public:
    using Corners::Corners;

    Rect draw(const Canvas &canvas, uint32_t number, int64_t) override
    {
        const Rect square{canvas.width > SQUARE ? canvas.width / 2 - SQUARE / 2 : 0,
                          canvas.height * 3 / 4, SQUARE, SQUARE};
        canvas.fill(square, rgb(number & 255, number >> 8 & 255, 128));
        return {square.x, square.y, std::min(SQUARE, canvas.width - square.x),
                std::min(SQUARE, canvas.height - square.y)};
    }
};

class Gradient: public Pattern
{
public:
    void paint(const Canvas &canvas) override { paint_gradient(canvas, 0, canvas.height); }
};

class Counter: public Gradient
{
public:
    Rect draw(const Canvas &canvas, uint32_t number, int64_t) override
    {
        return draw_counter(canvas, number);
    }
};

/* No part of a frame is as in another one, and it is cheap to draw */
class Cells: public Pattern
{
public:
    void paint(const Canvas &) override {}

    Rect draw(const Canvas &canvas, uint32_t number, int64_t) override
    {
        const uint32_t w = canvas.width, h = canvas.height;
        for (uint32_t cell = 0; cell < COLUMNS * LINES; cell++) {
            const uint32_t x = cell % COLUMNS, y = cell / COLUMNS;
            const uint32_t left = x * w / COLUMNS, top = y * h / LINES;
            canvas.fill({left, top, (x + 1) * w / COLUMNS - left, (y + 1) * h / LINES - top},
                        (number * COLUMNS * LINES + cell + 1) * 2654435761u >> 8);
        }
        return {0, 0, w, h};
    }

private:
    static constexpr uint32_t COLUMNS = 8, LINES = 6;
};

class Band: public Gradient
{
public:
    Rect draw(const Canvas &canvas, uint32_t number, int64_t before) override
    {
        const uint32_t top = top_of(canvas, number);
        uint32_t first = top, last = std::min(top + BAND_LINES, canvas.height);
        if (before >= 0) {
            const uint32_t old = top_of(canvas, before);
            paint_gradient(canvas, old, old + BAND_LINES);
            first = std::min(first, old);
            last = std::max(last, std::min(old + BAND_LINES, canvas.height));
        }
        canvas.fill({0, top, canvas.width, BAND_LINES}, 0xffffff);
        return {0, first, canvas.width, last - first};
    }

private:
    static uint32_t top_of(const Canvas &canvas, uint32_t number)
    {
        return canvas.height > BAND_LINES ? number * 4 % (canvas.height - BAND_LINES) : 0;
    }
};

/* A picture larger than the screen of which each frame shows another part: a copy a frame is
 * cheap even where the guest's CPU is emulated, and to a video encoder it is a camera's pan. */
class Motion: public Pattern
{
public:
    Motion(uint32_t width, uint32_t height):
        map_width(width + PAN), map_height(height + PAN), pixels(size_t{map_width} * map_height)
    {
        uint32_t random = 1;
        for (uint32_t y = 0; y < map_height; y++) {
            for (uint32_t x = 0; x < map_width; x++) {
                random = random * 1664525 + 1013904223;
                pixels[size_t{y} * map_width + x] = colour(x, y, random >> 28);
            }
        }
    }

    void paint(const Canvas &canvas) override { draw(canvas, 0, -1); }

    Rect draw(const Canvas &canvas, uint32_t number, int64_t) override
    {
        const uint32_t dx = back_and_forth(number * 2), dy = back_and_forth(number);
        for (uint32_t y = 0; y < canvas.height; y++) {
            memcpy(canvas.line(y), &pixels[size_t{y + dy} * map_width + dx],
                   size_t{canvas.width} * 4);
        }
        draw_counter(canvas, number);
        return {0, 0, canvas.width, canvas.height};
    }

private:
    static constexpr uint32_t PAN = 256;

    static uint32_t back_and_forth(uint32_t step)
    {
        const uint32_t phase = step % (2 * PAN);
        return phase < PAN ? phase : 2 * PAN - phase;
    }

    uint32_t colour(uint32_t x, uint32_t y, uint32_t noise) const
    {
        const int32_t cx = int32_t(x % 320) - 160, cy = int32_t(y % 320) - 160;
        const uint32_t hill = std::max(0, 160 - (cx * cx + cy * cy) / 160);
        return rgb(std::min(255u, ramp(x, map_width) / 2 + hill / 2 + noise),
                   std::min(255u, ramp(y, map_height) / 2 + hill / 2 + noise),
                   std::min(255u, 64 + hill / 2 + noise));
    }

    uint32_t map_width, map_height;
    std::vector<uint32_t> pixels;
};

/* Motion in the middle of "corners" only */
class Window: public Corners
{
public:
    Window(uint32_t width, uint32_t height, uint32_t head):
        Corners(head), motion(std::max(width / 2, 1u), std::max(height / 2, 1u))
    {
    }

    Rect draw(const Canvas &canvas, uint32_t number, int64_t before) override
    {
        Canvas part = canvas;
        part.width = canvas.width / 2;
        part.height = canvas.height / 2;
        part.data = reinterpret_cast<uint8_t *>(canvas.line(canvas.height / 4) + canvas.width / 4);
        motion.draw(part, number, before);
        return {canvas.width / 4, canvas.height / 4, part.width, part.height};
    }

private:
    Motion motion;
};

} // namespace

bool pattern_exists(const std::string &name)
{
    return make_pattern(name, 1, 1, 0) != nullptr;
}

std::unique_ptr<Pattern> make_pattern(const std::string &name, uint32_t width, uint32_t height,
                                      uint32_t head)
{
    if (name == "corners" || name == "still") {
        return std::make_unique<Corners>(head);
    }
    if (name == "gradient") {
        return std::make_unique<Gradient>();
    }
    if (name == "counter") {
        return std::make_unique<Counter>();
    }
    if (name == "cells") {
        return std::make_unique<Cells>();
    }
    if (name == "band") {
        return std::make_unique<Band>();
    }
    if (name == "motion") {
        return std::make_unique<Motion>(width, height);
    }
    if (name == "window") {
        return std::make_unique<Window>(width, height, head);
    }
    if (name == "small") {
        return std::make_unique<Small>(head);
    }
    return nullptr;
}

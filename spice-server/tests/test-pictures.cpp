/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "test-pictures.hpp"

#include <algorithm>
#include <cmath>

using red::GlFrame;

namespace {

struct Colour {
    uint8_t b, g, r;
};

uint32_t hash(uint32_t x, uint32_t y)
{
    uint32_t n = x * 73856093u ^ y * 19349663u;
    n = (n ^ n >> 13) * 0x5bd1e995u;
    return n ^ n >> 15;
}

uint8_t byte(double value)
{
    return uint8_t(std::clamp(value, 0.0, 255.0));
}

/* 0 to 1 */
double smooth_noise(double x, double y)
{
    const uint32_t ix = uint32_t(x), iy = uint32_t(y);
    const double fx = x - ix, fy = y - iy;
    const double wx = fx * fx * (3 - 2 * fx), wy = fy * fy * (3 - 2 * fy);
    auto at = [](uint32_t i, uint32_t j) { return (hash(i, j) & 0xffff) / 65535.0; };
    const double top = at(ix, iy) * (1 - wx) + at(ix + 1, iy) * wx;
    const double bottom = at(ix, iy + 1) * (1 - wx) + at(ix + 1, iy + 1) * wx;
    return top * (1 - wy) + bottom * wy;
}

Colour text(uint32_t x, uint32_t y, uint32_t w)
{
    const uint32_t glyph = hash(x / 8, y / 16), line = y / 16, gx = x % 8, gy = y % 16;
    if (y < 40) {
        return { 120, 80, 40 };
    }
    if (glyph % 10 < 6 && line % 6 != 0 && gx < 6 && gy > 2 && gy < 13 &&
        (glyph * 2654435761u >> (gx + gy / 2 * 3) % 29 & 1)) {
        return { 30, 30, 30 };
    }
    return x > w / 4 * 3 ? Colour{ 230, 230, 230 } : Colour{ 255, 255, 255 };
}

Colour render(uint32_t x, uint32_t y, uint32_t w, uint32_t h, int t)
{
    const double dx = x - w / 2.0 - w / 6.0 * std::sin(t * 0.1);
    const double dy = y - h / 2.0 - h / 6.0 * std::cos(t * 0.1);
    const double radius = h / 3.0, distance = std::sqrt(dx * dx + dy * dy);
    if (distance < radius) {
        const double light = 1 - distance / radius;
        return { byte(40 * light), byte(200 * light), byte(255 * light) };
    }
    if (distance < radius * 1.4 && int(std::atan2(dy, dx) * 12 + t * 0.2 + 100) % 3 == 0) {
        return { 30, 30, 200 };
    }
    return { uint8_t(100 + y * 100 / h), uint8_t(80 + x * 60 / w), 60 };
}

Colour photo(uint32_t x, uint32_t y, int t)
{
    double v[3];
    for (int c = 0; c < 3; c++) {
        double strength = 128, scale = 1 / 128.0;
        v[c] = (hash(x + t * 7919, y * 3 + c) % 5);
        for (int octave = 0; octave < 5; octave++, strength *= 0.55, scale *= 2) {
            v[c] += strength * smooth_noise((x + t * 3) * scale + c * 17, y * scale + c * 29);
        }
    }
    return { byte(v[0]), byte(v[1]), byte(v[2]) };
}

Colour motion(uint32_t x, uint32_t y, int t)
{
    const uint32_t band = ((x + t * 8) / 32 + y / 64 * 3) % 7, n = hash(x + t * 7919, y + t);
    return { byte(band * 36 + (n & 15)), byte((x / 2 + y + t * 4) / 16 % 2 * 200 + (n >> 4 & 15)),
             byte(((x + y + t * 8) / 2 & 127) + (n >> 8 & 15)) };
}

Colour noise(uint32_t x, uint32_t y, int t)
{
    const uint32_t n = hash(x + t * 7919, y + t);
    return { uint8_t(n), uint8_t(n >> 8), uint8_t(n >> 16) };
}

} // namespace

std::shared_ptr<GlFrame> picture(Picture kind, uint32_t width, uint32_t height, int t)
{
    auto frame = GlFrame::create(width, height);
    for (uint32_t y = 0; y < height; y++) {
        auto pixel = frame->writable_line(y);
        for (uint32_t x = 0; x < width; x++, pixel += GlFrame::BYTES) {
            const auto colour = kind == Picture::text ? text(x, y, width) :
                kind == Picture::render ? render(x, y, width, height, t) :
                kind == Picture::photo ? photo(x, y, t) :
                kind == Picture::motion ? motion(x, y, t) : noise(x, y, t);
            pixel[0] = colour.b;
            pixel[1] = colour.g;
            pixel[2] = colour.r;
            pixel[3] = 0xff;
        }
    }
    return frame;
}

double psnr(const GlFrame &frame, const red::GlRect &area, const uint8_t *pixels, size_t stride)
{
    double sum = 0;
    for (uint32_t y = 0; y < area.h; y++) {
        const uint8_t *a = frame.pixel(area.x, area.y + y), *b = pixels + y * stride;
        for (uint32_t i = 0; i < area.w * GlFrame::BYTES; i++) {
            const int difference = i % 4 == 3 ? 0 : a[i] - b[i];
            sum += difference * difference;
        }
    }
    return sum == 0 ? INFINITY : 10 * std::log10(255.0 * 255 * 3 * area.w * area.h / sum);
}

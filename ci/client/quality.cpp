/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quality.hpp"

#include <algorithm>
#include <cmath>

static constexpr double NO_ERROR = 99;

const uint32_t *Quality::reference(const Picture &picture, uint32_t number)
{
    if (picture.width != width || picture.height != height) {
        width = picture.width;
        height = picture.height;
        pattern = make_pattern(name, width, height, 0);
        pixels.assign(size_t{width} * height, 0);
        drawn = -1;
    }
    if (drawn != number) {
        const Canvas canvas{reinterpret_cast<uint8_t *>(pixels.data()), width * 4, width, height};
        pattern->paint(canvas);
        pattern->draw(canvas, number, -1);
        drawn = number;
    }
    return pixels.data();
}

bool Quality::is_exact(const Picture &picture, uint32_t number)
{
    const uint32_t *right = reference(picture, number);
    const uint8_t *rgb = picture.rgb.data();
    for (size_t i = 0; i < size_t{width} * height; i++, rgb += 3) {
        if ((right[i] & 0xffffff) != (uint32_t{rgb[0]} << 16 | uint32_t{rgb[1]} << 8 | rgb[2])) {
            return false;
        }
    }
    return true;
}

/* BT.601, in 256ths */
static int luma(uint32_t red, uint32_t green, uint32_t blue)
{
    return int(77 * red + 150 * green + 29 * blue);
}

double Quality::psnr(const Picture &picture, uint32_t number)
{
    const uint32_t *right = reference(picture, number);
    const uint8_t *rgb = picture.rgb.data();
    uint64_t sum = 0;
    for (size_t i = 0; i < size_t{width} * height; i++, rgb += 3) {
        const int error = (luma(rgb[0], rgb[1], rgb[2]) -
                           luma(right[i] >> 16 & 255, right[i] >> 8 & 255, right[i] & 255)) / 16;
        sum += uint64_t(int64_t{error} * error);
    }
    /* Errors are in 16ths */
    const double mean = double(sum) / 256 / (double(width) * height);
    return mean > 0 ? std::min(NO_ERROR, 10 * std::log10(255 * 255 / mean)) : NO_ERROR;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "picture.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <png.h>

void Picture::resize(uint32_t w, uint32_t h)
{
    width = w;
    height = h;
    rgb.resize(size_t{w} * h * 3);
}

static Picture from_32(const uint8_t *data, uint32_t width, uint32_t height, int32_t stride,
                       bool bottom_up, int red, int blue)
{
    Picture picture;
    picture.resize(width, height);
    uint8_t *out = picture.rgb.data();
    for (uint32_t y = 0; y < height; y++) {
        const ptrdiff_t line = bottom_up ? height - 1 - y : y;
        const uint8_t *in = data + line * stride;
        for (uint32_t x = 0; x < width; x++, in += 4, out += 3) {
            out[0] = in[red];
            out[1] = in[1];
            out[2] = in[blue];
        }
    }
    return picture;
}

Picture picture_from_bgrx(const uint8_t *data, uint32_t width, uint32_t height, int32_t stride,
                          bool bottom_up)
{
    return from_32(data, width, height, stride, bottom_up, 2, 0);
}

Picture picture_from_rgbx(const uint8_t *data, uint32_t width, uint32_t height, int32_t stride,
                          bool bottom_up)
{
    return from_32(data, width, height, stride, bottom_up, 0, 2);
}

Picture picture_from_16(const uint8_t *data, uint32_t width, uint32_t height, int32_t stride,
                        unsigned green_bits)
{
    Picture picture;
    picture.resize(width, height);
    uint8_t *out = picture.rgb.data();
    const unsigned green_max = (1u << green_bits) - 1;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++, out += 3) {
            uint16_t pixel;
            memcpy(&pixel, data + ptrdiff_t{y} * stride + size_t{x} * 2, sizeof(pixel));
            out[0] = (pixel >> (5 + green_bits) & 31) * 255 / 31;
            out[1] = (pixel >> 5 & green_max) * 255 / green_max;
            out[2] = (pixel & 31) * 255 / 31;
        }
    }
    return picture;
}

bool save_png(const Picture &picture, const std::string &path, std::string *why)
{
    if (picture.empty()) {
        *why = "there is no picture yet";
        return false;
    }
    std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path.c_str(), "wb"), fclose);
    if (!file) {
        *why = path + ": " + strerror(errno);
        return false;
    }
    png_image image = {};
    image.version = PNG_IMAGE_VERSION;
    image.width = picture.width;
    image.height = picture.height;
    image.format = PNG_FORMAT_RGB;
    image.flags = PNG_IMAGE_FLAG_FAST;
    if (!png_image_write_to_stdio(&image, file.get(), 0, picture.rgb.data(), 0, nullptr)) {
        *why = path + ": " + image.message;
        return false;
    }
    return true;
}

int64_t read_counter(const Picture &picture)
{
    static constexpr uint32_t BITS = 32, LINES = 32;
    if (picture.width < BITS || picture.height < 2 * LINES) {
        return -1;
    }
    uint32_t rows[2] = {0, 0};
    for (uint32_t row = 0; row < 2; row++) {
        for (uint32_t bit = 0; bit < BITS; bit++) {
            const uint32_t x = (2 * bit + 1) * picture.width / (2 * BITS);
            const uint32_t y = row * LINES + LINES / 2;
            const uint8_t green = picture.rgb[(size_t{y} * picture.width + x) * 3 + 1];
            /* Between black and white there is room for a codec's errors, not for a guess */
            if (green > 64 && green < 192) {
                return -1;
            }
            rows[row] |= uint32_t{green >= 192} << bit;
        }
    }
    return rows[0] == ~rows[1] ? int64_t{rows[0]} : -1;
}

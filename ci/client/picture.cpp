/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "picture.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <zlib.h>

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

static void append_be32(std::vector<uint8_t> *out, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        out->push_back(value >> shift & 255);
    }
}

/* A PNG chunk: length, type, data, CRC of type and data */
static void append_chunk(std::vector<uint8_t> *out, const char *type,
                         const std::vector<uint8_t> &data)
{
    append_be32(out, data.size());
    const size_t start = out->size();
    out->insert(out->end(), type, type + 4);
    out->insert(out->end(), data.begin(), data.end());
    append_be32(out, crc32(0, out->data() + start, out->size() - start));
}

/* PNG (ISO/IEC 15948), 8-bit RGB, no filter, one IDAT */
static std::vector<uint8_t> encode_png(const Picture &picture)
{
    const size_t line = size_t{picture.width} * 3;
    std::vector<uint8_t> raw, header, packed;
    raw.reserve((line + 1) * picture.height);
    for (uint32_t y = 0; y < picture.height; y++) {
        raw.push_back(0); /* this line's filter */
        raw.insert(raw.end(), picture.rgb.begin() + y * line, picture.rgb.begin() + (y + 1) * line);
    }
    uLongf length = compressBound(raw.size());
    packed.resize(length);
    compress2(packed.data(), &length, raw.data(), raw.size(), Z_BEST_SPEED);
    packed.resize(length);
    append_be32(&header, picture.width);
    append_be32(&header, picture.height);
    header.insert(header.end(), {8, 2, 0, 0, 0}); /* bits, RGB, deflate, filters, not interlaced */

    std::vector<uint8_t> png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    append_chunk(&png, "IHDR", header);
    append_chunk(&png, "IDAT", packed);
    append_chunk(&png, "IEND", {});
    return png;
}

bool save_png(const Picture &picture, const std::string &path, std::string *why)
{
    if (picture.empty()) {
        *why = "no picture has been received yet";
        return false;
    }
    const std::vector<uint8_t> png = encode_png(picture);
    FILE *file = fopen(path.c_str(), "wb");
    const bool written = file && fwrite(png.data(), 1, png.size(), file) == png.size();
    if (!file || fclose(file) != 0 || !written) {
        *why = path + ": " + strerror(errno);
        return false;
    }
    return true;
}

int64_t read_counter(const Picture &picture)
{
    static constexpr uint32_t BITS = 32, LINES = COUNTER_LINES / 2;
    if (picture.width < BITS || picture.height < 2 * LINES) {
        return -1;
    }
    uint32_t rows[2] = {0, 0};
    for (uint32_t row = 0; row < 2; row++) {
        for (uint32_t bit = 0; bit < BITS; bit++) {
            const uint32_t x = (2 * bit + 1) * picture.width / (2 * BITS);
            const uint32_t y = row * LINES + LINES / 2;
            const uint8_t green = picture.rgb[(size_t{y} * picture.width + x) * 3 + 1];
            /* Tolerates a codec's errors around black and white, but does not guess */
            if (green > 64 && green < 192) {
                return -1;
            }
            rows[row] |= uint32_t{green >= 192} << bit;
        }
    }
    return rows[0] == ~rows[1] ? int64_t{rows[0]} : -1;
}

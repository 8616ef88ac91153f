/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture in memory, and as a PNG file. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct Picture {
    uint32_t width = 0, height = 0;  /* pixels */
    std::vector<uint8_t> rgb;        /* 3 bytes a pixel, top line first, no padding */

    void resize(uint32_t w, uint32_t h);
    bool empty() const { return rgb.empty(); }
};

/* 32 bits a pixel, B G R and a fourth byte in memory; STRIDE in bytes. BOTTOM_UP: the first
 * line in memory is the lowest of those wanted. */
Picture picture_from_bgrx(const uint8_t *data, uint32_t width, uint32_t height, int32_t stride,
                          bool bottom_up);
/* As above, with R first in memory */
Picture picture_from_rgbx(const uint8_t *data, uint32_t width, uint32_t height, int32_t stride,
                          bool bottom_up);
/* 16 bits a pixel with GREEN_BITS of 5 or 6 */
Picture picture_from_16(const uint8_t *data, uint32_t width, uint32_t height, int32_t stride,
                        unsigned green_bits);

/* False with *why if the file cannot be written */
bool save_png(const Picture &picture, const std::string &path, std::string *why);

/* Lines that read_counter() looks at */
static constexpr uint32_t COUNTER_LINES = 64;

/* The frame number in the counter strip that ci/guest/pattern.hpp describes; -1: there is none */
int64_t read_counter(const Picture &picture);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much a picture differs from the one that the guest has drawn, which its frame number identifies. */
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../guest/pattern.hpp"
#include "picture.hpp"

class Quality
{
public:
    /* PATTERN: of ci/guest/pattern.hpp, one whose pictures contain their number */
    explicit Quality(std::string pattern): name(std::move(pattern)) {}

    /* Whether every pixel is as it was in frame NUMBER */
    bool is_exact(const Picture &picture, uint32_t number);
    /* PSNR of the luma of all pixels, in dB: the mean square error against 255. 99 for no error. */
    double psnr(const Picture &picture, uint32_t number);

private:
    const uint32_t *reference(const Picture &picture, uint32_t number);

    std::string name;
    std::unique_ptr<Pattern> pattern;
    uint32_t width = 0, height = 0;
    int64_t drawn = -1;               /* the frame that is in pixels */
    std::vector<uint32_t> pixels;
};

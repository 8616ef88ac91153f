/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <cmath>

#include "gl-rect.hpp"
#include "stage.hpp"

/* PERCENT of the picture, in its middle and of its shape */
inline red::GlRect damage_of(Size size, int percent)
{
    const double side = std::sqrt(percent / 100.0);
    const auto width = static_cast<uint32_t>(std::lround(size.width * side));
    const auto height = static_cast<uint32_t>(std::lround(size.height * side));
    return { (size.width - width) / 2, (size.height - height) / 2, width, height };
}

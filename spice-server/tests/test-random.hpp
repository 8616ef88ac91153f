/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Random numbers as coordinates are, the same ones in each run. */
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "gl-rect.hpp"

class Random
{
public:
    explicit Random(uint32_t seed): engine(seed) {}
    uint32_t operator()() { return uint32_t(engine()); }

    /* Not empty, inside a picture of W x H pixels, MOST wide and high at most */
    red::GlRect rect(uint32_t w, uint32_t h, uint32_t most = UINT32_MAX)
    {
        red::GlRect rect;
        rect.x = (*this)() % w;
        rect.y = (*this)() % h;
        rect.w = 1 + (*this)() % std::min(most, w - rect.x);
        rect.h = 1 + (*this)() % std::min(most, h - rect.y);
        return rect;
    }

private:
    std::mt19937 engine;
};

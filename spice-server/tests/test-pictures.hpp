/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Pictures that look, to an encoder, like what is on screens, and how much one differs from
 * another. The same ones in each run. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "gl-frame.hpp"

enum class Picture {
    text,   /* dark glyphs on white, a title bar: few colours, sharp edges */
    render, /* what a 3D program draws: gradients and shapes that move */
    photo,  /* smooth noise in all colours, and a little of a sensor's */
    motion, /* bands that move, with noise: hard for video */
    noise,  /* nothing can be compressed */
};

/* The T-th frame of a scene */
std::shared_ptr<red::GlFrame> picture(Picture kind, uint32_t width, uint32_t height, int t = 0);

/* Of the colours of AREA of FRAME and PIXELS (B, G, R, x), dB; infinity: they are equal */
double psnr(const red::GlFrame &frame, const red::GlRect &area, const uint8_t *pixels,
            size_t stride);

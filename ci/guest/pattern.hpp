/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test pictures. ci/vm/picture.py knows the same geometry: change both.
 *
 * With W and H the picture's size, integer divisions throughout:
 *
 * corners  background 32,32,32; blocks of W/4 x H/4 in the corners: top left red, top right
 *          green, bottom left blue, bottom right white, all at full strength. Across the
 *          middle, v = x * 255 / (W - 1): lines H*3/8 to H/2 are v,v,v, lines H/2 to H*5/8
 *          are v,0,255-v. head + 1 yellow squares of side s = H/16 at line s, the first at
 *          W/4 + s, each 2 s right of the one before.
 * gradient v,u,(v+u)/2 with u = y * 255 / (H - 1)
 * counter  gradient, over it the number of the frame: 32 blocks, W/32 wide and 32 lines
 *          high, lowest bit leftmost, white for 1 and black for 0; below them its
 *          complement. Block i covers columns i*W/32 to (i+1)*W/32.
 * band     gradient, over it a white band 64 lines high that moves 4 lines a frame
 * motion   gradients, shapes and a little noise, all moving smoothly; counter's blocks on top
 * window   corners, over its middle (from W/4, H/4; W/2 x H/2) a picture like motion's
 * small    corners, over it a 64x64 square at W/2 - 32, H*3/4 in colour
 *          n & 255, n >> 8 & 255, 128 for frame n
 * cells    frame n is 8 x 6 flat cells, each of another colour than in any frame near it: cell c,
 *          counted along the lines from the top left, is (n * 48 + c + 1) * 2654435761 (32 bits)
 *          >> 8. Cell column i covers columns i*W/8 to (i+1)*W/8, lines likewise.
 * still    corners, and never a second frame
 */
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct Rect {
    uint32_t x = 0, y = 0, w = 0, h = 0; /* pixels */
};

/* Memory to draw on: XRGB8888, top line first. Not owned. */
struct Canvas {
    uint8_t *data = nullptr;
    uint32_t stride = 0; /* bytes */
    uint32_t width = 0, height = 0;

    uint32_t *line(uint32_t y) const
    {
        return reinterpret_cast<uint32_t *>(data + static_cast<size_t>(y) * stride);
    }
    /* Clipped to the canvas */
    void fill(const Rect &rect, uint32_t colour) const;
};

class Pattern
{
public:
    virtual ~Pattern() = default;
    /* All of a fresh canvas, without what moves */
    virtual void paint(const Canvas &canvas) = 0;
    /* Frame NUMBER over what the canvas shows: frame BEFORE (-1: only paint()).
     * Returns what it has drawn on; empty: nothing. */
    virtual Rect draw(const Canvas &canvas, uint32_t number, int64_t before);
};

bool pattern_exists(const std::string &name);
/* A pattern for canvases of one size; null if there is none of that name */
std::unique_ptr<Pattern> make_pattern(const std::string &name, uint32_t width, uint32_t height,
                                      uint32_t head);

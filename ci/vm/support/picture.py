# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures, and whether they are the guest's. Geometry as in ci/guest/pattern.hpp."""

import numpy
from PIL import Image

LOSSLESS = 0
# A codec's errors in flat areas and in ramps: 4:2:0 chroma and quantisation
LOSSY = 40

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WHITE, YELLOW, GREY = (255, 255, 255), (255, 255, 0), (32, 32, 32)


class Picture:
    """RGB pixels, [line, column, channel]"""

    def __init__(self, pixels):
        self.pixels = pixels
        self.height, self.width = pixels.shape[:2]

    @classmethod
    def load(cls, path):
        with Image.open(path) as image:
            return cls(numpy.asarray(image.convert("RGB")).astype(int))

    def save(self, path):
        Image.fromarray(self.pixels.astype("uint8")).save(path)

    def at(self, x, y):
        return tuple(int(v) for v in self.pixels[y, x])

    def is_flat(self):
        """One colour all over: a blank screen"""
        return bool((self.pixels == self.pixels[0, 0]).all())

    def area_error(self, x, y, w, h, colour):
        """The distance of the worst channel's mean in a rectangle from colour"""
        area = self.pixels[y:y + h, x:x + w].reshape(-1, 3)
        return float(abs(area.mean(axis=0) - numpy.array(colour)).max())


def corners(width, height, head=0):
    """The exact pixels of the pattern "corners" """
    w, h = width, height
    block_w, block_h = w // 4, h // 4
    out = numpy.empty((h, w, 3), dtype=int)
    out[:] = GREY
    out[:block_h, :block_w] = RED
    out[:block_h, w - block_w:] = GREEN
    out[h - block_h:, :block_w] = BLUE
    out[h - block_h:, w - block_w:] = WHITE
    ramp = numpy.arange(w) * 255 // (w - 1) if w > 1 else numpy.zeros(1, dtype=int)
    zero = numpy.zeros_like(ramp)
    out[h * 3 // 8:h // 2] = numpy.stack([ramp, ramp, ramp], axis=1)
    out[h // 2:h * 5 // 8] = numpy.stack([ramp, zero, 255 - ramp], axis=1)
    side = h // 16
    for i in range(head + 1):
        left = block_w + side + i * 2 * side
        out[side:2 * side, left:left + side] = YELLOW
    return Picture(out)


def difference(picture, right):
    """Where a picture differs from the right one, as text; None if every pixel is right"""
    if picture.pixels.shape != right.pixels.shape:
        return "size {}x{}, not {}x{}".format(picture.width, picture.height, right.width, right.height)
    differs = (picture.pixels != right.pixels).any(axis=2)
    if not differs.any():
        return None
    y, x = (int(v[0]) for v in numpy.nonzero(differs))
    return "{} pixels differ, the first at {},{}: {} for {}".format(
        int(differs.sum()), x, y, picture.at(x, y), right.at(x, y))


def wrong_corners(picture, width, height, tolerance=LOSSLESS, head=0):
    """What is wrong with a picture that should be "corners"; None if it is right.

    tolerance: LOSSLESS asks for every pixel; otherwise how far a channel may be off, in
    small areas' means for flat colours and pixel by pixel along the gradient
    """
    right = corners(width, height, head)
    if tolerance == LOSSLESS or (picture.width, picture.height) != (width, height):
        return difference(picture, right)
    return _wrong_areas(picture, width, height, tolerance, head) or \
        _wrong_ramps(picture, right, tolerance)


def cells(width, height, number):
    """The exact pixels of frame number of the pattern "cells" """
    columns = numpy.arange(width)
    lines = numpy.arange(height)
    edges = [[i * length // n for i in range(n)] for length, n in ((width, 8), (height, 6))]
    x = numpy.searchsorted(edges[0], columns, side="right") - 1
    y = numpy.searchsorted(edges[1], lines, side="right") - 1
    cell = y[:, None] * 8 + x[None, :]
    colour = ((number * 48 + cell + 1) * 2654435761 & 0xffffffff) >> 8
    return Picture(numpy.stack([colour >> 16, colour >> 8 & 255, colour & 255], axis=2))


def is_same(picture, right):
    """Every pixel"""
    return picture.pixels.shape == right.pixels.shape and bool(
        (picture.pixels == right.pixels).all())


def _wrong_areas(picture, w, h, tolerance, head):
    block_w, block_h = w // 4, h // 4
    # Away from the edges, where a codec smears one colour into the next
    margin = 16 if min(block_w, block_h) > 48 else 4
    areas = [("top left", 0, 0, RED), ("top right", w - block_w, 0, GREEN),
             ("bottom left", 0, h - block_h, BLUE),
             ("bottom right", w - block_w, h - block_h, WHITE)]
    for name, x, y, colour in areas:
        error = picture.area_error(x + margin, y + margin, block_w - 2 * margin,
                                   block_h - 2 * margin, colour)
        if error > tolerance:
            return "{} corner is off by {:.0f}".format(name, error)
    for name, x, y in (("first", 0, 0), ("last", w - 1, h - 1)):
        right = RED if name == "first" else WHITE
        if max(abs(a - b) for a, b in zip(picture.at(x, y), right)) > max(tolerance, 60):
            return "{} pixel is {}".format(name, picture.at(x, y))
    side = h // 16
    inner = max(side // 4, 1)
    for i in range(head + 2):
        x = block_w + side + i * 2 * side
        if x + side > w - block_w:
            break
        colour = YELLOW if i <= head else GREY
        error = picture.area_error(x + inner, side + inner, side - 2 * inner, side - 2 * inner,
                                   colour)
        if error > max(tolerance, 60):
            return "mark {} is off by {:.0f}".format(i, error)
    return None


def _wrong_ramps(picture, right, tolerance):
    for y in (picture.height * 7 // 16, picture.height * 9 // 16):
        off = abs(picture.pixels[y] - right.pixels[y]).max(axis=1)
        # The ends are next to other colours: leave out a codec's block there
        worst = int(off[16:-16].max()) if picture.width > 64 else int(off.max())
        if worst > tolerance:
            return "gradient in line {} is off by {}".format(y, worst)
    return None

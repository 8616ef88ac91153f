/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Messages that draw an image on a remote client's screen, which is surface 0. Any thread. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <spice/enums.h>

#include "gl-message.hpp"

namespace red {

/* The body of a message that draws an image on AREA, up to the image's SIZE bytes, which the caller
 * appends. TYPE: how they are compressed. Clients do not cache the image. */
GlBody gl_image_body(const GlRect &area, SpiceImageType type, size_t size);
/* As gl_image_body(), for uncompressed pixels: B, G, R, x; top line first; no gaps between lines */
GlBody gl_pixels_body(const GlRect &area);

GlMessage gl_image_message(const GlRect &area, SpiceImageType type,
                           const std::vector<uint8_t> &data);

} // namespace red

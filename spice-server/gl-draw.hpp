/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages that draw an image on a remote client's screen, which is surface 0. Any thread. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <spice/enums.h>

#include "gl-message.hpp"

namespace red {

/* The body of such a message up to the image's SIZE bytes, which are to follow: all of AREA.
 * TYPE: how they are compressed. The client is not to cache it. */
GlBody gl_image_body(const GlRect &area, SpiceImageType type, size_t size);
/* The same for pixels that are not compressed: B, G, R, x, the top line first, without gaps */
GlBody gl_pixels_body(const GlRect &area);

GlMessage gl_image_message(const GlRect &area, SpiceImageType type,
                           const std::vector<uint8_t> &data);

} // namespace red

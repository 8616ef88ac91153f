/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lossless images of parts of frames, compressed in the thread that asks for them, by spice's own
 * encoders: an instance of their own for each thread. They have nothing in common but tables that
 * are made when the library is loaded.
 *
 * GLZ is not among them. Its dictionary belongs to all displays of a client, each image has to
 * arrive in the order in which it was compressed, and it keeps the pixels of former images: threads
 * would wait for each other, nothing compressed could be dropped, and frames would stay in memory.
 */
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <spice/enums.h>

#include "gl-frame.hpp"
#include "gl-message.hpp"

namespace red {

/* Any thread, one at a time */
class GlLossless
{
public:
    struct Choice {
        /* The display's setting, or the client's preference. Where it leaves a choice, photographs
         * are compressed with QUIC. GLZ: LZ instead. */
        SpiceImageCompression compression = SPICE_IMAGE_COMPRESSION_AUTO_LZ;
        /* The client can decode LZ4 */
        bool lz4 = false;
        /* Time counts for more than bytes, where the setting leaves a choice: LZ4 instead of LZ */
        bool fast = false;
    };

    /* Pixels of a message, about: the client draws a message at a time, and what else it does
     * waits; and LZ does not look further back than half of it */
    static constexpr size_t BAND = 128 * 1024;

    GlLossless();
    ~GlLossless();
    GlLossless(const GlLossless &) = delete;
    GlLossless &operator=(const GlLossless &) = delete;

    /* All of AREA, which must be inside FRAME, in one message */
    GlMessage image(const GlFrame &frame, const GlRect &area, const Choice &choice);

    /* As many of AREAS, from the front, as BUDGET bytes of messages hold, in bands. Returns how
     * many these are. Does not go on once the budget is exceeded: up to one band is compressed for
     * nothing, and what belongs to an area that is not complete. Appends to *MESSAGES. */
    size_t images(const GlFrame &frame, const std::vector<GlRect> &areas, const Choice &choice,
                  size_t budget, std::vector<GlMessage> *messages);

    /* All of AREAS; false, and nothing is appended: they take more than BUDGET bytes */
    bool all_images(const GlFrame &frame, const std::vector<GlRect> &areas, const Choice &choice,
                    size_t budget, std::vector<GlMessage> *messages);

private:
    class Encoders;

    const std::unique_ptr<Encoders> encoders;
};

} // namespace red

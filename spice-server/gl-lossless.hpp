/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Lossless images of parts of frames, compressed in the calling thread by spice's own encoders,
 * with one instance of these for each thread. Instances share nothing but tables that are created
 * when the library is loaded.
 *
 * GLZ is not used. Its dictionary is shared by all displays of a client, images must arrive in the
 * order of their compression, and it keeps the pixels of earlier images: threads would wait for
 * each other, nothing compressed could be dropped, and frames would stay in memory.
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
        /* The display's setting, or the client's preference. If it leaves a choice, photographs are
         * compressed with QUIC. GLZ means LZ here. */
        SpiceImageCompression compression = SPICE_IMAGE_COMPRESSION_AUTO_LZ;
        /* The client can decode LZ4 */
        bool lz4 = false;
    };

    /* Approximate number of pixels per message. A client does nothing else while it draws one
     * message; and LZ looks back no further than half of this. */
    static constexpr size_t BAND = 128 * 1024;

    GlLossless();
    ~GlLossless();
    GlLossless(const GlLossless &) = delete;
    GlLossless &operator=(const GlLossless &) = delete;

    /* Compresses all of AREA, which must be inside FRAME, into one message */
    GlMessage image(const GlFrame &frame, const GlRect &area, const Choice &choice);

    /* Compresses AREAS in their order, in bands, as long as the messages fit into BUDGET bytes.
     * Appends to *MESSAGES, and returns the number of areas done. Stops at the first message that
     * does not fit, and drops the other messages of its area. */
    size_t images(const GlFrame &frame, const std::vector<GlRect> &areas, const Choice &choice,
                  size_t budget, std::vector<GlMessage> *messages);

    /* Compresses all of AREAS. False, with nothing appended: they take more than BUDGET bytes */
    bool all_images(const GlFrame &frame, const std::vector<GlRect> &areas, const Choice &choice,
                    size_t budget, std::vector<GlMessage> *messages);

private:
    class Encoders;

    const std::unique_ptr<Encoders> encoders;
};

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages of a video stream that covers a client's whole surface. Its id is none of the
 * display channel's own streams'. Display worker's thread. */
#pragma once

#include <cstdint>
#include <vector>

#include "dcc.h"
#include "display-limits.h"
#include "gl-rect.hpp"
#include "red-pipe-item.h"

namespace red {

struct GlStreamItem: public RedPipeItem {
    enum Message { CREATE, FRAME, DESTROY };
    static constexpr uint32_t STREAM_ID = NUM_STREAMS;

    explicit GlStreamItem(Message message);

    static bool is(const RedPipeItem *item);

    const Message message;
    uint32_t codec = 0;             /* SPICE_VIDEO_CODEC_TYPE_* */
    uint32_t width = 0, height = 0; /* pixels; CREATE */
    bool top_down = true;           /* CREATE */
    std::vector<uint8_t> frame;     /* FRAME; gone when it has been marshalled */
};

/* Puts ITEM's message into the client's marshaller */
void gl_marshall_stream(DisplayChannelClient *dcc, GlStreamItem *item);

/* Frames in the client's pipe: in the pipe, they have not been sent */
uint32_t gl_stream_frames_queued(DisplayChannelClient *dcc);
void gl_stream_drop_queued(DisplayChannelClient *dcc);

} // namespace red

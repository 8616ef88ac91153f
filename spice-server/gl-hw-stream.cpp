/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "gl-hw-stream.hpp"

#include <algorithm>

#include <common/generated_server_marshallers.h>
#include <common/marshaller.h>

#include "display-channel-private.h"
#include "reds.h"

namespace red {

/* Behind the display channel's own types */
static constexpr int ITEM_TYPE = RED_PIPE_ITEM_TYPE_GL_DRAW + 100;

GlStreamItem::GlStreamItem(Message message_):
    RedPipeItem(ITEM_TYPE),
    message(message_)
{
}

bool GlStreamItem::is(const RedPipeItem *item)
{
    return item->type == ITEM_TYPE;
}

static void marshall_create(DisplayChannelClient *dcc, const GlStreamItem *item)
{
    SpiceMsgDisplayStreamCreate create{};

    create.surface_id = 0;
    create.id = GlStreamItem::STREAM_ID;
    create.flags = item->top_down ? SPICE_STREAM_FLAGS_TOP_DOWN : 0;
    create.codec_type = static_cast<SpiceVideoCodecType>(item->codec);
    create.stream_width = create.src_width = item->width;
    create.stream_height = create.src_height = item->height;
    create.dest.right = item->width;
    create.dest.bottom = item->height;
    create.clip.type = SPICE_CLIP_TYPE_NONE;
    dcc->init_send_data(SPICE_MSG_DISPLAY_STREAM_CREATE);
    spice_marshall_msg_display_stream_create(dcc->get_marshaller(), &create);
}

static void marshall_frame(DisplayChannelClient *dcc, GlStreamItem *item)
{
    auto frame = new std::vector<uint8_t>(std::move(item->frame));
    SpiceMsgDisplayStreamData data{};

    data.base.id = GlStreamItem::STREAM_ID;
    data.base.multi_media_time = reds_get_mm_time();
    data.data_size = frame->size();
    dcc->init_send_data(SPICE_MSG_DISPLAY_STREAM_DATA);
    spice_marshall_msg_display_stream_data(dcc->get_marshaller(), &data);
    spice_marshaller_add_by_ref_full(dcc->get_marshaller(), frame->data(), frame->size(),
                                     [](uint8_t *, void *opaque) {
                                         delete static_cast<std::vector<uint8_t> *>(opaque);
                                     }, frame);
}

void gl_marshall_stream(DisplayChannelClient *dcc, GlStreamItem *item)
{
    switch (item->message) {
    case GlStreamItem::CREATE:
        marshall_create(dcc, item);
        break;
    case GlStreamItem::FRAME:
        marshall_frame(dcc, item);
        break;
    case GlStreamItem::DESTROY: {
        SpiceMsgDisplayStreamDestroy destroy{};
        destroy.id = GlStreamItem::STREAM_ID;
        dcc->init_send_data(SPICE_MSG_DISPLAY_STREAM_DESTROY);
        spice_marshall_msg_display_stream_destroy(dcc->get_marshaller(), &destroy);
        break;
    }
    }
}

static bool is_frame(const RedPipeItem *item)
{
    return GlStreamItem::is(item) &&
        static_cast<const GlStreamItem *>(item)->message == GlStreamItem::FRAME;
}

uint32_t gl_stream_frames_queued(DisplayChannelClient *dcc)
{
    auto &pipe = dcc->get_pipe();
    return std::count_if(pipe.begin(), pipe.end(), [](const RedPipeItemPtr &item) {
        return is_frame(item.get());
    });
}

void gl_stream_drop_queued(DisplayChannelClient *dcc)
{
    auto &pipe = dcc->get_pipe();
    for (auto l = pipe.begin(); l != pipe.end(); ) {
        if (is_frame(l->get())) {
            l = pipe.erase(l);
        } else {
            ++l;
        }
    }
}

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-item.hpp"

#include <utility>

#include <common/marshaller.h>

#include "display-channel-private.h"

namespace red {

/* Above the display channel's own types */
static constexpr int ITEM_TYPE = RED_PIPE_ITEM_TYPE_GL_DRAW + 100;

GlItem::GlItem():
    RedPipeItem(ITEM_TYPE)
{
}

bool GlItem::is(const RedPipeItem *item)
{
    return item->type == ITEM_TYPE;
}

void gl_send(DisplayChannelClient *dcc, GlMessage &&message)
{
    auto item = red::make_shared<GlItem>();
    item->message = std::move(message);
    dcc->pipe_add(std::move(item));
}

void gl_marshall(DisplayChannelClient *dcc, GlItem *item)
{
    dcc->init_send_data(item->message.type);
    if (item->message.body.empty()) {
        return;
    }
    auto body = new std::vector<uint8_t>(std::move(item->message.body));
    spice_marshaller_add_by_ref_full(dcc->get_marshaller(), body->data(), body->size(),
                                     [](uint8_t *, void *opaque) {
                                         delete static_cast<std::vector<uint8_t> *>(opaque);
                                     }, body);
}

} // namespace red

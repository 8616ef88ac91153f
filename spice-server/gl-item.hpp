/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A GlMessage in a client's pipe. Display worker's thread. */
#pragma once

#include "dcc.h"
#include "gl-message.hpp"
#include "red-pipe-item.h"

namespace red {

struct GlItem: public RedPipeItem {
    GlItem();

    static bool is(const RedPipeItem *item);

    GlMessage message; /* marshalling moves its body out */
};

/* Appends MESSAGE to the client's pipe */
void gl_send(DisplayChannelClient *dcc, GlMessage &&message);
/* Puts ITEM's message into the client's marshaller */
void gl_marshall(DisplayChannelClient *dcc, GlItem *item);

} // namespace red

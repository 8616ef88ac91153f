/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* GlDisplay in the display worker's thread: what clients answer. */
#include <config.h>

#include "gl-display.hpp"

#include <memory>

#include "dcc-private.h"
#include "display-channel-private.h"

namespace red {

void GlDisplay::client_acknowledged(DisplayChannelClient *dcc)
{
    auto client = path.find(dcc);
    if (client && client->remote) {
        client->remote->acknowledged(dcc->ack_get_sent(), spice_get_monotonic_time_ns());
        hardware.send_encoded();
        feed();
    }
}

bool GlDisplay::client_answers_late(DisplayChannelClient *dcc)
{
    auto client = path.find(dcc);
    if (!client || !client->owes_answer) {
        return false;
    }
    client->owes_answer = false;
    return true;
}

bool GlDisplay::client_pong(DisplayChannelClient *dcc, uint32_t id)
{
    auto client = path.find(dcc);
    if (!client || !client->remote ||
        !client->remote->pong(id, spice_get_monotonic_time_ns())) {
        return false;
    }
    feed();
    return true;
}

bool GlDisplay::client_report(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport &report)
{
    auto client = path.find(dcc);
    return client && client->remote &&
        (client->remote->report(report) || hardware.reported(dcc, report));
}

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* GlDisplay in the display worker's thread: clients connect and disconnect. */
#include <config.h>

#include "gl-display.hpp"

#include <memory>

#include "dcc-private.h"
#include "display-channel-private.h"

namespace red {

void GlDisplay::client_started(DisplayChannelClient *dcc)
{
    if (!start_threads(DCC_TO_DC(dcc))) {
        return;
    }
    const bool is_local = GlPath::is_local(dcc);
    auto client = path.add(dcc);
    if (!is_local) {
        serve_remotely(client);
    }
    apply_scanout();
    clients_changed();

    if (GlPath::is_local(dcc)) {
        publish();
    }
    if (GlPath::is_local(dcc)) { // still, after publish()
        /* the present picture, after the scanout message */
        local.missed(dcc);
        start_catch_up(0);
    }
    feed();
}

void GlDisplay::serve_remotely(GlClient *client)
{
    auto dcc = client->dcc;

    client->remote = std::make_unique<GlRemote>(screen, dcc, [this] { wake_worker(); },
        [this, dcc](uint32_t to, uint32_t codec, const char *reason) {
            path.shown(dcc, to, codec, reason);
        });
    hardware.add(*client);
    client->remote->expect_other(hardware.serves(*client));
}

void GlDisplay::client_stopped(DisplayChannelClient *dcc)
{
    if (!path.find(dcc)) {
        return;
    }
    path.remove(dcc);
    clients_changed();
}

/* The client has been told to switch to another server: no picture may follow */
void GlDisplay::client_leaves(DisplayChannelClient *dcc)
{
    auto client = path.find(dcc);
    if (client && client->remote) {
        hardware.leave(*client);
        client->remote->leave();
    }
}

} // namespace red

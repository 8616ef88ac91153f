/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "gl-flow.hpp"

#include "dcc-private.h"
#include "gl-hooks.h"

namespace red {

void gl_flow_start(DisplayChannelClient *dcc)
{
    if (!gl_hook_defers_start(dcc)) {
        return;
    }
    dcc->priv->gl_flow = std::make_unique<GlFlow>();
    dcc->ack_set_client_window(1);
    dcc->ack_set_limit(dcc->priv->gl_flow->limit());
}

void gl_flow_sending(DisplayChannelClient *dcc)
{
    if (dcc->priv->gl_flow) {
        dcc->priv->gl_flow->sent(dcc->ack_get_sent() + 1, spice_get_monotonic_time_ns());
    }
}

void gl_flow_acknowledged(DisplayChannelClient *dcc)
{
    if (!dcc->priv->gl_flow) {
        return;
    }
    const auto before = dcc->priv->gl_flow->limit();
    dcc->priv->gl_flow->acknowledged(dcc->ack_get_sent(), spice_get_monotonic_time_ns());
    const auto limit = dcc->priv->gl_flow->limit();
    if (limit != before) {
        spice_debug("client %p: %u messages at once", dcc, limit);
        dcc->ack_set_limit(limit);
    }
    gl_hook_acknowledged(dcc);
}

} // namespace red

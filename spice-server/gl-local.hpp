/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Local clients: they get the backing image itself as a dma-buf, and report when they have drawn.
 *
 * Display worker's thread.
 */
#pragma once

#include <memory>
#include <string>

#include "display-channel.h"
#include "gl-context.hpp"
#include "gl-image.hpp"
#include "gl-path.hpp"

namespace red {

class GlLocal
{
public:
    explicit GlLocal(GlPath &path_): path(path_) {}

    /* Makes SCANOUT the one that local clients are sent. Exports it if that has not been done;
     * *EXPORTED: this call has. False, with the reason in *why, if it cannot be exported. */
    bool publish(DisplayChannel *display, const GlContext &context, const GlScanout &scanout,
                 bool *exported, std::string *why);
    void publish_nothing(DisplayChannel *display);
    /* Sends the published scanout to all local clients, to busy ones later */
    void announce();

    /* RECT of the scanout has changed. Busy clients get the newest picture later. */
    void draw(const GlScanout &scanout, const GlRect &rect);
    /* Notes that a client has not had the picture; send_missed() sends it */
    void missed(DisplayChannelClient *dcc);
    void send_missed(const GlScanout &scanout);
    /* Does a local client use a buffer that the guest waits for? */
    bool in_use();
    /* A local client has finished a draw */
    void answered();
    /* The guest waits no longer */
    void give_up();

    /* Makes local clients remote ones: all of them, or only those that cannot take what is
     * published (several planes need SPICE_DISPLAY_CAP_GL_SCANOUT2). Returns these clients. */
    std::list<DisplayChannelClient *> dismiss(bool only_incapable);

private:
    void tell(GlClient &client);
    void push_draw(GlClient &client, const GlScanout &scanout, const GlRect &rect);

    GlPath &path;
    std::shared_ptr<GlImage> published; /* later messages are made with its fds */
    uint32_t planes = 1;                /* of the image published last */
};

} // namespace red

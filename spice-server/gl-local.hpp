/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Local clients: they get the backing image itself as dma-buf, and say when they have drawn.
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

    /* Makes SCANOUT what messages for local clients are made from; exported if it has not been
     * (*EXPORTED). False with *why if it cannot be. */
    bool publish(DisplayChannel *display, const GlContext &context, const GlScanout &scanout,
                 bool *exported, std::string *why);
    void publish_nothing(DisplayChannel *display);
    /* Tells all of them what is published; those that are busy, later */
    void announce();

    /* RECT of the scanout has changed. Those that are busy get the newest picture later. */
    void draw(const GlScanout &scanout, const GlRect &rect);
    /* One that has not had the picture, and gets it with send_missed() */
    void missed(DisplayChannelClient *dcc);
    void send_missed(const GlScanout &scanout);
    /* Does one of them use a buffer that the guest waits for? */
    bool in_use();
    /* One has drawn what it got */
    void answered();
    /* The guest has waited long enough */
    void give_up();

    /* They are local clients no more, all of them, or those only that cannot take what is published:
     * several planes need SPICE_DISPLAY_CAP_GL_SCANOUT2. Returns which they were. */
    std::list<DisplayChannelClient *> dismiss(bool only_incapable);

private:
    void tell(GlClient &client);
    void push_draw(GlClient &client, const GlScanout &scanout, const GlRect &rect);

    GlPath &path;
    std::shared_ptr<GlImage> published; /* its fds are in messages that are still to be made */
    uint32_t planes = 1;                /* of what was published last */
};

} // namespace red

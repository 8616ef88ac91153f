/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which path serves which display client, and its share of the statistics:
 *
 *   client                        path       gets
 *   none                          -          nothing is exported or read
 *   Unix socket, takes dma-bufs   local      the exported dma-buf
 *   any other                     hardware   while it moves, and the card can: a stream made
 *                                            from the exported dma-buf (gl-hardware)
 *                                 software   drawables made from the readback, as video
 *                                 image      the same, as images
 *
 * Whether a drawable goes as video or as image is the display channel's decision, as for 2D.
 *
 * Display worker's thread, except get_stats().
 */
#pragma once

#include <cstdint>
#include <list>
#include <mutex>

#include "dcc.h"
#include "gl-context.hpp"
#include "gl-patience.hpp"
#include "red-pipe-item.h"

namespace red {

struct GlClient {
    DisplayChannelClient *dcc;
    uint32_t connection_id;
    /* Local: it has a draw that the guest does not wait for any more */
    bool late = false;
    /* Local: how long it has held the guest up */
    GlPatience patience;
    /* Local: the picture changed while it was busy with an older one */
    bool missed = false;
    /* Remote: the card's encoder failed, it is not tried again */
    bool card_failed = false;
    /* Remote: it has more in its pipe than it takes; it gets the whole picture
     * once it has caught up, and nothing until then. */
    bool lagging = false;
    /* It has been told to go to another server: no picture may follow */
    bool leaving = false;

    uint32_t path = QXL_GL_PATH_NONE;
    uint32_t codec = 0;
    uint64_t frames = 0;
    uint64_t bytes = 0;
    uint64_t path_changes = 0;
    const char *path_reason = nullptr; /* a literal */
    uint64_t last_video_ns = 0;        /* monotonic */
};

class GlPath
{
public:
    /* Messages in a remote client's pipe above which it counts as lagging. Whole frames
     * replace each other there, so only many small damages get this far. */
    static constexpr uint32_t MAX_PIPE = 50;

    explicit GlPath(const GlContext &context): can_export(context.can_export()) {}

    void add(DisplayChannelClient *dcc);
    void remove(DisplayChannelClient *dcc);
    GlClient *find(const DisplayChannelClient *dcc);
    std::list<GlClient> &all() { return clients; }

    /* False from the first failed export on: every client is a remote one then */
    bool allows_local() const { return can_export; }
    void local_failed() { can_export = false; }
    static bool is_local(DisplayChannelClient *dcc) { return dcc->is_gl_client(); }
    bool any_local();
    bool any_remote();

    bool skips_pictures(DisplayChannelClient *dcc);
    bool drops(DisplayChannelClient *dcc, const RedPipeItem *item);
    /* Part of the picture, as drawable or image */
    static bool is_picture(const RedPipeItem *item);
    void sending(DisplayChannelClient *dcc, const RedPipeItem *item);
    /* Lets remote clients that have caught up have the whole picture; true: some lag still */
    bool catch_up(DisplayChannel *display);

    /* Any thread; as spice_qxl_gl_get_stats() */
    void get_stats(QXLGLClientStats *stats, uint32_t *num);
    /* Any thread; as spice_qxl_gl_set_path_callback() */
    void set_callback(QXLInstance *qxl, QXLGLPathFunc func, void *opaque);

private:
    struct Way {
        uint32_t path;
        uint32_t codec;
        const char *reason; /* a literal; null: not another way than before */
    };

    static Way way_of(const GlClient &client, const RedPipeItem *item);
    void changed(GlClient *client, const Way &way);

    std::list<GlClient> clients; /* changed by the worker, under the lock */
    std::mutex lock;             /* for get_stats() and set_callback() */
    QXLInstance *qxl = nullptr;
    QXLGLPathFunc callback = nullptr;
    void *callback_opaque = nullptr;
    bool can_export;
};

} // namespace red

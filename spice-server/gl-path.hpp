/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which path serves which display client, and its share of the statistics:
 *
 *   client                        path       gets
 *   none                          -          nothing is exported or read
 *   Unix socket, takes dma-bufs   local      the exported dma-buf (gl-local)
 *   any other                     hardware   while it moves, and the card can: a stream made
 *                                            from the exported dma-buf (gl-hardware)
 *                                 software   what moves as JPEG or as a stream, made from the
 *                                            readback (gl-remote)
 *                                 image      what does not, from the same
 *
 * Display worker's thread, except where it says so.
 */
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "dcc.h"
#include "gl-context.hpp"
#include "gl-patience.hpp"
#include "gl-remote.hpp"
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
    /* ... nor been told of what is scanned out now */
    bool untold = false;
    /* It was a local one, and has not said that it has drawn what it got last */
    bool owes_answer = false;
    /* Remote: what it is sent, and how its link is; null for local ones */
    std::unique_ptr<GlRemote> remote;

    uint32_t path = QXL_GL_PATH_NONE;
    uint32_t codec = 0;
    uint64_t frames = 0;
    uint64_t bytes = 0;
    uint64_t path_changes = 0;
    const char *path_reason = nullptr; /* a literal */
    GlRemote::Stats link{};            /* as of link_ns */
    uint64_t link_ns = 0;              /* monotonic */
};

class GlPath
{
public:
    explicit GlPath(const GlContext &context): can_export(context.can_export()) {}

    GlClient *add(DisplayChannelClient *dcc);
    void remove(DisplayChannelClient *dcc);
    GlClient *find(const DisplayChannelClient *dcc);
    std::list<GlClient> &all() { return clients; }

    /* May this client, which can take dma-bufs, be given some? One that is served remotely stays so;
     * others come when an export has failed, and are for the next one to try. */
    bool allows_local(const DisplayChannelClient *dcc);
    /* Any thread; as spice_qxl_gl_set_dmabufs() */
    void allow_dmabufs(bool allowed) { dmabufs_allowed = allowed; }
    static bool is_local(DisplayChannelClient *dcc) { return dcc->is_gl_client(); }
    bool any_local();
    bool any_remote();

    /* A message is about to be sent */
    void sending(DisplayChannelClient *dcc, const RedPipeItem *item);
    /* A picture is being sent: QXL_GL_PATH_*, SpiceVideoCodecType or 0, and why (a literal), or null
     * where that is not another way than before */
    void shown(DisplayChannelClient *dcc, uint32_t path, uint32_t codec, const char *reason);
    /* Of messages about the screen's size only the newest is worth sending */
    void forget_monitors();
    /* Notes how remote clients' links are, for the statistics */
    void note_links(uint64_t now_ns);

    /* Any thread; as spice_qxl_gl_get_stats() */
    void get_stats(QXLGLClientStats *stats, uint32_t *num);
    /* Any thread; as spice_qxl_gl_set_path_callback() */
    void set_callback(QXLInstance *qxl, QXLGLPathFunc func, void *opaque);

private:
    std::list<GlClient> clients; /* changed by the worker, under the lock */
    std::mutex lock;             /* for get_stats() and set_callback() */
    QXLInstance *qxl = nullptr;
    QXLGLPathFunc callback = nullptr;
    void *callback_opaque = nullptr;
    bool can_export;
    std::atomic<bool> dmabufs_allowed{true};
};

} // namespace red

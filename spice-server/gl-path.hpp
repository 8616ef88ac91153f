/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Which path serves which display client, and its share of the statistics:
 *
 *   client                          path       gets
 *   none                            -          nothing; nothing is exported or read
 *   Unix socket, accepts dma-bufs   local      the exported dma-buf (gl-local)
 *   any other                       hardware   while it moves and the GPU can encode it: a stream
 *                                              made from the exported dma-buf (gl-hardware)
 *                                   software   moving parts as JPEG or as a stream, made from the
 *                                              readback (gl-remote)
 *                                   image      other parts as images, from the same readback
 *
 * Display worker's thread, unless stated otherwise.
 */
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "dcc.h"
#include "gl-context.hpp"
#include "gl-hw-client.hpp"
#include "gl-patience.hpp"
#include "gl-remote.hpp"
#include "red-pipe-item.h"

namespace red {

struct GlClient {
    DisplayChannelClient *dcc;
    uint32_t connection_id;
    /* Local: it has a draw for which the guest no longer waits */
    bool late = false;
    /* Local: how long it has delayed the guest */
    GlPatience patience;
    /* Local: the picture changed while it was busy with an older one */
    bool missed = false;
    /* Local: it has not been sent the present scanout either */
    bool untold = false;
    /* Remote now: it has not answered the last draw that it was sent as a local client */
    bool owes_answer = false;
    /* Remote: what it is sent, and the state of its link; null for local clients */
    std::unique_ptr<GlRemote> remote;
    /* Remote, and the GPU may encode for it */
    std::unique_ptr<GlHwClient> hardware;

    uint32_t path = QXL_GL_PATH_NONE;
    uint32_t codec = 0;
    uint64_t frames = 0;
    uint64_t bytes = 0;
    uint64_t path_changes = 0;
    const char *path_reason = nullptr; /* a literal */
    GlRemote::Stats link{};            /* as of link_ns */
    uint64_t link_ns = 0;              /* monotonic; 0: not yet */
};

class GlPath
{
public:
    explicit GlPath(const GlContext &context): can_export(context.can_export()) {}

    GlClient *add(DisplayChannelClient *dcc);
    void remove(DisplayChannelClient *dcc);
    GlClient *find(const DisplayChannelClient *dcc);
    std::list<GlClient> &all() { return clients; }

    /* May this client, which accepts dma-bufs, be sent any? A client that is served remotely stays
     * so. A new client may try again after an export has failed. */
    bool allows_local(const DisplayChannelClient *dcc);
    /* Any thread; as spice_qxl_gl_set_dmabufs() */
    void allow_dmabufs(bool allowed) { dmabufs_allowed = allowed; }
    static bool is_local(DisplayChannelClient *dcc) { return dcc->is_gl_client(); }
    bool any_local();
    bool any_remote();

    /* A message is about to be sent */
    void sending(DisplayChannelClient *dcc, const RedPipeItem *item);
    /* A picture is being sent. PATH: QXL_GL_PATH_*; CODEC: SpiceVideoCodecType or 0; REASON: why
     * this path, a literal, or null if the picture does not change the path */
    void shown(DisplayChannelClient *dcc, uint32_t path, uint32_t codec, const char *reason);
    /* Drops unsent messages about the screen's size: only the newest one is worth sending */
    void forget_monitors();
    /* Records the state of remote clients' links for the statistics */
    void note_links(uint64_t now_ns);

    /* Any thread; as spice_qxl_gl_get_stats() */
    void get_stats(QXLGLClientStats *stats, uint32_t *num);
    /* Any thread; as spice_qxl_gl_set_path_callback() */
    void set_callback(QXLInstance *qxl, QXLGLPathFunc func, void *opaque);

private:
    std::list<GlClient> clients; /* changed by the worker only, under the lock */
    std::mutex lock;             /* for get_stats() and set_callback() */
    QXLInstance *qxl = nullptr;
    QXLGLPathFunc callback = nullptr;
    void *callback_opaque = nullptr;
    bool can_export;
    std::atomic<bool> dmabufs_allowed{true};
};

} // namespace red

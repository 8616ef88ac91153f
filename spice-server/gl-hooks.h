/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Hooks through which the display channel and the QXL instance call the GL display: all that
 * patches to upstream's files use. A QXL instance without spice_qxl_gl_init() has no GL display;
 * each hook then returns the value that leaves the caller's behaviour unchanged.
 *
 * Thread: the display worker's, unless stated otherwise.
 */
#ifndef GL_HOOKS_H_
#define GL_HOOKS_H_

#include "red-common.h"
#include "red-pipe-item.h"

struct QXLInstance;
struct SpiceHead;
struct SpiceMsgPing;
struct SpiceMsgcDisplayStreamReport;
struct DisplayChannel;
class DisplayChannelClient;

namespace red {

class GlDisplay;

#ifdef HAVE_EGL

/* For spice_qxl_gl_scanout() and spice_qxl_gl_draw_async(), which show nothing on a GL display.
 * True: there is a GL display; gl_hook_draw() has also completed the draw. */
bool gl_hook_scanout(DisplayChannel *display);
bool gl_hook_draw(DisplayChannel *display);
/* A local client has finished a draw. True: the GL display has handled it. */
bool gl_hook_draw_done(DisplayChannel *display);
/* A client reports a finished draw. True: it was sent the draw while it was a local client, is a
 * remote one now, and nothing waits for the report. */
bool gl_hook_answers_late(DisplayChannelClient *dcc);
/* True: the worker does not wait for a new client's INIT message. A client that never sends it
 * would otherwise block the guest and all other clients. */
bool gl_hook_defers_start(DisplayChannelClient *dcc);
/* A client is ready for its first messages; is ready again after a migration; has disconnected */
void gl_hook_client_started(DisplayChannelClient *dcc);
void gl_hook_client_migrated(DisplayChannelClient *dcc);
void gl_hook_client_stopped(DisplayChannelClient *dcc);
/* A client is about to be told to switch to the destination of a migration */
void gl_hook_client_migrates(DisplayChannelClient *dcc);
/* May this client, which accepts dma-bufs, be sent any? */
bool gl_hook_allows_local(DisplayChannelClient *dcc);
/* Marshalls one of the GL display's own items. False: ITEM is not one of them. */
bool gl_hook_marshall(DisplayChannelClient *dcc, RedPipeItem *item);
/* ITEM is about to be sent; its message is already in the marshaller */
void gl_hook_sending(DisplayChannelClient *dcc, const RedPipeItem *item);
/* Sets the acknowledgement window: before a client's first message, and again after a migration */
void gl_hook_window(DisplayChannelClient *dcc);
/* A client has acknowledged a message */
void gl_hook_acknowledged(DisplayChannelClient *dcc);
/* A client answers a ping; reports on a stream. True: the ping or stream is the GL display's. */
bool gl_hook_pong(DisplayChannelClient *dcc, const SpiceMsgPing *ping);
bool gl_hook_report(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport *report);
/* Sets HEAD's position as this client sees it */
void gl_hook_adjust_head(DisplayChannelClient *dcc, SpiceHead *head);
/* True: there is a GL display. Messages that have not been sent then refer to no guest memory,
 * so the caller need not wait until they are sent. */
bool gl_hook_has_display(QXLInstance *qxl);
/* The worker's thread is about to end */
void gl_hook_worker_stopping(QXLInstance *qxl);

/* Main thread: the server starts or stops sending audio, to which clients set their clocks */
void gl_hook_playing(bool playing);
/* Main thread: size of the scanout in pixels; false if nothing is scanned out */
bool gl_hook_size(QXLInstance *qxl, int *width, int *height);
/* Main thread, after the worker has ended */
void gl_hook_destroy(QXLInstance *qxl);

#else

static inline bool gl_hook_scanout(DisplayChannel *) { return false; }
static inline bool gl_hook_draw(DisplayChannel *) { return false; }
static inline bool gl_hook_draw_done(DisplayChannel *) { return false; }
static inline bool gl_hook_answers_late(DisplayChannelClient *) { return false; }
static inline bool gl_hook_defers_start(DisplayChannelClient *) { return false; }
static inline void gl_hook_client_started(DisplayChannelClient *) {}
static inline void gl_hook_client_migrated(DisplayChannelClient *) {}
static inline void gl_hook_client_stopped(DisplayChannelClient *) {}
static inline void gl_hook_client_migrates(DisplayChannelClient *) {}
static inline bool gl_hook_allows_local(DisplayChannelClient *) { return true; }
static inline bool gl_hook_marshall(DisplayChannelClient *, RedPipeItem *) { return false; }
static inline void gl_hook_sending(DisplayChannelClient *, const RedPipeItem *) {}
static inline void gl_hook_window(DisplayChannelClient *) {}
static inline void gl_hook_acknowledged(DisplayChannelClient *) {}
static inline bool gl_hook_pong(DisplayChannelClient *, const SpiceMsgPing *) { return false; }
static inline bool gl_hook_report(DisplayChannelClient *, const SpiceMsgcDisplayStreamReport *)
{
    return false;
}
static inline void gl_hook_adjust_head(DisplayChannelClient *, SpiceHead *) {}
static inline bool gl_hook_has_display(QXLInstance *) { return false; }
static inline void gl_hook_worker_stopping(QXLInstance *) {}
static inline bool gl_hook_size(QXLInstance *, int *, int *) { return false; }
static inline void gl_hook_destroy(QXLInstance *) {}
static inline void gl_hook_playing(bool) {}

#endif

} // namespace red

#endif /* GL_HOOKS_H_ */

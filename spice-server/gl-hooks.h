/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the display channel and the QXL instance call the GL display: everything that patches
 * to other files use, and nothing else. A QXL instance without spice_qxl_gl_init() has no GL
 * display, and each hook then answers what leaves the caller's behaviour as it was.
 *
 * Thread: the display worker's, unless said otherwise.
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

/* spice_qxl_gl_scanout() and spice_qxl_gl_draw_async() show nothing on a GL display; true: so
 * it is, and the draw has been answered */
bool gl_hook_scanout(DisplayChannel *display);
bool gl_hook_draw(DisplayChannel *display);
/* A local client has drawn; true: dealt with */
bool gl_hook_draw_done(DisplayChannel *display);
/* It has drawn, and nothing it was sent waits for that; true: it was expected */
bool gl_hook_answers_late(DisplayChannelClient *dcc);
/* May the worker go on while a new client has not introduced itself? One that never does
 * would hold up the guest and all other clients. */
bool gl_hook_defers_start(DisplayChannelClient *dcc);
/* A client is ready for its first messages / for more, after a migration / has gone */
void gl_hook_client_started(DisplayChannelClient *dcc);
void gl_hook_client_migrated(DisplayChannelClient *dcc);
void gl_hook_client_stopped(DisplayChannelClient *dcc);
/* A client is about to be told to go to another server */
void gl_hook_client_migrates(DisplayChannelClient *dcc);
/* May this client, which can take dma-bufs, be given some? */
bool gl_hook_allows_local(DisplayChannelClient *dcc);
/* An item of the GL display's own: puts its message into the marshaller. False: it is none */
bool gl_hook_marshall(DisplayChannelClient *dcc, RedPipeItem *item);
/* This item is about to be sent, its message is in the marshaller */
void gl_hook_sending(DisplayChannelClient *dcc, const RedPipeItem *item);
/* A client is about to be sent its first message, or its first one after a migration */
void gl_hook_window(DisplayChannelClient *dcc);
/* A client has taken a message */
void gl_hook_acknowledged(DisplayChannelClient *dcc);
/* A client answers a ping / reports on a stream; true: it was the GL display's */
bool gl_hook_pong(DisplayChannelClient *dcc, const SpiceMsgPing *ping);
bool gl_hook_report(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport *report);
/* The head as this client sees it */
void gl_hook_adjust_head(DisplayChannelClient *dcc, SpiceHead *head);
/* Is there a GL display? What clients have not been sent then refers to no memory of the guest,
 * and nobody needs to wait for it. */
bool gl_hook_has_display(QXLInstance *qxl);
/* The worker's thread is about to end */
void gl_hook_worker_stopping(QXLInstance *qxl);

/* Main thread: the server sends audio, to which clients' clocks are set, or does not any more */
void gl_hook_playing(bool playing);
/* Any thread: does it? */
bool gl_playing();
/* Main thread: size of the scanout in pixels; false: there is none */
bool gl_hook_size(QXLInstance *qxl, int *width, int *height);
/* Main thread, after the worker's end */
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

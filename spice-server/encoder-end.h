/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of an encoder that cannot be stopped at once. Stopping one that is stuck may take for
 * ever, and what it holds may only be given back in the thread that it belongs to: it is stopped
 * in a thread of its own, and freed later.
 */
#ifndef ENCODER_END_H_
#define ENCODER_END_H_

#include <glib.h>

G_BEGIN_DECLS

typedef struct EncoderEnd EncoderEnd;

/* Calls STOP(ENCODER) in a thread of its own. ENCODER belongs to the calling thread, and to STOP
 * until that returns. Where there is no thread to be had (a warning says so) it never does.
 * Never NULL; ends with encoder_end_free_later(). */
EncoderEnd *encoder_end_begin(GDestroyNotify stop, gpointer encoder);

/* Nobody needs ENCODER any more: FREE_ENCODER(ENCODER) is called when it has been stopped, by
 * encoder_end_free_stopped() in the thread that has called encoder_end_begin() */
void encoder_end_free_later(EncoderEnd *end, GDestroyNotify free_encoder);

/* Frees those of the calling thread that have been stopped. To be called whenever an encoder
 * comes or goes. */
void encoder_end_free_stopped(void);

G_END_DECLS

#endif

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
 * Never NULL; ends with encoder_end_defers(). */
EncoderEnd *encoder_end_begin(GDestroyNotify stop, gpointer encoder);

/* Nobody needs an encoder any more, of which *END is the end, or NULL: it can be freed now. TRUE:
 * *END is cleared, and DESTROY(ENCODER) called when the encoder has been stopped, by
 * encoder_end_free_stopped() in the thread that has called encoder_end_begin(). Calls that, too. */
gboolean encoder_end_defers(EncoderEnd **end, GDestroyNotify destroy);

/* Frees those of the calling thread that have been stopped. To be called whenever an encoder
 * comes; when one goes, encoder_end_defers() does. */
void encoder_end_free_stopped(void);

G_END_DECLS

#endif

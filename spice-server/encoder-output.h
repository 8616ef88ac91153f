/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where an encoder's own threads put what comes out of it, and the display worker waits: a frame,
 * or why there will be none any more.
 */
#ifndef ENCODER_OUTPUT_H_
#define ENCODER_OUTPUT_H_

#include <glib.h>

G_BEGIN_DECLS

typedef struct EncoderOutput EncoderOutput;

/* FREE_FRAME: how to free a frame that nobody takes */
EncoderOutput *encoder_output_new(GDestroyNotify free_frame);
/* When no other thread can call the below any more; frees the frame that is in it */
void encoder_output_free(EncoderOutput *output);

/* Any thread. Takes over FRAME, and frees the one before if nobody has taken it. */
void encoder_output_put(EncoderOutput *output, gpointer frame);
/* Any thread. No frame is to be had from now on; the first reason counts. */
void encoder_output_fail(EncoderOutput *output, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* One thread. Waits for a frame, which is the caller's then. NULL: there is none, now or later.
 * One that has not come within TIMEOUT milliseconds is such a failure. */
gpointer encoder_output_wait(EncoderOutput *output, unsigned int timeout);
/* Why it has failed, "unknown error" if nobody has said so; OUTPUT's, as long as it lives */
const char *encoder_output_failure(EncoderOutput *output);

G_END_DECLS

#endif

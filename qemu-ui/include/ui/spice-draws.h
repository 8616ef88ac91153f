/*
 * The draws that a SPICE display passes to spice-server
 *
 * Only one is pending at a time, and the guest's renderer is blocked meanwhile.
 * Draws have numbers, since an answer can arrive after its draw has been
 * abandoned.
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_DRAWS_H
#define UI_SPICE_DRAWS_H

typedef enum SpiceDrawState {
    SPICE_DRAW_NONE,
    SPICE_DRAW_PENDING,         /* passed to spice-server, not yet answered */
    SPICE_DRAW_ABANDONED,       /* as above, but its scanout is gone */
} SpiceDrawState;

/* What can end a draw */
typedef enum SpiceDrawEvent {
    SPICE_DRAW_ANSWERED,
    SPICE_DRAW_REFUSED,         /* spice-server did not accept it */
    SPICE_DRAW_TIMED_OUT,
    SPICE_DRAW_SCANOUT_GONE,    /* in the main loop, after _abandon() */
} SpiceDrawEvent;

/* Protected by the BQL, except for @answered */
typedef struct SpiceDraws {
    SpiceDrawState state;
    uint32_t number;            /* of the newest draw; wraps around, never 0 */
    uint32_t answered;          /* the newest answer's; atomic */
    uint64_t unanswered;        /* draws that ended without an answer */
} SpiceDraws;

/*
 * Begins a draw.  None may be pending.
 *
 * Returns: its number, to be passed to spice_draws_answer().
 */
uint32_t spice_draws_begin(SpiceDraws *draws);

/* spice-server has answered draw @number.  Any thread. */
void spice_draws_answer(SpiceDraws *draws, uint32_t number);

/* The scanout is disabled: a pending draw need not be answered any more */
void spice_draws_abandon(SpiceDraws *draws);

/*
 * Returns: whether @event ends the pending draw, so that the next can begin.
 * SPICE_DRAW_ANSWERED does so only if the newest answer is to this draw, and
 * SPICE_DRAW_SCANOUT_GONE only if the draw has been abandoned.
 */
bool spice_draws_end(SpiceDraws *draws, SpiceDrawEvent event);

#endif /* UI_SPICE_DRAWS_H */

/*
 * The draws that a SPICE display passes to spice-server
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "ui/spice-draws.h"

uint32_t spice_draws_begin(SpiceDraws *draws)
{
    assert(draws->state == SPICE_DRAW_NONE);
    draws->state = SPICE_DRAW_PENDING;
    draws->number++;
    draws->number += draws->number == 0;
    return draws->number;
}

void spice_draws_answer(SpiceDraws *draws, uint32_t number)
{
    uint32_t before, newest = qatomic_read(&draws->answered);

    /* The answer to an abandoned draw may come after that to a newer one */
    while ((int32_t)(number - newest) > 0) {
        before = newest;
        newest = qatomic_cmpxchg(&draws->answered, before, number);
        if (newest == before) {
            break;
        }
    }
}

void spice_draws_abandon(SpiceDraws *draws)
{
    if (draws->state == SPICE_DRAW_PENDING) {
        draws->state = SPICE_DRAW_ABANDONED;
    }
}

bool spice_draws_end(SpiceDraws *draws, SpiceDrawEvent event)
{
    if (draws->state == SPICE_DRAW_NONE) {
        return false;
    }
    switch (event) {
    case SPICE_DRAW_ANSWERED:
        if (qatomic_read(&draws->answered) != draws->number) {
            return false;
        }
        break;
    case SPICE_DRAW_REFUSED:
        break;
    case SPICE_DRAW_SCANOUT_GONE:
        if (draws->state != SPICE_DRAW_ABANDONED) {
            return false;
        }
        draws->unanswered++;
        break;
    case SPICE_DRAW_TIMED_OUT:
        draws->unanswered++;
        break;
    }
    draws->state = SPICE_DRAW_NONE;
    return true;
}

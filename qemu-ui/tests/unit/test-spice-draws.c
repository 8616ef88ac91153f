/*
 * Unit tests for the draws that a SPICE display passes to spice-server
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "ui/spice-draws.h"

static void test_answer(void)
{
    SpiceDraws draws = {};
    uint32_t draw = spice_draws_begin(&draws);

    g_assert_false(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
    spice_draws_answer(&draws, draw);
    g_assert_true(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
    g_assert_cmpuint(draws.unanswered, ==, 0);
    /* None is pending now */
    g_assert_false(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
    g_assert_false(spice_draws_end(&draws, SPICE_DRAW_TIMED_OUT));
    g_assert_cmpuint(draws.unanswered, ==, 0);
}

static void test_timeout(void)
{
    SpiceDraws draws = {};
    uint32_t late = spice_draws_begin(&draws), next;

    g_assert_true(spice_draws_end(&draws, SPICE_DRAW_TIMED_OUT));
    g_assert_cmpuint(draws.unanswered, ==, 1);
    /* Its answer ends no other draw, even if it comes last */
    next = spice_draws_begin(&draws);
    g_assert_cmpuint(next, !=, late);
    spice_draws_answer(&draws, late);
    g_assert_false(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
    spice_draws_answer(&draws, next);
    spice_draws_answer(&draws, late);
    g_assert_true(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
    g_assert_cmpuint(draws.unanswered, ==, 1);
}

static void test_scanout_gone(void)
{
    SpiceDraws draws = {};
    uint32_t draw;

    /* Without a draw there is nothing to abandon */
    spice_draws_abandon(&draws);
    draw = spice_draws_begin(&draws);
    g_assert_false(spice_draws_end(&draws, SPICE_DRAW_SCANOUT_GONE));
    spice_draws_abandon(&draws);
    g_assert_true(spice_draws_end(&draws, SPICE_DRAW_SCANOUT_GONE));
    g_assert_cmpuint(draws.unanswered, ==, 1);
    /* The next is not affected */
    spice_draws_begin(&draws);
    g_assert_false(spice_draws_end(&draws, SPICE_DRAW_SCANOUT_GONE));
    spice_draws_answer(&draws, draw);
    g_assert_false(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
}

static void test_scanout_gone_and_answer(void)
{
    SpiceDraws draws = {};
    uint32_t draw = spice_draws_begin(&draws);

    spice_draws_abandon(&draws);
    spice_draws_answer(&draws, draw);
    g_assert_true(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
    g_assert_false(spice_draws_end(&draws, SPICE_DRAW_SCANOUT_GONE));
    g_assert_cmpuint(draws.unanswered, ==, 0);
}

static void test_refused(void)
{
    SpiceDraws draws = {};

    spice_draws_begin(&draws);
    g_assert_true(spice_draws_end(&draws, SPICE_DRAW_REFUSED));
    g_assert_cmpuint(draws.unanswered, ==, 0);
    g_assert_cmpint(draws.state, ==, SPICE_DRAW_NONE);
}

/* Numbers wrap around after 2^32 draws, two years of 60 Hz */
static void test_wraparound(void)
{
    SpiceDraws draws = { .number = UINT32_MAX - 1, .answered = UINT32_MAX - 1 };
    int i;

    for (i = 0; i < 3; i++) {
        uint32_t draw = spice_draws_begin(&draws);

        g_assert_cmpuint(draw, !=, 0);
        g_assert_false(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
        spice_draws_answer(&draws, draw);
        g_assert_true(spice_draws_end(&draws, SPICE_DRAW_ANSWERED));
    }
    g_assert_cmpuint(draws.number, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spice-draws/answer", test_answer);
    g_test_add_func("/spice-draws/timeout", test_timeout);
    g_test_add_func("/spice-draws/scanout-gone", test_scanout_gone);
    g_test_add_func("/spice-draws/scanout-gone-and-answer",
                    test_scanout_gone_and_answer);
    g_test_add_func("/spice-draws/refused", test_refused);
    g_test_add_func("/spice-draws/wraparound", test_wraparound);
    return g_test_run();
}

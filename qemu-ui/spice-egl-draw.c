/*
 * One draw at a time, during which the guest's renderer is blocked
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "ui/qemu-spice.h"
#include "spice-egl.h"
#include "spice-gl-api.h"
#include "trace.h"

/* Just before console.c would warn that the guest is still blocked */
#define DRAW_TIMEOUT_MS 900

void spice_egl_note_block(SpiceEgl *egl, int64_t start)
{
    int64_t block_ns = get_clock() - start;

    egl->longest_block_ns = MAX(egl->longest_block_ns, block_ns);
    egl->block_ns += block_ns;
}

static void set_blocked(SpiceEgl *egl, bool block)
{
    if (egl->blocked != block) {
        egl->blocked = block;
        qemu_console_hw_gl_block(egl->ssd->dcl.con, block);
    }
}

/*
 * If @event ends the pending draw, starts the next one if there is damage;
 * otherwise the guest continues.
 */
static void handle_event(SpiceEgl *egl, SpiceDrawEvent event)
{
    if (!spice_draws_end(&egl->draws, event)) {
        return;
    }
    if (event == SPICE_DRAW_ANSWERED) {
        trace_qemu_spice_egl_draw_done(egl->ssd->qxl.id);
    } else if (event != SPICE_DRAW_REFUSED) {
        trace_qemu_spice_egl_draw_unanswered(egl->ssd->qxl.id,
                                             egl->draws.number);
    }
    timer_del(egl->draw_timer);
    if (event != SPICE_DRAW_REFUSED) {
        spice_egl_draw(egl);
    }
    if (egl->draws.state == SPICE_DRAW_NONE) {
        set_blocked(egl, false);
    }
}

void spice_egl_end_void_draw(SpiceEgl *egl)
{
    handle_event(egl, SPICE_DRAW_SCANOUT_GONE);
}

/* spice-server does not answer: better a torn picture than a frozen guest */
static void draw_timeout(void *opaque)
{
    SpiceEgl *egl = opaque;

    if (!egl->warned) {
        egl->warned = true;
        warn_report("spice: display %d: draw not completed after %d ms, "
                    "continuing without it", egl->ssd->qxl.id, DRAW_TIMEOUT_MS);
    }
    handle_event(egl, SPICE_DRAW_TIMED_OUT);
}

static void draw_answered(void *opaque)
{
    SpiceEgl *egl = opaque;

    if (egl->draws.state == SPICE_DRAW_NONE) {
        /* A late answer: spice-server accepts draws again */
        spice_egl_draw(egl);
    } else {
        handle_event(egl, SPICE_DRAW_ANSWERED);
    }
}

void qemu_spice_egl_draw_answered(SimpleSpiceDisplay *ssd, uint64_t draw)
{
    spice_draws_answer(&ssd->egl->draws, draw);
    qemu_bh_schedule(ssd->egl->answered_bh);
}

/* A fence after the current context's commands; NULL if they have finished */
static EGLSyncKHR make_fence(SpiceEgl *egl)
{
    EGLContext previous = eglGetCurrentContext();
    EGLSyncKHR sync = EGL_NO_SYNC_KHR;

    if (previous == EGL_NO_CONTEXT) {
        spice_egl_enter();
    }
    if (egl->has_fences) {
        sync = eglCreateSyncKHR(qemu_egl_display, EGL_SYNC_FENCE_KHR, NULL);
    }
    if (sync != EGL_NO_SYNC_KHR) {
        glFlush();
    } else {
        glFinish();
    }
    return sync;
}

/* Precedes draw_fence_async(), since the answer may come before that returns */
static QXLCookie *begin_draw(SpiceEgl *egl)
{
    uint32_t draw = spice_draws_begin(&egl->draws);

    timer_mod(egl->draw_timer,
              qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + DRAW_TIMEOUT_MS);
    set_blocked(egl, true);
    return qxl_cookie_new(QXL_COOKIE_TYPE_GL_DRAW_DONE, draw);
}

QEMU_DISABLE_CFI
void spice_egl_start_draw(SpiceEgl *egl)
{
    int64_t start = get_clock();
    EGLSyncKHR sync = make_fence(egl);
    QXLRect r = egl->damage;
    QXLCookie *cookie;
    int ret;

    spice_egl_damage_none(egl);
    cookie = begin_draw(egl);
    ret = qemu_spice_gl_api()->draw_fence_async(&egl->ssd->qxl, r.left, r.top,
                                                r.right - r.left,
                                                r.bottom - r.top,
                                                sync, (uintptr_t)cookie);
    trace_qemu_spice_egl_draw(egl->ssd->qxl.id, r.right - r.left,
                              r.bottom - r.top, r.left, r.top, ret);
    spice_egl_note_block(egl, start);
    if (ret < 0) {
        g_free(cookie);
        if (sync != EGL_NO_SYNC_KHR) {
            eglDestroySyncKHR(qemu_egl_display, sync);
        }
        if (ret == -EBUSY) {
            egl->damage = r;    /* goes with the next draw */
        }
        handle_event(egl, SPICE_DRAW_REFUSED);
    }
}

void spice_egl_draw_init(SpiceEgl *egl)
{
    egl->answered_bh = qemu_bh_new(draw_answered, egl);
    egl->draw_timer = timer_new_ms(QEMU_CLOCK_REALTIME, draw_timeout, egl);
}

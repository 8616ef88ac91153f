/*
 * One draw at a time, during which the guest's renderer is blocked
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
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

/* Starts the next draw if there is damage; otherwise the guest continues */
static void go_on(SpiceEgl *egl)
{
    egl->draw = 0;
    timer_del(egl->ssd->gl_unblock_timer);
    spice_egl_draw(egl);
    if (!egl->draw) {
        set_blocked(egl, false);
    }
}

void spice_egl_end_draw(SpiceEgl *egl)
{
    if (egl->draw) {
        egl->draws_unanswered++;
        trace_qemu_spice_egl_draw_unanswered(egl->ssd->qxl.id, egl->draw);
        go_on(egl);
    }
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
    spice_egl_end_draw(egl);
}

static void draw_answered(void *opaque)
{
    SpiceEgl *egl = opaque;

    if (!egl->draw) {
        /* A late answer: spice-server accepts draws again */
        spice_egl_draw(egl);
    } else if (egl->draw == qatomic_read(&egl->answered)) {
        trace_qemu_spice_egl_draw_done(egl->ssd->qxl.id);
        go_on(egl);
    }
}

void qemu_spice_egl_draw_answered(SimpleSpiceDisplay *ssd, uint64_t draw)
{
    SpiceEgl *egl = ssd->egl;
    uint32_t before, newest = qatomic_read(&egl->answered);

    /* The answer to an abandoned draw may come after that to a newer one */
    while ((int32_t)((uint32_t)draw - newest) > 0) {
        before = newest;
        newest = qatomic_cmpxchg(&egl->answered, before, (uint32_t)draw);
        if (newest == before) {
            break;
        }
    }
    qemu_bh_schedule(ssd->gl_unblock_bh);
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
    egl->newest_draw++;
    egl->newest_draw += egl->newest_draw == 0;
    egl->draw = egl->newest_draw;
    timer_mod(egl->ssd->gl_unblock_timer,
              qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + DRAW_TIMEOUT_MS);
    set_blocked(egl, true);
    return qxl_cookie_new(QXL_COOKIE_TYPE_GL_DRAW_DONE, egl->draw);
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
        egl->draw = 0;
        timer_del(egl->ssd->gl_unblock_timer);
        set_blocked(egl, false);
    }
}

void spice_egl_draw_init(SpiceEgl *egl)
{
    SimpleSpiceDisplay *ssd = egl->ssd;

    qemu_bh_delete(ssd->gl_unblock_bh);
    ssd->gl_unblock_bh = qemu_bh_new(draw_answered, egl);
    timer_free(ssd->gl_unblock_timer);
    ssd->gl_unblock_timer = timer_new_ms(QEMU_CLOCK_REALTIME,
                                         draw_timeout, egl);
}

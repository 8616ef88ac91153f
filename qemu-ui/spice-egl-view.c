/*
 * SPICE display whose scanouts are EGL images: what is visible, and which part
 * of it has changed since the last draw
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "ui/qemu-spice.h"
#include "spice-egl.h"

EGLContext spice_egl_enter(void)
{
    EGLContext previous = eglGetCurrentContext();

    if (previous != qemu_egl_rn_ctx) {
        eglMakeCurrent(qemu_egl_display, EGL_NO_SURFACE, EGL_NO_SURFACE,
                       qemu_egl_rn_ctx);
    }
    return previous;
}

void spice_egl_leave(EGLContext previous)
{
    if (previous != qemu_egl_rn_ctx && previous != EGL_NO_CONTEXT) {
        eglMakeCurrent(qemu_egl_display, EGL_NO_SURFACE, EGL_NO_SURFACE,
                       previous);
    }
}

void spice_egl_damage_none(SpiceEgl *egl)
{
    memset(&egl->damage, 0, sizeof(egl->damage));
}

void spice_egl_damage(SpiceEgl *egl, int64_t x, int64_t y,
                      int64_t w, int64_t h)
{
    /* Guests may report any uint32_t, which does not fit into a QXLRect */
    int64_t width = egl->view.width, height = egl->view.height;
    QXLRect rect = {
        .left   = MIN(MAX(x, 0), width),
        .top    = MIN(MAX(y, 0), height),
        .right  = MAX(MIN(x + w, width), 0),
        .bottom = MAX(MIN(y + h, height), 0),
    };

    if (rect.left < rect.right && rect.top < rect.bottom) {
        qemu_spice_rect_union(&egl->damage, &rect);
    }
}

void spice_egl_damage_all(SpiceEgl *egl)
{
    spice_egl_damage(egl, 0, 0, egl->view.width, egl->view.height);
}

void spice_egl_show(SpiceEgl *egl, SpiceEglSource source,
                    const SpiceEglView *view)
{
    /* Damage of the old view that was not drawn is missing in the new one */
    bool undrawn = !qemu_spice_rect_is_empty(&egl->damage);

    egl->news_for_others = true;
    if (egl->source == SPICE_EGL_DMABUF && source != SPICE_EGL_DMABUF) {
        spice_egl_forget_idle(&egl->images);
    }
    egl->source = source;
    egl->disabled = source == SPICE_EGL_NONE;
    egl->view = *view;
    spice_egl_damage_none(egl);
    if (undrawn) {
        spice_egl_damage_all(egl);
    }
}

/*
 * SPICE display: guest dma-bufs as EGL images, and cursors on top of them
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "spice-egl.h"
#include "trace.h"

static SimpleSpiceDisplay *ssd_of(DisplayChangeListener *dcl)
{
    return container_of(dcl, SimpleSpiceDisplay, dcl);
}

void spice_egl_scanout_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf)
{
    SimpleSpiceDisplay *ssd = ssd_of(dcl);
    SpiceEglView view = {
        .x = qemu_dmabuf_get_x(dmabuf),
        .y = qemu_dmabuf_get_y(dmabuf),
        .width = qemu_dmabuf_get_width(dmabuf),
        .height = qemu_dmabuf_get_height(dmabuf),
        .y_0_top = qemu_dmabuf_get_y0_top(dmabuf),
    };

    ssd->guest_dmabuf = dmabuf;
    ssd->egl->dmabuf_changed = true;
    spice_egl_show(ssd->egl, SPICE_EGL_DMABUF, &view);
}

void spice_egl_release_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf)
{
    SimpleSpiceDisplay *ssd = ssd_of(dcl);
    EGLContext previous = spice_egl_enter();

    if (ssd->guest_dmabuf == dmabuf) {
        ssd->guest_dmabuf = NULL;
    }
    if (ssd->cursor_fb.texture &&
        ssd->cursor_fb.texture == qemu_dmabuf_get_texture(dmabuf)) {
        egl_fb_destroy(&ssd->cursor_fb);
    }
    spice_egl_forget_dmabuf(&ssd->egl->images, dmabuf);
    egl_dmabuf_release_texture(dmabuf);
    spice_egl_leave(previous);
}

/* ---- cursor ---- */

void spice_egl_cursor_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf,
                             bool have_hot, uint32_t hot_x, uint32_t hot_y)
{
    SimpleSpiceDisplay *ssd = ssd_of(dcl);
    EGLContext previous = spice_egl_enter();

    trace_qemu_spice_gl_cursor(ssd->qxl.id, dmabuf != NULL, have_hot);
    ssd->have_hot = have_hot;
    ssd->hot_x = hot_x;
    ssd->hot_y = hot_y;
    if (!dmabuf) {
        egl_fb_destroy(&ssd->cursor_fb);
    } else {
        egl_dmabuf_import_texture(dmabuf);
        if (qemu_dmabuf_get_texture(dmabuf)) {
            egl_fb_setup_for_tex(&ssd->cursor_fb,
                                 qemu_dmabuf_get_width(dmabuf),
                                 qemu_dmabuf_get_height(dmabuf),
                                 qemu_dmabuf_get_texture(dmabuf), false);
        }
    }
    spice_egl_leave(previous);
}

void spice_egl_cursor_position(DisplayChangeListener *dcl,
                               uint32_t pos_x, uint32_t pos_y)
{
    SimpleSpiceDisplay *ssd = ssd_of(dcl);

    qemu_mutex_lock(&ssd->lock);
    ssd->ptr_x = pos_x;
    ssd->ptr_y = pos_y;
    qemu_mutex_unlock(&ssd->lock);
}

/* ---- both in one picture ---- */

static void drop_blit_fb(SpiceEgl *egl)
{
    SimpleSpiceDisplay *ssd = egl->ssd;

    if (ssd->blit_fb.texture) {
        spice_egl_forget_texture(&egl->images, ssd->blit_fb.texture);
    }
    egl_fb_destroy(&ssd->blit_fb);
}

static bool scanout_blit_fb(SpiceEgl *egl)
{
    SimpleSpiceDisplay *ssd = egl->ssd;
    QemuDmaBuf *dmabuf = ssd->guest_dmabuf;
    uint32_t width = qemu_dmabuf_get_backing_width(dmabuf);
    uint32_t height = qemu_dmabuf_get_backing_height(dmabuf);
    SpiceEglView view = egl->view;
    SpiceEglImage *image;

    egl_dmabuf_import_texture(dmabuf);
    if (!qemu_dmabuf_get_texture(dmabuf)) {
        return false;
    }
    egl_fb_setup_for_tex(&ssd->guest_fb, width, height,
                         qemu_dmabuf_get_texture(dmabuf), false);
    if (ssd->blit_fb.width != width || ssd->blit_fb.height != height) {
        trace_qemu_spice_gl_render_dmabuf(ssd->qxl.id, width, height);
        drop_blit_fb(egl);
        egl_fb_setup_new_tex(&ssd->blit_fb, width, height);
    }

    view.y_0_top = false;       /* blend_cursor() flips it */
    image = spice_egl_image_of_texture(&egl->images, ssd->blit_fb.texture,
                                       width, height);
    return image && spice_egl_scanout(&egl->images, image, &view);
}

static bool scanout_guest(SpiceEgl *egl)
{
    SimpleSpiceDisplay *ssd = egl->ssd;
    SpiceEglImage *image;

    trace_qemu_spice_gl_forward_dmabuf(ssd->qxl.id, egl->view.width,
                                       egl->view.height);
    image = spice_egl_image_of_dmabuf(&egl->images, ssd->guest_dmabuf);
    return image && spice_egl_scanout(&egl->images, image, &egl->view);
}

/* With "flip" the first line stays first: see texture-blit-flip.vert */
static void blend_cursor(SpiceEgl *egl)
{
    SimpleSpiceDisplay *ssd = egl->ssd;
    int x, y;

    qemu_mutex_lock(&ssd->lock);
    x = ssd->ptr_x;
    y = ssd->ptr_y;
    qemu_mutex_unlock(&ssd->lock);

    egl_texture_blit(ssd->gls, &ssd->blit_fb, &ssd->guest_fb,
                     !egl->view.y_0_top);
    egl_texture_blend(ssd->gls, &ssd->blit_fb, &ssd->cursor_fb, true,
                      egl->view.x + x, egl->view.y + y, 1.0, 1.0);
}

bool spice_egl_compose_dmabuf(SpiceEgl *egl)
{
    SimpleSpiceDisplay *ssd = egl->ssd;
    bool render_cursor = ssd->cursor_fb.texture != 0;

    if (!ssd->guest_dmabuf) {
        return false;
    }
    if (ssd->render_cursor != render_cursor) {
        ssd->render_cursor = render_cursor;
        egl->dmabuf_changed = true;
        if (!render_cursor) {
            drop_blit_fb(egl);
        }
    }
    if (egl->dmabuf_changed) {
        if (!(render_cursor ? scanout_blit_fb(egl) : scanout_guest(egl))) {
            return false;
        }
        egl->dmabuf_changed = false;
    }
    if (render_cursor) {
        blend_cursor(egl);
    }
    return true;
}

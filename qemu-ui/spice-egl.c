/*
 * SPICE display whose scanouts are EGL images
 *
 * QEMU and spice-server share one EGLDisplay.  QEMU makes an EGL image of each
 * backing image that the guest shows, once, and passes it to spice-server,
 * which decides how each client is served.
 *
 * Callbacks may come from vCPU threads (device reset) with the BQL held.  They
 * only note what is wanted; GL and spice-server are used in the main loop.
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "system/cpus.h"
#include "ui/qemu-spice.h"
#include "spice-egl.h"
#include "spice-gl-api.h"
#include "trace.h"

SpiceEglList spice_egl_displays = QTAILQ_HEAD_INITIALIZER(spice_egl_displays);

/* The listener is part of a SimpleSpiceDisplay, which points to the SpiceEgl */
static SpiceEgl *egl_of(DisplayChangeListener *dcl)
{
    return container_of(dcl, SimpleSpiceDisplay, dcl)->egl;
}

/* ---- drawing ---- */

static void upload_surface(SpiceEgl *egl)
{
    SimpleSpiceDisplay *ssd = egl->ssd;
    QXLRect *r = &egl->damage;
    SpiceEglImage *image;

    if (ssd->ds->texture) {
        surface_gl_update_texture(ssd->gls, ssd->ds, r->left, r->top,
                                  r->right - r->left, r->bottom - r->top);
    } else {
        surface_gl_create_texture(ssd->gls, ssd->ds);
    }
    if (!egl->surface_changed) {
        return;
    }
    image = spice_egl_image_of_texture(&egl->images, ssd->ds->texture,
                                       surface_width(ssd->ds),
                                       surface_height(ssd->ds));
    if (image && spice_egl_scanout(&egl->images, image, &egl->view)) {
        egl->surface_changed = false;
    }
}

static void delete_dead_textures(SpiceEgl *egl)
{
    EGLContext previous;

    if (!egl->dead_textures->len) {
        return;
    }
    previous = spice_egl_enter();
    glDeleteTextures(egl->dead_textures->len,
                     (GLuint *)egl->dead_textures->data);
    spice_egl_leave(previous);
    g_array_set_size(egl->dead_textures, 0);
}

static void draw_surface(SpiceEgl *egl)
{
    EGLContext previous = spice_egl_enter();

    upload_surface(egl);
    if (egl->surface_changed) {
        spice_egl_damage_none(egl);
    } else {
        spice_egl_start_draw(egl);
    }
    spice_egl_leave(previous);
}

void spice_egl_draw(SpiceEgl *egl)
{
    EGLContext previous;

    if (egl->draws.state != SPICE_DRAW_NONE ||
        qemu_spice_rect_is_empty(&egl->damage)) {
        return;
    }
    switch (egl->source) {
    case SPICE_EGL_NONE:
        spice_egl_damage_none(egl);
        break;
    case SPICE_EGL_SURFACE:
        draw_surface(egl);
        break;
    case SPICE_EGL_TEXTURE:
        spice_egl_start_draw(egl);
        break;
    case SPICE_EGL_DMABUF:
        previous = spice_egl_enter();
        if (spice_egl_compose_dmabuf(egl)) {
            spice_egl_start_draw(egl);
        } else {
            spice_egl_damage_none(egl);
        }
        spice_egl_leave(previous);
        break;
    }
}

/* ---- requests of vCPU threads ---- */

QEMU_DISABLE_CFI
static void sync_state(void *opaque)
{
    SpiceEgl *egl = opaque;

    delete_dead_textures(egl);
    spice_egl_end_void_draw(egl);
    if (egl->disabled) {
        egl->disabled = false;
        qemu_spice_gl_api()->scanout_texture(&egl->ssd->qxl, NULL);
    }
}

static void sync_soon(SpiceEgl *egl)
{
    if (qemu_in_vcpu_thread()) {
        qemu_bh_schedule(egl->sync_bh);
    } else {
        sync_state(egl);
    }
}

static void show_nothing(SpiceEgl *egl)
{
    static const SpiceEglView nothing;

    spice_egl_show(egl, SPICE_EGL_NONE, &nothing);
}

/* ---- 2D surfaces ---- */

/* Passes the texture to @new if it fits: guests without GL flip pages, too */
static void hand_texture_on(SpiceEgl *egl, DisplaySurface *old,
                            DisplaySurface *new)
{
    if (!old || !old->texture || old == new) {
        return;
    }
    if (new && !new->texture && surface_width(new) == surface_width(old) &&
        surface_height(new) == surface_height(old) &&
        surface_format(new) == surface_format(old)) {
#ifdef SURFACE_KNOWS_GL_FORMAT
        new->glformat = old->glformat;
        new->gltype = old->gltype;
#endif
        new->texture = old->texture;
    } else {
        spice_egl_forget_texture(&egl->images, old->texture);
        g_array_append_val(egl->dead_textures, old->texture);
    }
    old->texture = 0;
}

static void egl_gfx_switch(DisplayChangeListener *dcl, DisplaySurface *surface)
{
    SpiceEgl *egl = egl_of(dcl);
    SimpleSpiceDisplay *ssd = egl->ssd;

    hand_texture_on(egl, ssd->ds, surface);
    ssd->ds = surface;
    egl->others_show_it = false;
    if (surface) {
        SpiceEglView view = {
            .width = surface_width(surface),
            .height = surface_height(surface),
        };

        /* Uploaded when first drawn: often a texture replaces it before that */
        spice_egl_show(egl, SPICE_EGL_SURFACE, &view);
        spice_egl_damage_all(egl);
        egl->surface_changed = true;
    } else if (egl->source == SPICE_EGL_SURFACE) {
        show_nothing(egl);
    }
    sync_soon(egl);
}

static void egl_gfx_update(DisplayChangeListener *dcl,
                           int x, int y, int w, int h)
{
    SpiceEgl *egl = egl_of(dcl);

    if (egl->source == SPICE_EGL_SURFACE) {
        spice_egl_damage(egl, x, y, w, h);
    }
}

static void egl_refresh(DisplayChangeListener *dcl)
{
    SpiceEgl *egl = egl_of(dcl);

    spice_egl_show_others(egl);
    if (!egl->ssd->ds || qemu_console_is_gl_blocked(dcl->con)) {
        return;
    }
    qemu_console_hw_update(dcl->con);
    if (egl->source == SPICE_EGL_SURFACE) {
        spice_egl_draw(egl);
    }
}

/* ---- GL scanouts ---- */

static void egl_scanout_disable(DisplayChangeListener *dcl)
{
    SpiceEgl *egl = egl_of(dcl);

    trace_qemu_spice_gl_scanout_disable(egl->ssd->qxl.id);
    show_nothing(egl);
    spice_draws_abandon(&egl->draws);
    sync_soon(egl);
}

static void egl_scanout_texture(DisplayChangeListener *dcl,
                                uint32_t tex_id, bool y_0_top,
                                uint32_t backing_width,
                                uint32_t backing_height,
                                uint32_t x, uint32_t y,
                                uint32_t w, uint32_t h, void *d3d_tex2d)
{
    SpiceEgl *egl = egl_of(dcl);
    SpiceEglView view = {
        .x = x, .y = y, .width = w, .height = h, .y_0_top = y_0_top,
    };
    int64_t start = get_clock();
    SpiceEglImage *image;

    assert(tex_id);
    image = spice_egl_image_of_texture(&egl->images, tex_id,
                                       backing_width, backing_height);
    if (image && spice_egl_scanout(&egl->images, image, &view)) {
        spice_egl_show(egl, SPICE_EGL_TEXTURE, &view);
    }
    spice_egl_note_block(egl, start);
}

static void egl_release_texture(DisplayChangeListener *dcl, uint32_t tex_id)
{
    spice_egl_forget_texture(&egl_of(dcl)->images, tex_id);
}

static bool egl_has_dmabuf(DisplayChangeListener *dcl)
{
    return qemu_egl_has_dmabuf();
}

static void egl_gl_update(DisplayChangeListener *dcl,
                          uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    SpiceEgl *egl = egl_of(dcl);

    egl->news_for_others = true;
    switch (egl->source) {
    case SPICE_EGL_TEXTURE:
        /* virglrenderer's devices report it relative to the texture */
        spice_egl_damage(egl, (int64_t)x - egl->view.x,
                         (int64_t)y - egl->view.y, w, h);
        break;
    case SPICE_EGL_DMABUF:
        /* Some devices report it relative to the scanout, others do not */
        if (egl->view.x || egl->view.y) {
            spice_egl_damage_all(egl);
        } else {
            spice_egl_damage(egl, x, y, w, h);
        }
        break;
    default:
        return;
    }
    spice_egl_draw(egl);
}

/* ---- cursors, which are sent as they are without GL ---- */

static void egl_mouse_set(DisplayChangeListener *dcl, int x, int y, bool on)
{
    egl_of(dcl)->plain->dpy_mouse_set(dcl, x, y, on);
}

static void egl_cursor_define(DisplayChangeListener *dcl, QEMUCursor *cursor)
{
    egl_of(dcl)->plain->dpy_cursor_define(dcl, cursor);
}

static const DisplayChangeListenerOps listener_ops = {
    .dpy_name               = "spice-egl-image",
    .dpy_gfx_update         = egl_gfx_update,
    .dpy_gfx_switch         = egl_gfx_switch,
    .dpy_gfx_check_format   = console_gl_check_format,
    .dpy_refresh            = egl_refresh,
    .dpy_mouse_set          = egl_mouse_set,
    .dpy_cursor_define      = egl_cursor_define,

    .dpy_gl_scanout_disable = egl_scanout_disable,
    .dpy_gl_scanout_texture = egl_scanout_texture,
    .dpy_has_dmabuf         = egl_has_dmabuf,
    .dpy_gl_scanout_dmabuf  = spice_egl_scanout_dmabuf,
    .dpy_gl_cursor_dmabuf   = spice_egl_cursor_dmabuf,
    .dpy_gl_cursor_position = spice_egl_cursor_position,
    .dpy_gl_release_dmabuf  = spice_egl_release_dmabuf,
    .dpy_gl_release_texture = egl_release_texture,
    .dpy_gl_readback        = spice_egl_readback,
    .dpy_gl_update          = egl_gl_update,
};

/* ---- contexts ---- */

static QEMUGLContext egl_ctx_create(DisplayGLCtx *dgc, QEMUGLParams *params)
{
    SimpleSpiceDisplay *ssd = container_of(dgc, SimpleSpiceDisplay, dgc);

    return ssd->egl->contexts->dpy_gl_ctx_create(dgc, params);
}

/* Listeners without GL are shown readbacks while a client watches them */
static bool egl_is_compatible_dcl(DisplayGLCtx *dgc,
                                  DisplayChangeListener *dcl)
{
    return dcl->ops == &listener_ops ||
           (!dcl->ops->dpy_gl_update && dcl->ops->dpy_is_watched);
}

static const DisplayGLCtxOps gl_ctx_ops = {
    .dpy_gl_ctx_is_compatible_dcl = egl_is_compatible_dcl,
    .dpy_gl_ctx_create            = egl_ctx_create,
    .dpy_gl_ctx_destroy           = qemu_egl_destroy_context,
    .dpy_gl_ctx_make_current      = qemu_egl_make_context_current,
};

/* ---- setting up ---- */

static bool can_make_images(void)
{
    return epoxy_has_egl_extension(qemu_egl_display, "EGL_KHR_image_base") &&
           epoxy_has_egl_extension(qemu_egl_display,
                                   "EGL_KHR_gl_texture_2D_image");
}

QEMU_DISABLE_CFI
int qemu_spice_egl_init(SimpleSpiceDisplay *ssd,
                        const DisplayChangeListenerOps **ops,
                        const DisplayGLCtxOps *contexts)
{
    SpiceEgl *egl;
    int ret = -ENOTSUP;

    if (can_make_images()) {
        ret = qemu_spice_gl_api()->init(&ssd->qxl, qemu_egl_display);
    }
    trace_qemu_spice_egl_init(ssd->qxl.id, ret);
    if (ret < 0) {
        return ret;
    }

    egl = g_new0(SpiceEgl, 1);
    egl->ssd = ssd;
    egl->plain = *ops;
    egl->contexts = contexts;
    egl->has_fences = epoxy_has_egl_extension(qemu_egl_display,
                                              "EGL_KHR_fence_sync");
    egl->dead_textures = g_array_new(false, false, sizeof(GLuint));
    egl->sync_bh = qemu_bh_new(sync_state, egl);
    spice_egl_draw_init(egl);
    spice_egl_images_init(&egl->images, &ssd->qxl);
    QTAILQ_INSERT_TAIL(&spice_egl_displays, egl, next);

    ssd->egl = egl;
    ssd->gls = qemu_gl_init_shader();
    ssd->dgc.ops = &gl_ctx_ops;
    *ops = &listener_ops;
    return 0;
}

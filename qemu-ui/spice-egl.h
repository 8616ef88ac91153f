/*
 * SPICE display whose scanouts are EGL images
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_EGL_H
#define UI_SPICE_EGL_H

#include "ui/spice-display.h"
#include "ui/spice-draws.h"

#if defined(HAVE_SPICE_GL) && defined(SPICE_QXL_GL)

/* ---- spice-egl-image.c: one EGL image per backing image ---- */

typedef struct SpiceEglImage SpiceEglImage;

/* Most recently scanned out first; protected by the BQL */
typedef struct SpiceEglImages {
    QXLInstance *qxl;
    uint64_t shown_id;          /* of the image that was scanned out last */
    unsigned count;
    QTAILQ_HEAD(, SpiceEglImage) list;
} SpiceEglImages;

/* Visible part of a backing image; pixels, from the picture's top left */
typedef struct SpiceEglView {
    uint32_t x, y, width, height;
    bool y_0_top;
} SpiceEglView;

void spice_egl_images_init(SpiceEglImages *images, QXLInstance *qxl);

/*
 * The image of texture @tex_id in the current context's share group, or NULL.
 * @width, @height: size of the whole texture, pixels.  The list owns the image.
 */
SpiceEglImage *spice_egl_image_of_texture(SpiceEglImages *images,
                                          uint32_t tex_id,
                                          uint32_t width, uint32_t height);

/* The image of @dmabuf, or NULL.  The list owns the image. */
SpiceEglImage *spice_egl_image_of_dmabuf(SpiceEglImages *images,
                                         QemuDmaBuf *dmabuf);

/*
 * Must be called before the texture or dma-buf goes away, from any thread that
 * holds the BQL.  Ignored if it has no image.  The image of a dma-buf is kept
 * for a while, since the same memory may come back as another QemuDmaBuf.
 */
void spice_egl_forget_texture(SpiceEglImages *images, uint32_t tex_id);
void spice_egl_forget_dmabuf(SpiceEglImages *images, QemuDmaBuf *dmabuf);

/* Forgets the images that are kept in case their dma-bufs come back */
void spice_egl_forget_idle(SpiceEglImages *images);

/* Scans out @image.  Main loop only. */
bool spice_egl_scanout(SpiceEglImages *images, SpiceEglImage *image,
                       const SpiceEglView *view);

typedef struct SpiceEglShown {
    EGLImageKHR image;
    uint32_t tex_id;            /* its texture in QEMU's contexts; 0: none */
    uint32_t height;            /* of the whole image, pixels */
} SpiceEglShown;

/* The last image scanned out; false if it has been forgotten since */
bool spice_egl_shown(SpiceEglImages *images, SpiceEglShown *shown);

/* ---- spice-egl.c: the listener ---- */

typedef enum SpiceEglSource {
    SPICE_EGL_NONE,
    SPICE_EGL_SURFACE,
    SPICE_EGL_TEXTURE,
    SPICE_EGL_DMABUF,
} SpiceEglSource;

typedef struct SpiceEgl {
    SimpleSpiceDisplay *ssd;
    const DisplayChangeListenerOps *plain;  /* as if there were no GL */
    const DisplayGLCtxOps *contexts;        /* those of dma-buf displays */
    QTAILQ_ENTRY(SpiceEgl) next;
    bool has_fences;            /* EGL_KHR_fence_sync */

    SpiceEglImages images;
    SpiceEglSource source;
    SpiceEglView view;
    QXLRect damage;             /* not yet drawn, relative to the view */

    SpiceDraws draws;
    QEMUBH *answered_bh;
    QEMUTimer *draw_timer;      /* when the pending draw times out */
    bool blocked;               /* we block the guest's renderer */
    bool warned;
    int64_t longest_block_ns;   /* longest scanout or draw call */
    int64_t block_ns;           /* all such calls together */
    QEMUBH *sync_bh;            /* runs what vCPUs requested, in main loop */

    bool surface_changed;       /* no texture and no image yet */
    bool disabled;              /* spice-server not notified yet */
    GArray *dead_textures;      /* GLuint, textures of former surfaces */

    bool dmabuf_changed;

    DisplaySurface *others;     /* read back for listeners without GL */
    bool others_show_it;        /* they show it, not console's surface */
    bool news_for_others;       /* @others is out of date */
} SpiceEgl;

typedef QTAILQ_HEAD(SpiceEglList, SpiceEgl) SpiceEglList;
extern SpiceEglList spice_egl_displays;

/*
 * Makes @ssd, whose interface has been added, scan out EGL images.
 * @ops: the callbacks of a display without GL, some of which are used, too;
 *     becomes the callbacks to register.
 * @contexts: those that make GL contexts for a display with dma-bufs.
 *
 * Returns: 0, or a negative errno from spice_qxl_gl_init(), in which case
 * nothing is changed.
 */
int qemu_spice_egl_init(SimpleSpiceDisplay *ssd,
                        const DisplayChangeListenerOps **ops,
                        const DisplayGLCtxOps *contexts);

/* Draws the damage, now or once the pending draw has been answered */
void spice_egl_draw(SpiceEgl *egl);

/* ---- spice-egl-view.c: what is visible, and what of it has changed ---- */

/* Shows the part of @source that @view describes from now on */
void spice_egl_show(SpiceEgl *egl, SpiceEglSource source,
                    const SpiceEglView *view);

/*
 * Adds a rectangle to what the next draw shows.  Pixels, from the view's top
 * left corner.  Guests may report any rectangle; it is clipped to the view.
 */
void spice_egl_damage(SpiceEgl *egl, int64_t x, int64_t y,
                      int64_t w, int64_t h);
void spice_egl_damage_all(SpiceEgl *egl);
void spice_egl_damage_none(SpiceEgl *egl);

/*
 * Makes qemu_egl_rn_ctx current.  Returns the previously current context, to
 * be passed to spice_egl_leave().
 */
EGLContext spice_egl_enter(void);
void spice_egl_leave(EGLContext previous);

/* ---- spice-egl-draw.c: one draw at a time ---- */

void spice_egl_draw_init(SpiceEgl *egl);

/* Passes the damage to spice-server.  None may be pending.  Main loop only. */
void spice_egl_start_draw(SpiceEgl *egl);

/* Ends the pending draw if its scanout has been disabled.  Main loop only. */
void spice_egl_end_void_draw(SpiceEgl *egl);

/* @start: get_clock() at the beginning of the call that is about to return */
void spice_egl_note_block(SpiceEgl *egl, int64_t start);

/* ---- spice-egl-readback.c: screendumps, and VNC ---- */

/*
 * The pixels that the guest shows, which the caller must unreference; NULL if
 * it shows the console's surface, or nothing.  Waits for the GPU.
 */
pixman_image_t *spice_egl_readback(DisplayChangeListener *dcl);

/*
 * Reads the frame back for the console's listeners without GL if it has
 * changed and one of them is being watched.  Called once per refresh.
 */
void spice_egl_show_others(SpiceEgl *egl);

/* ---- spice-egl-dmabuf.c: guest dma-bufs, and cursors on top of them ---- */

/* Scans out the guest's and the cursor's plane; false if there is nothing */
bool spice_egl_compose_dmabuf(SpiceEgl *egl);

void spice_egl_scanout_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf);
void spice_egl_release_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf);
void spice_egl_cursor_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf,
                             bool have_hot, uint32_t hot_x, uint32_t hot_y);
void spice_egl_cursor_position(DisplayChangeListener *dcl,
                               uint32_t pos_x, uint32_t pos_y);

#endif

#endif /* UI_SPICE_EGL_H */

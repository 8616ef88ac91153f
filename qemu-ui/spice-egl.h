/*
 * SPICE display whose scanouts are EGL images
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_EGL_H
#define UI_SPICE_EGL_H

#include "ui/spice-display.h"

#if defined(HAVE_SPICE_GL) && defined(SPICE_QXL_GL)

/* ---- spice-egl-image.c: one EGL image per backing image ---- */

typedef struct SpiceEglImage SpiceEglImage;

/* Most recently scanned out first; protected by the BQL */
typedef struct SpiceEglImages {
    QXLInstance *qxl;
    uint64_t shown_id;          /* of what was scanned out last */
    unsigned count;
    QTAILQ_HEAD(, SpiceEglImage) list;
} SpiceEglImages;

/* What is visible of a backing image; pixels, from the picture's top left */
typedef struct SpiceEglView {
    uint32_t x, y, width, height;
    bool y_0_top;
} SpiceEglView;

void spice_egl_images_init(SpiceEglImages *images, QXLInstance *qxl);

/*
 * The image of texture @tex_id of the current context's share group, or NULL.
 * @width, @height: of the whole texture, pixels.  The list keeps the image.
 */
SpiceEglImage *spice_egl_image_of_texture(SpiceEglImages *images,
                                          uint32_t tex_id,
                                          uint32_t width, uint32_t height);

/* The image of @dmabuf, or NULL.  The list keeps the image. */
SpiceEglImage *spice_egl_image_of_dmabuf(SpiceEglImages *images,
                                         QemuDmaBuf *dmabuf);

/*
 * To be called before the texture or dma-buf goes away.  What has no image is
 * ignored.  Any thread that holds the BQL.  The image of a dma-buf is kept for
 * a while, because the same memory may come back as another QemuDmaBuf.
 */
void spice_egl_forget_texture(SpiceEglImages *images, uint32_t tex_id);
void spice_egl_forget_dmabuf(SpiceEglImages *images, QemuDmaBuf *dmabuf);

/* Forgets the images that are kept for dma-bufs that may come back */
void spice_egl_forget_idle(SpiceEglImages *images);

/* Puts @image on the screen.  Main loop only. */
bool spice_egl_scanout(SpiceEglImages *images, SpiceEglImage *image,
                       const SpiceEglView *view);

typedef struct SpiceEglShown {
    EGLImageKHR image;
    uint32_t tex_id;            /* that it is of, in QEMU's contexts; 0: none */
    uint32_t height;            /* of the whole image, pixels */
} SpiceEglShown;

/* What was put there last; false if it has been forgotten since */
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
    QTAILQ_ENTRY(SpiceEgl) next;
    bool has_fences;            /* EGL_KHR_fence_sync */

    SpiceEglImages images;
    SpiceEglSource source;
    SpiceEglView view;
    QXLRect damage;             /* not drawn yet, relative to the view */

    uint32_t draw;              /* that spice-server has not answered; 0: none */
    uint32_t newest_draw;       /* draws are numbered */
    uint32_t answered;          /* the newest of them; atomic, any thread */
    uint32_t void_draw;         /* of a scanout that was disabled */
    uint64_t draws_unanswered;  /* that were waited for no longer */
    bool blocked;               /* the guest's renderer, by us */
    bool warned;
    int64_t longest_block_ns;   /* that a scanout or a draw kept the caller */
    int64_t block_ns;           /* all of them */
    QEMUBH *sync_bh;            /* does in the main loop what vCPUs asked for */

    bool surface_changed;       /* no texture and no image yet */
    bool disabled;              /* spice-server has not been told yet */
    GArray *dead_textures;      /* GLuint, of surfaces that are gone */

    bool dmabuf_changed;

    DisplaySurface *others;     /* what is read back for those without GL */
    bool others_show_it;        /* and not the console's surface */
    bool news_for_others;       /* it is not what the guest shows now */
} SpiceEgl;

typedef QTAILQ_HEAD(SpiceEglList, SpiceEgl) SpiceEglList;
extern SpiceEglList spice_egl_displays;

/*
 * Makes @ssd scan out EGL images.
 *
 * Returns: 0, or a negative errno of spice_qxl_gl_init(); @ssd is unchanged
 * then.
 */
int qemu_spice_egl_init(SimpleSpiceDisplay *ssd,
                        const DisplayChangeListenerOps **ops);

/* Draws what is damaged, now or when the outstanding draw is done */
void spice_egl_draw(SpiceEgl *egl);

/* ---- spice-egl-view.c: what is visible, and what of it has changed ---- */

/* From now on @source is shown, as far as @view says */
void spice_egl_show(SpiceEgl *egl, SpiceEglSource source,
                    const SpiceEglView *view);

/*
 * Adds to what the next draw has to show.  Pixels, from the view's top left;
 * the guest may name any, of which those in the view count.
 */
void spice_egl_damage(SpiceEgl *egl, int64_t x, int64_t y,
                      int64_t w, int64_t h);
void spice_egl_damage_all(SpiceEgl *egl);
void spice_egl_damage_none(SpiceEgl *egl);

/* Makes qemu_egl_rn_ctx current; returns what was before, for leave */
EGLContext spice_egl_enter(void);
void spice_egl_leave(EGLContext previous);

/* ---- spice-egl-draw.c: one draw at a time ---- */

void spice_egl_draw_init(SpiceEgl *egl);

/* Hands what is damaged to spice-server; none is outstanding.  Main loop. */
void spice_egl_start_draw(SpiceEgl *egl);

/*
 * Waits no longer for the answer to the outstanding draw, if there is one.
 * That may come late, and is told by its number from the next one's.
 * Main loop.
 */
void spice_egl_end_draw(SpiceEgl *egl);

/* @start: get_clock() when the call began that is about to return */
void spice_egl_note_block(SpiceEgl *egl, int64_t start);

/* ---- spice-egl-readback.c: screendumps, and VNC ---- */

/*
 * The pixels of what the guest shows, to be unreferenced by the caller; NULL
 * if that is the console's surface, or nothing.  Waits for the GPU.
 */
pixman_image_t *spice_egl_readback(DisplayChangeListener *dcl);

/*
 * Reads the picture back for the console's listeners without GL, if it has
 * changed and one of them is watched.  Once each refresh.
 */
void spice_egl_show_others(SpiceEgl *egl);

/* ---- spice-egl-dmabuf.c: guest dma-bufs, and cursors on top of them ---- */

/* Puts what guest and cursor planes show on the screen; false: nothing */
bool spice_egl_compose_dmabuf(SpiceEgl *egl);

void spice_egl_scanout_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf);
void spice_egl_release_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf);
void spice_egl_cursor_dmabuf(DisplayChangeListener *dcl, QemuDmaBuf *dmabuf,
                             bool have_hot, uint32_t hot_x, uint32_t hot_y);
void spice_egl_cursor_position(DisplayChangeListener *dcl,
                               uint32_t pos_x, uint32_t pos_y);

#endif

#endif /* UI_SPICE_EGL_H */

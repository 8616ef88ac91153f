/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scanouts as EGLImages: the caller owns EGL initialisation and lends its
 * EGLDisplay to spice-server, which makes a context of its own on it.
 *
 * No EGL header is needed to include this file: EGLDisplay, EGLImage and
 * EGLSync are passed as void pointers, which is what they are.
 *
 * Errors are negative errno values; a call that fails takes nothing over and
 * leaves everything as it was.
 *
 * All calls belong to the thread that runs the spice core interface (QEMU: the
 * main loop, with the big lock held), unless said otherwise. None of them waits
 * for the GPU, for a client or for an encoder.
 */
#ifndef SPICE_QXL_GL_H_
#define SPICE_QXL_GL_H_

#if !defined(SPICE_H_INSIDE) && !defined(SPICE_SERVER_INTERNAL)
#error "Only spice.h can be included directly."
#endif

#include <stdint.h>

/* The calls below are there: for #ifdef, whatever spice-server's version says */
#define SPICE_QXL_GL 1

SPICE_BEGIN_DECLS

struct QXLInstance;

/**
 * spice_qxl_gl_init:
 * @qxl: the QXL instance that will use the calls below
 * @egl_display: an initialised EGLDisplay. The caller keeps it: it must stay
 *     initialised until the instance has been removed.
 *
 * Makes spice-server's own, unshared GL context on @egl_display at once, so
 * that later changes of root directory or user do not matter. The calling
 * thread's current context is left as it was. To be called before a client can
 * connect.
 *
 * Returns: 0;
 *     -EINVAL: @qxl or @egl_display is null, or the display is not initialised;
 *     -EALREADY: called twice for this instance;
 *     -ENOTSUP: spice-server was built without EGL, or the display lacks
 *         GLES 3, EGL_KHR_image_base, GL_OES_EGL_image or
 *         EGL_KHR_surfaceless_context;
 *     -EIO: EGL failed to make a context.
 * On failure spice_qxl_gl_scanout() and friends still work as they always did.
 */
int spice_qxl_gl_init(struct QXLInstance *qxl, void *egl_display);

enum {
    /* SPICE_GL_SCANOUT_FLAGS_Y0TOP, and virtio-gpu's flag of that name: the
     * first line in the image's memory is the bottom line of the picture.
     * Without it, it is the top line. */
    QXL_GL_SCANOUT_Y0TOP = 1 << 0,
};

/**
 * QXLGLScanout: one backing image, and which part of it is on the screen.
 */
typedef struct QXLGLScanout {
    uint32_t size;          /* sizeof(QXLGLScanout) of the caller, bytes */
    uint32_t flags;         /* QXL_GL_SCANOUT_* */
    uint64_t image_id;      /* identity of the backing image, never 0, never used
                               again for another image as long as the process lives.
                               (EGLImage handles do get used again.) */
    void *egl_image;        /* EGLImage, 2D, on the display of spice_qxl_gl_init() */
    uint32_t backing_width; /* pixels, 1 to 32768 */
    uint32_t backing_height;
    uint32_t x, y;          /* visible part, pixels; origin at the picture's top left */
    uint32_t width, height; /* at least 1, within the backing image */
    /* Gives @egl_image back. Called exactly once for each image_id, from any
     * thread, possibly before spice_qxl_gl_release_texture() returns. It must not
     * call into spice-server. May be null: then nothing is told. */
    void (*release)(struct QXLInstance *qxl, void *egl_image, void *opaque);
    void *opaque;           /* for @release */
    /* Fields that are added later follow here, and are read as far as @size goes */
} QXLGLScanout;

/**
 * spice_qxl_gl_scanout_texture:
 * @qxl: an instance for which spice_qxl_gl_init() returned 0
 * @scanout: what is on the screen from now on, or NULL: nothing (scanout
 *     disabled). Only read during the call.
 *
 * Replaces the current scanout. An image_id that is not known yet is imported:
 * spice-server holds its EGLImage until spice_qxl_gl_release_texture() and the
 * last use in a client's path are over, then calls @release. For an image_id
 * that is known already, @egl_image, @release and @opaque of the first call
 * stand. Flipping between images therefore costs no EGL call and no file
 * descriptor.
 *
 * Also tells clients the size of the head: do not call
 * spice_qxl_monitors_config_async() for it.
 *
 * Returns: 0; -EINVAL: bad argument (null, sizes of 0 or too large, rectangle
 *     outside of the image, unknown flags, no image, @size too small);
 *     -ENOTSUP: spice_qxl_gl_init() has not succeeded;
 *     -ENOSPC: more than 64 images are held (release some).
 */
int spice_qxl_gl_scanout_texture(struct QXLInstance *qxl, const QXLGLScanout *scanout);

/**
 * spice_qxl_gl_release_texture:
 * @image_id: an image of spice_qxl_gl_scanout_texture(); unknown ones are ignored
 *
 * The caller will not scan this image out any more (its texture is about to be
 * deleted, or is recycled). If it is the current scanout it stays on the screen
 * until the next one.
 */
void spice_qxl_gl_release_texture(struct QXLInstance *qxl, uint64_t image_id);

/**
 * spice_qxl_gl_draw_fence_async:
 * @x, @y, @w, @h: what changed, pixels, relative to the visible part of the
 *     scanout, top left origin; clipped to it
 * @egl_sync: an EGLSync fence (EGL_KHR_fence_sync) after the last drawing
 *     command, or NULL if drawing has finished already. Belongs to spice-server
 *     if the call returns 0; it is destroyed by spice-server.
 * @cookie: passed to QXLInterface::async_complete, once, when spice-server does
 *     not read the image any more: at once (from within this call) when no
 *     client is connected, otherwise from one of spice-server's threads. That is
 *     not later than it takes to read the picture; no client and no encoder delays
 *     it, except local clients that are using the image, and these for 80 ms at most.
 *
 * Returns: 0; -EINVAL: null instance; -ENOENT: there is no scanout;
 *     -EBUSY: the previous draw has not completed; -ENOTSUP: spice_qxl_gl_init()
 *     has not succeeded.
 */
int spice_qxl_gl_draw_fence_async(struct QXLInstance *qxl,
                                  uint32_t x, uint32_t y, uint32_t w, uint32_t h,
                                  void *egl_sync, uint64_t cookie);

/* How a display client is served */
enum {
    QXL_GL_PATH_NONE,       /* not yet, or nothing to show */
    QXL_GL_PATH_LOCAL,      /* dma-buf over a Unix socket */
    QXL_GL_PATH_SOFTWARE,   /* readback, video encoded on the CPU */
    QXL_GL_PATH_IMAGE,      /* readback, images */
    QXL_GL_PATH_HARDWARE,   /* dma-buf to an encoder on the display's card */
};

/* Counters since spice_qxl_gl_init(), unless said otherwise */
typedef struct QXLGLStats {
    uint32_t size;            /* in: sizeof(QXLGLStats) of the caller, bytes;
                                 out: how many of them were filled in */
    uint32_t images;          /* backing images held now */
    uint64_t scanouts;        /* spice_qxl_gl_scanout_texture() that succeeded */
    uint64_t draws;           /* spice_qxl_gl_draw_fence_async() that succeeded */
    uint64_t draws_unseen;    /* of these, answered at once: no client */
    uint64_t images_imported; /* distinct image_ids seen */
    uint64_t prime_exports;   /* backing images exported as dma-buf */
    uint64_t readbacks;       /* pictures, or parts of them, read back */
    uint64_t readback_bytes;
    uint64_t longest_draw_ns; /* longest time from a draw to its async_complete */
    uint64_t draws_late;      /* draws that a local client was waited for in vain */
} QXLGLStats;

typedef struct QXLGLClientStats {
    uint32_t size;            /* as in QXLGLStats; the first element's counts */
    uint32_t path;            /* QXL_GL_PATH_* */
    uint32_t connection_id;   /* SpiceChannelEventInfo.connection_id */
    uint32_t codec;           /* SpiceVideoCodecType of the running stream, 0: none */
    uint64_t frames;          /* frames sent: gl-draws, video frames or images */
    uint64_t bytes;           /* sent on the display channel */
    uint64_t path_changes;    /* as spice_qxl_gl_set_path_callback() tells them */
    const char *path_reason;  /* QXLGLPathChange.reason of the last one, or null */
    /* Of remote clients; 0 and null for others */
    const char *codec_reason; /* why the video goes in this codec; never freed, or null */
    uint64_t video_bit_rate;  /* what a video may use of the link, bits a second */
    uint64_t round_trip_ns;   /* mean, from a message to its acknowledgement; never 0 */
    uint64_t bytes_in_flight; /* sent, and not acknowledged */
    uint64_t frames_late;     /* that the client has reported as too late */
    uint32_t frames_per_second; /* sent within the last second */
    uint32_t reserved;
} QXLGLClientStats;

/**
 * spice_qxl_gl_get_stats:
 * @stats: filled in as far as @stats->size goes
 * @clients: room for *@num_clients elements, or NULL
 * @num_clients: in: elements in @clients; out: clients connected (may be more)
 *
 * Any thread, but not while the instance is being removed, nor after that:
 * spice_server_remove_interface() and spice_server_destroy() do not wait for it.
 *
 * Returns: 0; -EINVAL; -ENOTSUP: spice_qxl_gl_init() has not succeeded.
 */
int spice_qxl_gl_get_stats(struct QXLInstance *qxl, QXLGLStats *stats,
                           QXLGLClientStats *clients, uint32_t *num_clients);

/**
 * QXLGLPathChange: a client is served in another way, or in another codec, than before.
 */
typedef struct QXLGLPathChange {
    uint32_t size;            /* sizeof(QXLGLPathChange) of spice-server, bytes */
    uint32_t connection_id;   /* SpiceChannelEventInfo.connection_id */
    uint32_t from, to;        /* QXL_GL_PATH_* */
    uint32_t codec;           /* SpiceVideoCodecType from now on, 0: none */
    const char *reason;       /* a few words for a log; never freed */
} QXLGLPathChange;

typedef void (*QXLGLPathFunc)(struct QXLInstance *qxl, const QXLGLPathChange *change,
                              void *opaque);

/**
 * spice_qxl_gl_set_path_callback:
 * @func: called for each change from the display worker's thread, in which it must not
 *     wait, nor call into spice-server; NULL: none any more
 *
 * To be set before a client can connect, and for good: a call may be in progress when
 * another function is set.
 *
 * Returns: 0; -EINVAL: null instance; -ENOTSUP: spice_qxl_gl_init() has not succeeded.
 */
int spice_qxl_gl_set_path_callback(struct QXLInstance *qxl, QXLGLPathFunc func, void *opaque);

/**
 * spice_qxl_gl_set_max_rate:
 * @frames_per_second: that a remote client is sent at most, 1 to 240; what is above 60, which is
 *     the rate without this call, makes no difference. What the guest draws in between is not sent.
 *
 * Any thread, at any time; holds from the next picture on, and for the bit rate of videos that
 * begin later.
 *
 * Returns: 0; -EINVAL: null instance, or no such rate; -ENOTSUP: spice_qxl_gl_init() has not
 *     succeeded.
 */
int spice_qxl_gl_set_max_rate(struct QXLInstance *qxl, uint32_t frames_per_second);

/**
 * spice_qxl_gl_set_dmabufs:
 * @allowed: 0: clients on Unix sockets get no dma-bufs, but pictures, as remote ones do; else, as
 *     without this call, those that take dma-bufs get them. A socket that is forwarded to another
 *     machine, or through a program that passes bytes alone, loses the descriptors.
 *
 * Any thread; holds for clients that connect later.
 *
 * Returns: 0; -EINVAL: null instance; -ENOTSUP: spice_qxl_gl_init() has not succeeded.
 */
int spice_qxl_gl_set_dmabufs(struct QXLInstance *qxl, int allowed);

SPICE_END_DECLS

#endif /* SPICE_QXL_GL_H_ */

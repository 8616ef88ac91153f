/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Scanouts as EGLImages: the caller initialises EGL and lends its EGLDisplay
 * to spice-server, which creates a context of its own on it.
 *
 * This file can be included without any EGL header: EGLDisplay, EGLImage and
 * EGLSync are passed as void pointers, which is how EGL defines them.
 *
 * Errors are negative errno values; a call that fails takes ownership of
 * nothing and changes nothing.
 *
 * Unless stated otherwise, all functions must be called from the thread that
 * runs the spice core interface (QEMU: the main loop, with the BQL held). None
 * of them waits for the GPU, a client or an encoder.
 */
#ifndef SPICE_QXL_GL_H_
#define SPICE_QXL_GL_H_

#if !defined(SPICE_H_INSIDE) && !defined(SPICE_SERVER_INTERNAL)
#error "Only spice.h can be included directly."
#endif

#include <stdint.h>

SPICE_BEGIN_DECLS

struct QXLInstance;

/**
 * spice_qxl_gl_init:
 * @qxl: the QXL instance that will use the calls below
 * @egl_display: an initialised EGLDisplay. The caller keeps ownership, and must
 *     keep it initialised until the instance has been removed.
 *
 * Creates spice-server's own, unshared GL context on @egl_display immediately,
 * so that later changes of the root directory or the user have no effect on it.
 * The calling thread's current context is preserved. Must be called before any
 * client can connect.
 *
 * Returns: 0;
 *     -EINVAL: @qxl or @egl_display is null, or the display is not initialised;
 *     -EALREADY: already called for this instance;
 *     -ENOTSUP: spice-server was built without EGL, or the display lacks
 *         GLES 3, EGL_KHR_image_base, GL_OES_EGL_image or
 *         EGL_KHR_surfaceless_context;
 *     -EIO: EGL failed to create a context.
 * After a failure spice_qxl_gl_scanout() and related functions work as before.
 */
int spice_qxl_gl_init(struct QXLInstance *qxl, void *egl_display);

enum {
    /* Same as SPICE_GL_SCANOUT_FLAGS_Y0TOP and virtio-gpu's flag of that name:
     * the first line in the image's memory is the bottom line of the picture.
     * Without this flag it is the top line. */
    QXL_GL_SCANOUT_Y0TOP = 1 << 0,
};

/**
 * QXLGLScanout: a backing image and the part of it that is visible.
 */
typedef struct QXLGLScanout {
    uint32_t size;          /* sizeof(QXLGLScanout) of the caller, bytes */
    uint32_t flags;         /* QXL_GL_SCANOUT_* */
    uint64_t image_id;      /* identity of the backing image; never 0, and never
                               reused for another image during the process's lifetime
                               (EGLImage handles, in contrast, are reused) */
    void *egl_image;        /* EGLImage, 2D, on the display of spice_qxl_gl_init() */
    uint32_t backing_width; /* pixels, 1 to 32768 */
    uint32_t backing_height;
    uint32_t x, y;          /* visible part, pixels, from the picture's top left corner */
    uint32_t width, height; /* at least 1, within the backing image */
    /* Returns @egl_image to the caller. Called exactly once for each image_id,
     * from any thread, possibly before spice_qxl_gl_release_texture() returns. Must
     * not call into spice-server. May be null if the caller needs no notification. */
    void (*release)(struct QXLInstance *qxl, void *egl_image, void *opaque);
    void *opaque;           /* for @release */
    /* Later additions go here; fields are read only as far as @size reaches */
} QXLGLScanout;

/**
 * spice_qxl_gl_scanout_texture:
 * @qxl: an instance for which spice_qxl_gl_init() returned 0
 * @scanout: the new scanout, or NULL to disable it (show nothing). Only read
 *     during the call.
 *
 * Replaces the current scanout. A new image_id is imported: spice-server holds
 * its EGLImage until spice_qxl_gl_release_texture() has been called and no
 * client's path uses it any more, then calls @release. For a known image_id,
 * @egl_image, @release and @opaque of the first call remain in effect. Flipping
 * between images therefore costs no EGL call and no file descriptor.
 *
 * Also informs clients about the size of the head; do not call
 * spice_qxl_monitors_config_async() for that.
 *
 * Returns: 0; -EINVAL: bad argument (null pointer, a size of 0 or too large,
 *     rectangle outside the image, unknown flags, no image, @size too small);
 *     -ENOTSUP: spice_qxl_gl_init() has not succeeded;
 *     -ENOSPC: spice-server already holds 64 images; release some first.
 */
int spice_qxl_gl_scanout_texture(struct QXLInstance *qxl, const QXLGLScanout *scanout);

/**
 * spice_qxl_gl_release_texture:
 * @image_id: an image passed to spice_qxl_gl_scanout_texture(); unknown ids are
 *     ignored
 *
 * States that the caller will not scan out this image any more (its texture is
 * about to be deleted or recycled). If it is the current scanout, it stays on the
 * screen until the next scanout.
 */
void spice_qxl_gl_release_texture(struct QXLInstance *qxl, uint64_t image_id);

/**
 * spice_qxl_gl_draw_fence_async:
 * @x, @y, @w, @h: the damaged rectangle in pixels, relative to the top left
 *     corner of the scanout's visible part; clipped to that part
 * @egl_sync: an EGLSync fence (EGL_KHR_fence_sync) inserted after the last
 *     drawing command, or NULL if drawing has already finished. If the call
 *     returns 0, spice-server owns it and destroys it.
 * @cookie: passed to QXLInterface::async_complete exactly once, when spice-server
 *     no longer reads the image: immediately (from within this call) if no client
 *     is connected, otherwise from one of spice-server's threads. This takes no
 *     longer than reading the frame does. Clients and encoders do not delay it,
 *     except for local clients that are using the image, by at most 80 ms.
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
    QXL_GL_PATH_IMAGE,      /* readback, sent as images */
    QXL_GL_PATH_HARDWARE,   /* dma-buf, encoded on the display's GPU */
};

/* Counters since spice_qxl_gl_init(), unless stated otherwise */
typedef struct QXLGLStats {
    uint32_t size;            /* in: sizeof(QXLGLStats) of the caller, bytes;
                                 out: how many bytes were filled in */
    uint32_t images;          /* backing images held now */
    uint64_t scanouts;        /* successful spice_qxl_gl_scanout_texture() calls */
    uint64_t draws;           /* successful spice_qxl_gl_draw_fence_async() calls */
    uint64_t draws_unseen;    /* of these, completed at once since no client was connected */
    uint64_t images_imported; /* distinct image_ids seen */
    uint64_t prime_exports;   /* backing images exported as dma-bufs */
    uint64_t readbacks;       /* frames, or parts of frames, read back */
    uint64_t readback_bytes;
    uint64_t longest_draw_ns; /* longest time from a draw to its async_complete */
    uint64_t draws_late;      /* draws for which a local client did not release the image in time */
} QXLGLStats;

typedef struct QXLGLClientStats {
    uint32_t size;            /* as in QXLGLStats; only the first element's is used */
    uint32_t path;            /* QXL_GL_PATH_* */
    uint32_t connection_id;   /* SpiceChannelEventInfo.connection_id */
    uint32_t codec;           /* SpiceVideoCodecType of the current stream, 0: none */
    uint64_t frames;          /* frames sent: gl-draws, video frames or images */
    uint64_t bytes;           /* sent on the display channel */
    uint64_t path_changes;    /* as reported to spice_qxl_gl_set_path_callback() */
    const char *path_reason;  /* QXLGLPathChange.reason of the last change, or null */
    /* For remote clients only; 0 or null for local ones */
    const char *codec_reason; /* why the video uses this codec; never freed, or null */
    uint64_t video_bit_rate;  /* share of the link that a video may use, bits per second */
    uint64_t round_trip_ns;   /* mean time from a message to its acknowledgement; never 0 */
    uint64_t bytes_in_flight; /* sent, but not yet acknowledged */
    uint64_t frames_late;     /* frames that the client reported as too late */
    uint32_t frames_per_second; /* frames sent within the last second */
    uint32_t reserved;
} QXLGLClientStats;

/**
 * spice_qxl_gl_get_stats:
 * @stats: filled in as far as @stats->size reaches
 * @clients: an array of *@num_clients elements, or NULL
 * @num_clients: in: number of elements in @clients; out: number of connected
 *     clients, which may be larger
 *
 * May be called from any thread, but not during or after the removal of the
 * instance: spice_server_remove_interface() and spice_server_destroy() do not wait
 * for this call to return.
 *
 * Returns: 0; -EINVAL; -ENOTSUP: spice_qxl_gl_init() has not succeeded.
 */
int spice_qxl_gl_get_stats(struct QXLInstance *qxl, QXLGLStats *stats,
                           QXLGLClientStats *clients, uint32_t *num_clients);

/**
 * QXLGLPathChange: a client is now served on another path or with another codec.
 */
typedef struct QXLGLPathChange {
    uint32_t size;            /* sizeof(QXLGLPathChange) of spice-server, bytes */
    uint32_t connection_id;   /* SpiceChannelEventInfo.connection_id */
    uint32_t from, to;        /* QXL_GL_PATH_* */
    uint32_t codec;           /* new SpiceVideoCodecType, 0: none */
    const char *reason;       /* short text for a log; never freed */
} QXLGLPathChange;

typedef void (*QXLGLPathFunc)(struct QXLInstance *qxl, const QXLGLPathChange *change,
                              void *opaque);

/**
 * spice_qxl_gl_set_path_callback:
 * @func: called for each change from the display worker's thread, where it must neither
 *     block nor call into spice-server; NULL: removes the function
 *
 * Set it before any client can connect, and do not change it afterwards: a call of the
 * previous function may still be in progress when another one is set.
 *
 * Returns: 0; -EINVAL: null instance; -ENOTSUP: spice_qxl_gl_init() has not succeeded.
 */
int spice_qxl_gl_set_path_callback(struct QXLInstance *qxl, QXLGLPathFunc func, void *opaque);

/**
 * spice_qxl_gl_set_max_rate:
 * @frames_per_second: most frames that are sent to a remote client, 1 to 240. The default is 60,
 *     and values above it make no difference. What the guest draws in between is not sent.
 *
 * May be called from any thread, at any time. Takes effect with the next frame, and for a video's
 * bit rate with the next video.
 *
 * Returns: 0; -EINVAL: null instance, or rate out of range; -ENOTSUP: spice_qxl_gl_init() has not
 *     succeeded.
 */
int spice_qxl_gl_set_max_rate(struct QXLInstance *qxl, uint32_t frames_per_second);

/**
 * spice_qxl_gl_set_dmabufs:
 * @allowed: 0: clients on Unix sockets are sent no dma-bufs, but frames, like remote clients.
 *     Otherwise, as without this call, those that accept dma-bufs get them. File descriptors are
 *     lost if a socket is forwarded to another machine, or by a program that passes only bytes.
 *
 * May be called from any thread; applies to clients that connect later.
 *
 * Returns: 0; -EINVAL: null instance; -ENOTSUP: spice_qxl_gl_init() has not succeeded.
 */
int spice_qxl_gl_set_dmabufs(struct QXLInstance *qxl, int allowed);

/**
 * spice_qxl_gl_version:
 *
 * May be called from any thread.
 *
 * Returns: the version of these functions' implementation, three numbers such as "0.1.0", for
 *     reports about it. Owned by spice-server; never null, not even in builds without EGL.
 */
const char *spice_qxl_gl_version(void);

SPICE_END_DECLS

#endif /* SPICE_QXL_GL_H_ */

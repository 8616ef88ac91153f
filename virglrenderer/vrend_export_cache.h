/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * Caches the attributes of backing images' dma-bufs and their exported
 * descriptors: queried once, and kept for as long as the storage lives.
 *
 * A backing image is one storage of one resource.  It is identified by its
 * generation, a number that no other image of this process has had or will
 * have.  GL reuses texture names and EGL reuses image handles, but generations
 * are never reused.
 *
 * Depends neither on EGL nor on vrend: whoever creates the cache provides the
 * operations that query and export an image.  Not thread-safe; all calls come
 * from the thread that calls virglrenderer.
 */

#ifndef VREND_EXPORT_CACHE_H
#define VREND_EXPORT_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VREND_EXPORT_MAX_PLANES 4

struct vrend_export_cache;

/* The identity of a backing image.  generation 0: it has none, and nothing is
 * kept about it. */
struct vrend_export_image {
   uint64_t generation;
   uint32_t tex_id;    /* GL texture name, 0: not a texture */
   uint32_t format;    /* virgl format */
   void *resource;     /* passed through to the operations; not kept */
};

/* The result of eglExportDMABUFImageQueryMESA (EGL_MESA_image_dma_buf_export) */
struct vrend_export_attrs {
   int fourcc;               /* DRM format */
   bool has_dmabuf_export;   /* false: planes and modifier are undefined */
   int planes;
   uint64_t modifier;        /* of the first plane */
};

/* A dma-buf.  An fd is -1 if there is none: before the first export, and for
 * planes that share the buffer of an earlier one. */
struct vrend_export_dmabuf {
   uint32_t num_fds;
   int fds[VREND_EXPORT_MAX_PLANES];
   uint32_t strides[VREND_EXPORT_MAX_PLANES];   /* bytes */
   uint32_t offsets[VREND_EXPORT_MAX_PLANES];   /* bytes */
   bool has_layout;          /* false: strides and offsets are undefined */
   uint32_t fourcc;          /* of a buffer; 0: it cannot be exported */
   uint64_t modifier;        /* of a buffer */
};

/* Operations that query and export an image.  Each returns 0, or an error that
 * is passed through to the caller; the cache owns the fds of a result. */
struct vrend_export_ops {
   int (*query_texture)(const struct vrend_export_image *image,
                        struct vrend_export_attrs *attrs);
   int (*export_texture)(uint32_t tex_id, struct vrend_export_dmabuf *dmabuf);
   int (*query_buffer)(const struct vrend_export_image *image,
                       struct vrend_export_dmabuf *dmabuf);
   int (*export_buffer)(const struct vrend_export_image *image,
                        struct vrend_export_dmabuf *dmabuf);
};

/* Counters since the cache's creation; images and fds: those that it holds now */
struct vrend_export_stats {
   uint64_t hits;        /* answered without an operation */
   uint64_t queries;     /* query_texture and query_buffer */
   uint64_t exports;     /* export_texture and export_buffer */
   uint64_t dups;        /* copies of kept descriptors returned to callers */
   uint64_t failures;    /* of operations */
   uint64_t dropped;     /* images whose storage went away */
   uint64_t evicted;     /* images dropped to stay within the limits */
   uint32_t images;
   uint32_t fds;
};

/* Keeps at most max_images images and max_fds descriptors, the most recently
 * used ones.  With max_images 0 it keeps nothing and passes every call on to
 * ops, which must live as long as the cache.  Returns NULL if out of memory. */
struct vrend_export_cache *
vrend_export_cache_create(const struct vrend_export_ops *ops,
                          uint32_t max_images, uint32_t max_fds);

/* Closes the kept descriptors; NULL is allowed */
void vrend_export_cache_destroy(struct vrend_export_cache *cache);

int vrend_export_cache_get_attrs(struct vrend_export_cache *cache,
                                 const struct vrend_export_image *image,
                                 struct vrend_export_attrs *attrs);

/* Exports the first plane of a texture, whether or not its attributes have been
 * queried.  The caller owns *fd, which has FD_CLOEXEC.  stride and offset, in
 * bytes, may be NULL; if they are not, an export without layout is an error. */
int vrend_export_cache_get_texture_fd(struct vrend_export_cache *cache,
                                      const struct vrend_export_image *image,
                                      int *fd, int *stride, int *offset);

/* Queries all planes of a buffer.  With export_fds the caller owns dmabuf->fds,
 * which have FD_CLOEXEC; without, they are -1. */
int vrend_export_cache_get_buffer(struct vrend_export_cache *cache,
                                  const struct vrend_export_image *image,
                                  bool export_fds,
                                  struct vrend_export_dmabuf *dmabuf);

/* Must be called when an image's storage is freed or replaced.  Images that are
 * not kept are ignored, and cache may be NULL. */
void vrend_export_cache_drop(struct vrend_export_cache *cache,
                             uint64_t generation);

/* For when all storage is gone, as after the loss of a context */
void vrend_export_cache_drop_all(struct vrend_export_cache *cache);

void vrend_export_cache_get_stats(const struct vrend_export_cache *cache,
                                  struct vrend_export_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* VREND_EXPORT_CACHE_H */

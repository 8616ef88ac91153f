/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * What is known about the dma-bufs of backing images, and their exported
 * descriptors: asked for once, and kept for as long as the storage lives.
 *
 * A backing image is one storage of one resource.  It is known by its
 * generation, a number that no other image of this process has had or will
 * have; GL gives texture names and EGL image handles out again, generations do
 * not come back.
 *
 * Knows neither EGL nor vrend: who creates the cache says how an image is
 * asked and exported.  Not thread-safe; all calls come from the thread that
 * calls virglrenderer.
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

/* The identity of a backing image.  generation 0: of an image that has none,
 * about which nothing is kept. */
struct vrend_export_image {
   uint64_t generation;
   uint32_t tex_id;    /* GL texture name, 0: not a texture */
   uint32_t format;    /* virgl format */
   void *resource;     /* passed through to the operations; not kept */
};

/* What eglExportDMABUFImageQueryMESA (EGL_MESA_image_dma_buf_export) says */
struct vrend_export_attrs {
   int fourcc;               /* DRM format */
   bool has_dmabuf_export;   /* false: planes and modifier mean nothing */
   int planes;
   uint64_t modifier;        /* of the first plane */
};

/* A dma-buf.  An fd is -1 where there is none: before the first export, and for
 * planes that share the buffer of an earlier one. */
struct vrend_export_dmabuf {
   uint32_t num_fds;
   int fds[VREND_EXPORT_MAX_PLANES];
   uint32_t strides[VREND_EXPORT_MAX_PLANES];   /* bytes */
   uint32_t offsets[VREND_EXPORT_MAX_PLANES];   /* bytes */
   bool has_layout;          /* false: strides and offsets mean nothing */
   uint32_t fourcc;          /* of a buffer; 0: it cannot be exported */
   uint64_t modifier;        /* of a buffer */
};

/* How an image is asked and exported.  Each returns 0, or an error that is
 * passed through to the caller; fds of a result belong to the cache. */
struct vrend_export_ops {
   int (*query_texture)(const struct vrend_export_image *image,
                        struct vrend_export_attrs *attrs);
   int (*export_texture)(uint32_t tex_id, struct vrend_export_dmabuf *dmabuf);
   int (*query_buffer)(const struct vrend_export_image *image,
                       struct vrend_export_dmabuf *dmabuf);
   int (*export_buffer)(const struct vrend_export_image *image,
                        struct vrend_export_dmabuf *dmabuf);
};

/* Counted from the cache's creation on; images and fds are what it holds now */
struct vrend_export_stats {
   uint64_t hits;        /* answered without an operation */
   uint64_t queries;     /* query_texture and query_buffer */
   uint64_t exports;     /* export_texture and export_buffer */
   uint64_t dups;        /* descriptors given to callers, of kept ones */
   uint64_t failures;    /* of operations */
   uint64_t dropped;     /* images whose storage went away */
   uint64_t evicted;     /* images dropped to stay within the limits */
   uint32_t images;
   uint32_t fds;
};

/* Keeps at most max_images images and max_fds descriptors, those used last.
 * With max_images 0 it keeps nothing and passes every call on.  ops has to
 * live as long as the cache.  NULL: out of memory. */
struct vrend_export_cache *
vrend_export_cache_create(const struct vrend_export_ops *ops,
                          uint32_t max_images, uint32_t max_fds);

/* Closes what is kept; NULL is allowed */
void vrend_export_cache_destroy(struct vrend_export_cache *cache);

int vrend_export_cache_get_attrs(struct vrend_export_cache *cache,
                                 const struct vrend_export_image *image,
                                 struct vrend_export_attrs *attrs);

/* The first plane of a texture, whether or not its attributes have been asked.
 * The caller owns *fd, which has FD_CLOEXEC.  stride and offset, in bytes, may
 * be NULL; where they are not, an export without layout is an error. */
int vrend_export_cache_get_texture_fd(struct vrend_export_cache *cache,
                                      const struct vrend_export_image *image,
                                      int *fd, int *stride, int *offset);

/* All planes of a buffer.  With export_fds the caller owns dmabuf->fds, which
 * have FD_CLOEXEC; without, they are -1. */
int vrend_export_cache_get_buffer(struct vrend_export_cache *cache,
                                  const struct vrend_export_image *image,
                                  bool export_fds,
                                  struct vrend_export_dmabuf *dmabuf);

/* To be called when an image's storage is freed or replaced; what is not kept
 * is ignored, and so is a cache that is NULL */
void vrend_export_cache_drop(struct vrend_export_cache *cache,
                             uint64_t generation);

/* For when all storage has gone, as with a lost context */
void vrend_export_cache_drop_all(struct vrend_export_cache *cache);

void vrend_export_cache_get_stats(const struct vrend_export_cache *cache,
                                  struct vrend_export_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* VREND_EXPORT_CACHE_H */

/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * The cache of exported images.
 *
 * virgl_renderer_resource_get_info(), virgl_renderer_resource_get_info_ext(),
 * virgl_renderer_get_fd_for_texture(), virgl_renderer_get_fd_for_texture2() and
 * the export query of virgl_renderer_execute() ask EGL or GBM once per image,
 * and answer from memory until its storage goes away.  As without the cache,
 * the caller owns the descriptors that they return.
 *
 * Included by virglrenderer.h.
 */

#ifndef VIRGLRENDERER_EXPORT_H
#define VIRGLRENDERER_EXPORT_H

#include <stdint.h>

/* A flag of virgl_renderer_init() that disables the cache.  The environment
 * variable VIRGL_DISABLE_EXPORT_CACHE does the same, whatever its value. */
#define VIRGL_RENDERER_NO_EXPORT_CACHE (1 << 15)

/* Counters since virgl_renderer_init(); images and fds: those kept now */
struct virgl_renderer_export_stats {
   uint32_t size;        /* of this struct, bytes: set it before the call */
   uint32_t images;
   uint32_t fds;
   uint32_t pad;
   uint64_t hits;        /* calls answered from memory */
   uint64_t queries;     /* by EGL or GBM */
   uint64_t exports;     /* by EGL or GBM */
   uint64_t dups;        /* descriptors returned as copies of kept ones */
   uint64_t failures;    /* of EGL or GBM */
   uint64_t dropped;     /* images whose storage went away */
   uint64_t evicted;     /* images dropped to make room for others */
};

/*
 * Fills in the fields above.  Returns 0, or EINVAL if stats->size is too small
 * for them, or if virgl_renderer_init() has not been called.  Must be called
 * in the thread that calls virglrenderer's other functions.
 */
VIRGL_EXPORT int virgl_renderer_get_export_stats(struct virgl_renderer_export_stats *stats);

#endif /* VIRGLRENDERER_EXPORT_H */

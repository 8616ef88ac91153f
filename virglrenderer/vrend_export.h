/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * The export cache of this process: vrend_export_cache on top of EGL and GBM.
 * Error codes are those of the functions that it wraps.
 */

#ifndef VREND_EXPORT_H
#define VREND_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

struct pipe_resource;
struct virgl_renderer_export_query;

/* Creates the cache; does nothing if there is one.  Without a cache, or without
 * memory for it, all functions below work, but nothing is kept. */
void vrend_export_init(int virgl_renderer_flags);
void vrend_export_fini(void);

/* Returns the generation of new storage, which replaces that of generation old
 * (0: none) and belongs to texture tex_id (0: to a GBM buffer instead) */
uint64_t vrend_export_new_storage(uint64_t old, uint32_t tex_id);
/* Must be called before the texture is deleted; generation 0 is ignored,
 * whatever tex_id is */
void vrend_export_storage_freed(uint64_t generation, uint32_t tex_id);

/* Returns ret, the result of making a context current.  If that failed, the
 * context and all storage may be lost, and everything kept is dropped.
 *
 * GL's reset status is not checked.  Images are kept only if virglrenderer
 * creates its own contexts (EGL, GLX), and it creates them without reset
 * notification; for such contexts glGetGraphicsResetStatus() always returns
 * GL_NO_ERROR (GL_KHR_robustness, GL_ARB_robustness, GL_EXT_robustness). */
int vrend_export_check_context(int ret);

/* As vrend_winsys_get_attrs_for_texture(), for the texture of a resource */
int vrend_export_get_attrs(uint32_t res_handle, uint32_t tex_id, uint32_t format,
                           int *fourcc, bool *has_dmabuf_export,
                           int *planes, uint64_t *modifier);

/* As vrend_winsys_get_fd_for_texture2(), or vrend_winsys_get_fd_for_texture() if
 * stride and offset are NULL; the caller owns *fd.  A texture that is not a
 * resource's storage is exported anew each time. */
int vrend_export_get_fd(uint32_t tex_id, int *fd, int *stride, int *offset);

/* As vrend_renderer_export_query() */
int vrend_export_query(struct pipe_resource *pres,
                       struct virgl_renderer_export_query *query);

#endif /* VREND_EXPORT_H */

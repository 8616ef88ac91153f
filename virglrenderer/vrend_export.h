/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * The export cache of this process: vrend_export_cache with EGL and GBM behind
 * it.  Error codes are those of the functions that it stands before.
 */

#ifndef VREND_EXPORT_H
#define VREND_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

struct pipe_resource;
struct virgl_renderer_export_query;

/* Called again with the cache there, it changes nothing.  Without it, or when
 * there is no memory for it, everything below works and nothing is kept. */
void vrend_export_init(int virgl_renderer_flags);
void vrend_export_fini(void);

/* The generation of storage that replaces that of generation old (0: none) and
 * is now that of texture tex_id (0: of none, but of a buffer of GBM) */
uint64_t vrend_export_new_storage(uint64_t old, uint32_t tex_id);
/* To be called before the texture is deleted; generation 0 is ignored, whatever
 * tex_id is */
void vrend_export_storage_freed(uint64_t generation, uint32_t tex_id);

/* Passes ret, of making a context current, through: where that failed, the
 * context and all storage may be lost.
 *
 * GL's reset status is not asked for.  Something is kept only where virglrenderer
 * makes its own contexts (EGL, GLX), and it makes them without reset
 * notification; for such contexts glGetGraphicsResetStatus() is always
 * GL_NO_ERROR (GL_KHR_robustness, GL_ARB_robustness, GL_EXT_robustness). */
int vrend_export_check_context(int ret);

/* vrend_winsys_get_attrs_for_texture() for the texture of a resource */
int vrend_export_get_attrs(uint32_t res_handle, uint32_t tex_id, uint32_t format,
                           int *fourcc, bool *has_dmabuf_export,
                           int *planes, uint64_t *modifier);

/* vrend_winsys_get_fd_for_texture2(), or without stride and offset
 * vrend_winsys_get_fd_for_texture(); the caller owns *fd.  A texture that is no
 * resource's storage is exported anew each time. */
int vrend_export_get_fd(uint32_t tex_id, int *fd, int *stride, int *offset);

/* vrend_renderer_export_query() */
int vrend_export_query(struct pipe_resource *pres,
                       struct virgl_renderer_export_query *query);

#endif /* VREND_EXPORT_H */

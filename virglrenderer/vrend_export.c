/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 */

#include "vrend_export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/u_hash_table.h"
#include "util/u_pointer.h"
#include "virgl_resource.h"
#include "virgl_util.h"
#include "virglrenderer.h"
#include "vrend_export_cache.h"
#include "vrend_renderer.h"
#include "vrend_winsys.h"

/* A guest shows a few images and shares some more; by default a process may
 * have 1024 descriptors */
#define MAX_IMAGES 128
#define MAX_FDS 128

static struct vrend_export_cache *cache;

/* Maps each resource's texture name to its generation, for callers that know
 * only the name.  If it is NULL or lacks an entry, for lack of memory, the
 * texture's descriptors are not kept. */
static struct util_hash_table *generations;

/* ---- the cache's operations ---- */

static int
query_texture(const struct vrend_export_image *image,
              struct vrend_export_attrs *attrs)
{
   return vrend_winsys_get_attrs_for_texture(image->tex_id, image->format,
                                             &attrs->fourcc,
                                             &attrs->has_dmabuf_export,
                                             &attrs->planes, &attrs->modifier);
}

/* EGL writes one value per plane, hence the arrays */
static int
export_texture(uint32_t tex_id, struct vrend_export_dmabuf *dmabuf)
{
   int fds[VREND_EXPORT_MAX_PLANES] = { -1, -1, -1, -1 };
   int strides[VREND_EXPORT_MAX_PLANES] = { 0 };
   int offsets[VREND_EXPORT_MAX_PLANES] = { 0 };
   int ret;

   ret = vrend_winsys_get_fd_for_texture2(tex_id, fds, strides, offsets);
   dmabuf->has_layout = ret == 0;
   /* EGL_MESA_drm_image exports, too, but does not report the layout */
   if (ret)
      ret = vrend_winsys_get_fd_for_texture(tex_id, fds);
   if (ret)
      return ret;

   /* Callers get the first plane only */
   for (int i = 1; i < VREND_EXPORT_MAX_PLANES; i++) {
      if (fds[i] >= 0)
         close(fds[i]);
   }
   dmabuf->num_fds = 1;
   dmabuf->fds[0] = fds[0];
   dmabuf->strides[0] = (uint32_t)strides[0];
   dmabuf->offsets[0] = (uint32_t)offsets[0];
   return 0;
}

static int
ask_buffer(const struct vrend_export_image *image, bool export_fds,
           struct vrend_export_dmabuf *dmabuf)
{
   struct virgl_renderer_export_query query = {
      .in_export_fds = export_fds,
      .out_fds = { -1, -1, -1, -1 },
   };
   int ret = vrend_renderer_export_query(image->resource, &query);

   if (ret)
      return ret;
   dmabuf->num_fds = query.out_num_fds;
   dmabuf->fourcc = query.out_fourcc;
   dmabuf->modifier = query.out_modifier;
   dmabuf->has_layout = true;
   for (int i = 0; i < VREND_EXPORT_MAX_PLANES; i++) {
      dmabuf->fds[i] = query.out_fds[i];
      dmabuf->strides[i] = query.out_strides[i];
      dmabuf->offsets[i] = query.out_offsets[i];
   }
   return 0;
}

static int
query_buffer(const struct vrend_export_image *image,
             struct vrend_export_dmabuf *dmabuf)
{
   return ask_buffer(image, false, dmabuf);
}

static int
export_buffer(const struct vrend_export_image *image,
              struct vrend_export_dmabuf *dmabuf)
{
   return ask_buffer(image, true, dmabuf);
}

static const struct vrend_export_ops ops = {
   .query_texture = query_texture,
   .export_texture = export_texture,
   .query_buffer = query_buffer,
   .export_buffer = export_buffer,
};

/* ---- creation and destruction ---- */

void
vrend_export_init(int virgl_renderer_flags)
{
   bool keep = !(virgl_renderer_flags & VIRGL_RENDERER_NO_EXPORT_CACHE) &&
               !getenv("VIRGL_DISABLE_EXPORT_CACHE");

   if (cache)
      return;
   cache = vrend_export_cache_create(&ops, keep ? MAX_IMAGES : 0, MAX_FDS);
   generations = util_hash_table_create(hash_func_u32, equal_func, free);
}

void
vrend_export_fini(void)
{
   vrend_export_cache_destroy(cache);
   cache = NULL;
   if (generations)
      util_hash_table_destroy(generations);
   generations = NULL;
}

/* ---- which storage a texture has ---- */

static uint64_t
generation_of_texture(uint32_t tex_id)
{
   const uint64_t *generation = NULL;

   if (generations && tex_id)
      generation = util_hash_table_get(generations, uintptr_to_pointer(tex_id));
   return generation ? *generation : 0;
}

static void
forget_texture(uint32_t tex_id)
{
   if (generations)
      util_hash_table_remove(generations, uintptr_to_pointer(tex_id));
}

static void
remember_texture(uint32_t tex_id, uint64_t generation)
{
   uint64_t *value = generations ? malloc(sizeof(*value)) : NULL;

   forget_texture(tex_id);
   if (!value)
      return;
   *value = generation;
   if (util_hash_table_set(generations, uintptr_to_pointer(tex_id), value) != PIPE_OK)
      free(value);
}

uint64_t
vrend_export_new_storage(uint64_t old, uint32_t tex_id)
{
   uint64_t generation = vrend_renderer_new_generation();

   vrend_export_cache_drop(cache, old);
   if (tex_id)
      remember_texture(tex_id, generation);
   return generation;
}

void
vrend_export_storage_freed(uint64_t generation, uint32_t tex_id)
{
   vrend_export_cache_drop(cache, generation);
   if (generation && generation == generation_of_texture(tex_id))
      forget_texture(tex_id);
}

int
vrend_export_check_context(int ret)
{
   if (ret)
      vrend_export_cache_drop_all(cache);
   return ret;
}

/* ---- queries and exports ---- */

static uint64_t
generation_of(struct pipe_resource *pres)
{
   return pres ? vrend_renderer_resource_get_generation(pres) : 0;
}

int
vrend_export_get_attrs(uint32_t res_handle, uint32_t tex_id, uint32_t format,
                       int *fourcc, bool *has_dmabuf_export,
                       int *planes, uint64_t *modifier)
{
   struct virgl_resource *res = virgl_resource_lookup(res_handle);
   struct vrend_export_image image = {
      .generation = generation_of(res ? res->pipe_resource : NULL),
      .tex_id = tex_id,
      .format = format,
   };
   struct vrend_export_attrs attrs = { 0 };
   int ret;

   if (cache)
      ret = vrend_export_cache_get_attrs(cache, &image, &attrs);
   else
      ret = query_texture(&image, &attrs);
   if (ret)
      return ret;
   *fourcc = attrs.fourcc;
   if (has_dmabuf_export)
      *has_dmabuf_export = attrs.has_dmabuf_export;
   if (planes && attrs.has_dmabuf_export)
      *planes = attrs.planes;
   if (modifier && attrs.has_dmabuf_export)
      *modifier = attrs.modifier;
   return 0;
}

int
vrend_export_get_fd(uint32_t tex_id, int *fd, int *stride, int *offset)
{
   const struct vrend_export_image image = {
      .generation = generation_of_texture(tex_id),
      .tex_id = tex_id,
   };

   if (cache)
      return vrend_export_cache_get_texture_fd(cache, &image, fd, stride, offset);
   if (stride || offset)
      return vrend_winsys_get_fd_for_texture2(tex_id, fd, stride, offset);
   return vrend_winsys_get_fd_for_texture(tex_id, fd);
}

int
vrend_export_query(struct pipe_resource *pres,
                   struct virgl_renderer_export_query *query)
{
   struct vrend_resource *res = (struct vrend_resource *)pres;
   struct vrend_export_image image = {
      .generation = res->generation,
      .tex_id = res->gl_id,
      .resource = pres,
   };
   struct vrend_export_dmabuf dmabuf;
   int ret;

   /* Without a GBM buffer there is nothing to keep, and no failure to count */
   if (!cache || !res->gbm_bo)
      return vrend_renderer_export_query(pres, query);
   ret = vrend_export_cache_get_buffer(cache, &image, query->in_export_fds, &dmabuf);
   if (ret)
      return ret;
   query->out_num_fds = dmabuf.num_fds;
   query->out_fourcc = dmabuf.fourcc;
   query->out_modifier = dmabuf.modifier;
   for (int i = 0; i < VREND_EXPORT_MAX_PLANES; i++) {
      query->out_fds[i] = dmabuf.fds[i];
      query->out_strides[i] = dmabuf.strides[i];
      query->out_offsets[i] = dmabuf.offsets[i];
   }
   return 0;
}

int
virgl_renderer_get_export_stats(struct virgl_renderer_export_stats *stats)
{
   struct vrend_export_stats now;

   if (!cache || stats->size < sizeof(*stats))
      return EINVAL;
   vrend_export_cache_get_stats(cache, &now);
   stats->images = now.images;
   stats->fds = now.fds;
   stats->pad = 0;
   stats->hits = now.hits;
   stats->queries = now.queries;
   stats->exports = now.exports;
   stats->dups = now.dups;
   stats->failures = now.failures;
   stats->dropped = now.dropped;
   stats->evicted = now.evicted;
   return 0;
}

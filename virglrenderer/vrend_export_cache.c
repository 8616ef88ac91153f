/*
 * SPDX-License-Identifier: MIT
 * Copyright 2026 Seed 6d55f7ea maintainers
 */

#include "vrend_export_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct entry {
   struct entry *prev, *next;
   uint64_t generation;
   uint32_t tex_id;

   bool has_attrs;
   struct vrend_export_attrs attrs;

   bool has_texture;
   struct vrend_export_dmabuf texture;

   bool has_buffer;       /* its layout is known */
   bool has_buffer_fds;
   struct vrend_export_dmabuf buffer;
};

/* There are few images, and the one wanted is mostly the first or second.  So a
 * list, most recently used first, serves both lookups and eviction. */
struct vrend_export_cache {
   const struct vrend_export_ops *ops;
   uint32_t max_images, max_fds;
   struct entry list;
   struct vrend_export_stats stats;
};

/* ---- descriptors ---- */

static void
dmabuf_init(struct vrend_export_dmabuf *dmabuf)
{
   memset(dmabuf, 0, sizeof(*dmabuf));
   for (int i = 0; i < VREND_EXPORT_MAX_PLANES; i++)
      dmabuf->fds[i] = -1;
}

static uint32_t
dmabuf_count_fds(const struct vrend_export_dmabuf *dmabuf)
{
   uint32_t count = 0;

   for (int i = 0; i < VREND_EXPORT_MAX_PLANES; i++)
      count += dmabuf->fds[i] >= 0;
   return count;
}

static void
dmabuf_close(struct vrend_export_dmabuf *dmabuf)
{
   for (int i = 0; i < VREND_EXPORT_MAX_PLANES; i++) {
      if (dmabuf->fds[i] >= 0)
         close(dmabuf->fds[i]);
      dmabuf->fds[i] = -1;
   }
}

/* All or nothing; 0 or an errno */
static int
dmabuf_dup(const struct vrend_export_dmabuf *from,
           struct vrend_export_dmabuf *to)
{
   *to = *from;
   for (int i = 0; i < VREND_EXPORT_MAX_PLANES; i++)
      to->fds[i] = -1;
   for (int i = 0; i < VREND_EXPORT_MAX_PLANES; i++) {
      if (from->fds[i] < 0)
         continue;
      to->fds[i] = fcntl(from->fds[i], F_DUPFD_CLOEXEC, 0);
      if (to->fds[i] < 0) {
         int error = errno;
         dmabuf_close(to);
         return error;
      }
   }
   return 0;
}

/* Gives the caller copies of the kept descriptors or, if the process may have no
 * more, the kept ones themselves.  Returns true if they are still kept. */
static bool
dmabuf_give(struct vrend_export_cache *cache,
            struct vrend_export_dmabuf *kept, struct vrend_export_dmabuf *out)
{
   uint32_t fds = dmabuf_count_fds(kept);

   if (dmabuf_dup(kept, out) == 0) {
      cache->stats.dups += fds;
      return true;
   }
   *out = *kept;
   dmabuf_init(kept);
   cache->stats.fds -= fds;
   return false;
}

/* ---- entries ---- */

static void
list_remove(struct entry *e)
{
   e->prev->next = e->next;
   e->next->prev = e->prev;
}

static void
list_insert_first(struct vrend_export_cache *cache, struct entry *e)
{
   e->prev = &cache->list;
   e->next = cache->list.next;
   e->prev->next = e;
   e->next->prev = e;
}

static void
entry_drop(struct vrend_export_cache *cache, struct entry *e)
{
   cache->stats.fds -= dmabuf_count_fds(&e->texture);
   cache->stats.fds -= dmabuf_count_fds(&e->buffer);
   cache->stats.images--;
   dmabuf_close(&e->texture);
   dmabuf_close(&e->buffer);
   list_remove(e);
   free(e);
}

static struct entry *
entry_used(struct vrend_export_cache *cache, struct entry *e)
{
   list_remove(e);
   list_insert_first(cache, e);
   return e;
}

static struct entry *
entry_find(struct vrend_export_cache *cache, uint64_t generation)
{
   for (struct entry *e = cache->list.next; e != &cache->list; e = e->next) {
      if (generation && e->generation == generation)
         return e;
   }
   return NULL;
}

static struct entry *
entry_find_texture(struct vrend_export_cache *cache, uint32_t tex_id)
{
   for (struct entry *e = cache->list.next; e != &cache->list; e = e->next) {
      if (tex_id && e->tex_id == tex_id)
         return e;
   }
   return NULL;
}

/* Drops the least recently used ones, but never the first, which is in use */
static void
evict(struct vrend_export_cache *cache)
{
   while ((cache->stats.images > cache->max_images ||
           cache->stats.fds > cache->max_fds) &&
          cache->list.prev != cache->list.next) {
      cache->stats.evicted++;
      entry_drop(cache, cache->list.prev);
   }
}

/* The entry of the image, a new one if there was none; NULL if nothing can be
 * kept about it */
static struct entry *
entry_get(struct vrend_export_cache *cache,
          const struct vrend_export_image *image)
{
   struct entry *e = entry_find(cache, image->generation);

   if (e)
      return entry_used(cache, e);
   if (!image->generation || !cache->max_images)
      return NULL;
   /* The name belongs to a new image: the former one is gone */
   e = entry_find_texture(cache, image->tex_id);
   if (e) {
      cache->stats.dropped++;
      entry_drop(cache, e);
   }
   e = calloc(1, sizeof(*e));
   if (!e)
      return NULL;
   e->generation = image->generation;
   e->tex_id = image->tex_id;
   dmabuf_init(&e->texture);
   dmabuf_init(&e->buffer);
   list_insert_first(cache, e);
   cache->stats.images++;
   evict(cache);
   return e;
}

/* Returns an operation's result; after a failure drops what is known of the
 * image */
static int
checked(struct vrend_export_cache *cache, struct entry *e, int ret)
{
   if (ret) {
      cache->stats.failures++;
      if (e)
         entry_drop(cache, e);
   }
   return ret;
}

/* Evicts images until fds more descriptors can be kept; false: they cannot */
static bool
make_room(struct vrend_export_cache *cache, uint32_t fds)
{
   cache->stats.fds += fds;
   evict(cache);
   if (cache->stats.fds <= cache->max_fds)
      return true;
   cache->stats.fds -= fds;
   return false;
}

/* ---- textures ---- */

int
vrend_export_cache_get_attrs(struct vrend_export_cache *cache,
                             const struct vrend_export_image *image,
                             struct vrend_export_attrs *attrs)
{
   struct entry *e = entry_get(cache, image);
   int ret;

   if (e && e->has_attrs) {
      cache->stats.hits++;
      *attrs = e->attrs;
      return 0;
   }
   memset(attrs, 0, sizeof(*attrs));
   cache->stats.queries++;
   ret = checked(cache, e, cache->ops->query_texture(image, attrs));
   if (ret == 0 && e) {
      e->attrs = *attrs;
      e->has_attrs = true;
   }
   return ret;
}

static int
export_texture(struct vrend_export_cache *cache, struct entry *e,
               uint32_t tex_id, struct vrend_export_dmabuf *out)
{
   struct vrend_export_dmabuf fresh;
   int ret;

   dmabuf_init(&fresh);
   cache->stats.exports++;
   ret = checked(cache, e, cache->ops->export_texture(tex_id, &fresh));
   if (ret)
      return ret;
   /* Mesa may succeed without a descriptor, as for an image that was imported:
    * that is an answer, but there is nothing to keep */
   if (!e || fresh.fds[0] < 0 || !make_room(cache, dmabuf_count_fds(&fresh))) {
      *out = fresh;
      return 0;
   }
   e->texture = fresh;
   e->has_texture = dmabuf_give(cache, &e->texture, out);
   return 0;
}

int
vrend_export_cache_get_texture_fd(struct vrend_export_cache *cache,
                                  const struct vrend_export_image *image,
                                  int *fd, int *stride, int *offset)
{
   struct entry *e = entry_get(cache, image);
   struct vrend_export_dmabuf dmabuf;
   int ret;

   if (e && e->has_texture) {
      cache->stats.hits++;
      e->has_texture = dmabuf_give(cache, &e->texture, &dmabuf);
   } else {
      ret = export_texture(cache, e, image->tex_id, &dmabuf);
      if (ret)
         return ret;
   }
   if ((stride || offset) && !dmabuf.has_layout) {
      dmabuf_close(&dmabuf);
      return EINVAL;
   }
   *fd = dmabuf.fds[0];
   dmabuf.fds[0] = -1;
   dmabuf_close(&dmabuf);
   if (stride)
      *stride = (int)dmabuf.strides[0];
   if (offset)
      *offset = (int)dmabuf.offsets[0];
   return 0;
}

/* ---- buffers ---- */

static int
query_buffer(struct vrend_export_cache *cache, struct entry *e,
             const struct vrend_export_image *image,
             struct vrend_export_dmabuf *out)
{
   int ret;

   dmabuf_init(out);
   cache->stats.queries++;
   ret = checked(cache, e, cache->ops->query_buffer(image, out));
   if (ret == 0 && e) {
      e->buffer = *out;
      e->has_buffer = true;
   }
   return ret;
}

static int
export_buffer(struct vrend_export_cache *cache, struct entry *e,
              const struct vrend_export_image *image,
              struct vrend_export_dmabuf *out)
{
   struct vrend_export_dmabuf fresh;
   int ret;

   dmabuf_init(&fresh);
   cache->stats.exports++;
   ret = checked(cache, e, cache->ops->export_buffer(image, &fresh));
   if (ret)
      return ret;
   if (!e || !make_room(cache, dmabuf_count_fds(&fresh))) {
      *out = fresh;
      return 0;
   }
   e->buffer = fresh;
   e->has_buffer_fds = dmabuf_give(cache, &e->buffer, out);
   e->has_buffer = e->has_buffer_fds;
   return 0;
}

int
vrend_export_cache_get_buffer(struct vrend_export_cache *cache,
                              const struct vrend_export_image *image,
                              bool export_fds,
                              struct vrend_export_dmabuf *dmabuf)
{
   struct entry *e = entry_get(cache, image);

   if (!export_fds && e && e->has_buffer) {
      cache->stats.hits++;
      *dmabuf = e->buffer;
      for (int i = 0; i < VREND_EXPORT_MAX_PLANES; i++)
         dmabuf->fds[i] = -1;
      return 0;
   }
   if (!export_fds)
      return query_buffer(cache, e, image, dmabuf);
   if (e && e->has_buffer_fds) {
      cache->stats.hits++;
      e->has_buffer_fds = dmabuf_give(cache, &e->buffer, dmabuf);
      e->has_buffer = e->has_buffer_fds;
      return 0;
   }
   return export_buffer(cache, e, image, dmabuf);
}

/* ---- the cache ---- */

struct vrend_export_cache *
vrend_export_cache_create(const struct vrend_export_ops *ops,
                          uint32_t max_images, uint32_t max_fds)
{
   struct vrend_export_cache *cache = calloc(1, sizeof(*cache));

   if (!cache)
      return NULL;
   cache->ops = ops;
   cache->max_images = max_images;
   cache->max_fds = max_fds;
   cache->list.prev = cache->list.next = &cache->list;
   return cache;
}

void
vrend_export_cache_destroy(struct vrend_export_cache *cache)
{
   if (!cache)
      return;
   vrend_export_cache_drop_all(cache);
   free(cache);
}

void
vrend_export_cache_drop(struct vrend_export_cache *cache, uint64_t generation)
{
   struct entry *e = cache ? entry_find(cache, generation) : NULL;

   if (e) {
      cache->stats.dropped++;
      entry_drop(cache, e);
   }
}

void
vrend_export_cache_drop_all(struct vrend_export_cache *cache)
{
   while (cache && cache->list.next != &cache->list) {
      cache->stats.dropped++;
      entry_drop(cache, cache->list.next);
   }
}

void
vrend_export_cache_get_stats(const struct vrend_export_cache *cache,
                             struct vrend_export_stats *stats)
{
   *stats = cache->stats;
}

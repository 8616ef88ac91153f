/*
 * Distinguishes images that have the same texture name
 *
 * GL reuses the names of deleted textures.  virtio-gpu announces the deletions
 * that it requests; virglrenderer may delete a texture for other reasons, such
 * as new storage.  If it has virgl_renderer_resource_get_generation(), it
 * numbers images, and never reuses a number.
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#ifndef _WIN32
#include <dlfcn.h>
#endif
#include "trace.h"
#include "virtio-gpu-virgl-generation.h"

#include <virglrenderer.h>

typedef uint64_t GetGeneration(uint32_t resource_id);

/* texture name -> generation (uint64_t *) of the image the listeners know */
static GHashTable *scanned_out;

/*
 * Looked up at run time, since linking to it would keep QEMU from starting with
 * an older virglrenderer.  If this file is part of a module, the library is not
 * in the global scope: look in the file that one of its old functions is from.
 */
static GetGeneration *find_get_generation(void)
{
    static const char name[] = "virgl_renderer_resource_get_generation";
    void *function = NULL;

#ifndef _WIN32
    Dl_info library;
    void *handle;

    function = dlsym(RTLD_DEFAULT, name);
    if (!function && dladdr(virgl_renderer_init, &library)) {
        handle = dlopen(library.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
        if (handle) {
            function = dlsym(handle, name);
            dlclose(handle);
        }
    }
#endif
    return (GetGeneration *)function;
}

/* Returns 0 if it is unknown */
QEMU_DISABLE_CFI
static uint64_t generation_of(uint32_t resource_id)
{
    static GetGeneration *get_generation;
    static bool looked;

    if (!looked) {
        looked = true;
        get_generation = find_get_generation();
    }
    return get_generation ? get_generation(resource_id) : 0;
}

bool virtio_gpu_virgl_image_replaced(uint32_t resource_id, uint32_t tex_id)
{
    uint64_t generation = generation_of(resource_id);
    uint64_t *known;
    bool replaced;

    if (!generation) {
        return false;
    }
    if (!scanned_out) {
        scanned_out = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    }
    known = g_hash_table_lookup(scanned_out, GUINT_TO_POINTER(tex_id));
    replaced = known && *known != generation;
    if (!known) {
        known = g_new(uint64_t, 1);
        g_hash_table_insert(scanned_out, GUINT_TO_POINTER(tex_id), known);
    }
    *known = generation;
    trace_virtio_gpu_virgl_image(resource_id, tex_id, generation, replaced);
    return replaced;
}

void virtio_gpu_virgl_image_released(uint32_t tex_id)
{
    if (scanned_out) {
        g_hash_table_remove(scanned_out, GUINT_TO_POINTER(tex_id));
    }
}

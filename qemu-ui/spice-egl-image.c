/*
 * EGL images that are lent to spice-server, one per backing image
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "system/cpus.h"
#include "spice-egl.h"
#include "spice-egl-planes.h"
#include "spice-gl-api.h"
#include "trace.h"

/* Guests flip between two to four images; beyond this number they are stale */
#define MAX_IMAGES 16

/* Images of dma-bufs that have no QemuDmaBuf at the moment */
#define MAX_IDLE 4

/*
 * The storage of an image: a texture, or memory with a layout.  Devices create
 * a new QemuDmaBuf for each page flip; the same inode means the same memory.
 */
typedef struct Backing {
    uint32_t tex_id;            /* 0: a dma-buf */
    uint32_t width, height;     /* pixels */
    SpiceEglPlanes planes;
    QemuDmaBuf *dmabuf;         /* only compared; NULL: idle */
} Backing;

/*
 * The only EGL image of a texture, even if several displays show the texture
 * and spice-server has not returned all of their images.  A driver may refuse
 * another (EGL_KHR_image_base: EGL_BAD_ACCESS for a sibling); NVIDIA's does.
 */
typedef struct TextureImage {
    QTAILQ_ENTRY(TextureImage) next;
    EGLImageKHR image;
    uint32_t tex_id;            /* 0: the texture is gone */
    uint32_t width, height;     /* pixels */
    unsigned users;
} TextureImage;

static QTAILQ_HEAD(, TextureImage) texture_images =
    QTAILQ_HEAD_INITIALIZER(texture_images);

struct SpiceEglImage {
    QTAILQ_ENTRY(SpiceEglImage) next;
    QXLInstance *qxl;
    uint64_t id;
    EGLImageKHR image;
    TextureImage *of_texture;   /* owns @image, or NULL */
    Backing backing;
    bool lent;                  /* spice-server will return it */
};

void spice_egl_images_init(SpiceEglImages *images, QXLInstance *qxl)
{
    images->qxl = qxl;
    images->count = 0;
    QTAILQ_INIT(&images->list);
}

/*
 * eglCreateImage() may return the handle of an image that was destroyed
 * before, so images have ids of their own.
 */
static uint64_t next_id(void)
{
    static uint64_t last;

    return ++last;
}

/* ---- images of textures; the BQL must be held ---- */

/*
 * Without EGL_IMAGE_PRESERVED the texture's contents may be lost, and with
 * NVIDIA's driver they are.  A driver that cannot preserve them refuses this.
 */
static EGLImageKHR image_of(uint32_t tex_id)
{
    static const EGLint preserved[] = {
        EGL_IMAGE_PRESERVED_KHR, EGL_TRUE, EGL_NONE
    };
    EGLContext context = eglGetCurrentContext();
    EGLClientBuffer texture = (EGLClientBuffer)(uintptr_t)tex_id;
    EGLImageKHR image = eglCreateImageKHR(qemu_egl_display, context,
                                          EGL_GL_TEXTURE_2D_KHR, texture,
                                          preserved);

    return image != EGL_NO_IMAGE_KHR ? image :
           eglCreateImageKHR(qemu_egl_display, context, EGL_GL_TEXTURE_2D_KHR,
                             texture, NULL);
}

/* On failure returns NULL, with EGL's error set */
static TextureImage *texture_image_get(uint32_t tex_id,
                                       uint32_t width, uint32_t height)
{
    TextureImage *shared;
    EGLImageKHR image;

    QTAILQ_FOREACH(shared, &texture_images, next) {
        if (shared->tex_id != tex_id) {
            continue;
        }
        if (shared->width == width && shared->height == height) {
            shared->users++;
            return shared;
        }
        shared->tex_id = 0;
    }
    image = image_of(tex_id);
    if (image == EGL_NO_IMAGE_KHR) {
        return NULL;
    }
    shared = g_new0(TextureImage, 1);
    shared->image = image;
    shared->tex_id = tex_id;
    shared->width = width;
    shared->height = height;
    shared->users = 1;
    QTAILQ_INSERT_HEAD(&texture_images, shared, next);
    return shared;
}

static void texture_image_put(TextureImage *shared)
{
    if (--shared->users == 0) {
        QTAILQ_REMOVE(&texture_images, shared, next);
        eglDestroyImageKHR(qemu_egl_display, shared->image);
        g_free(shared);
    }
}

/* The name may belong to another texture from now on */
static void texture_is_gone(uint32_t tex_id)
{
    TextureImage *shared;

    QTAILQ_FOREACH(shared, &texture_images, next) {
        if (shared->tex_id == tex_id) {
            shared->tex_id = 0;
        }
    }
}

/* ---- getting images back ---- */

static void image_free(void *opaque)
{
    SpiceEglImage *image = opaque;

    trace_qemu_spice_egl_image_destroy(image->qxl->id, image->id);
    if (image->of_texture) {
        texture_image_put(image->of_texture);
    } else {
        eglDestroyImageKHR(qemu_egl_display, image->image);
    }
    g_free(image);
}

/* Called by spice-server from any thread */
static void image_given_back(QXLInstance *qxl, void *egl_image, void *opaque)
{
    aio_bh_schedule_oneshot(qemu_get_aio_context(), image_free, opaque);
}

QEMU_DISABLE_CFI
static void image_release(void *opaque)
{
    SpiceEglImage *image = opaque;

    trace_qemu_spice_egl_image_release(image->qxl->id, image->id);
    qemu_spice_gl_api()->release_texture(image->qxl, image->id);
}

static void image_forget(SpiceEglImages *images, SpiceEglImage *image)
{
    QTAILQ_REMOVE(&images->list, image, next);
    images->count--;
    if (!image->lent) {
        aio_bh_schedule_oneshot(qemu_get_aio_context(), image_free, image);
    } else if (qemu_in_vcpu_thread()) {
        /* spice-server must be called from the main loop */
        aio_bh_schedule_oneshot(qemu_get_aio_context(), image_release, image);
    } else {
        image_release(image);
    }
}

/* ---- looking up ---- */

static Backing dmabuf_backing(QemuDmaBuf *dmabuf)
{
    return (Backing) {
        .width = qemu_dmabuf_get_backing_width(dmabuf),
        .height = qemu_dmabuf_get_backing_height(dmabuf),
        .planes = spice_egl_planes_of(dmabuf),
        .dmabuf = dmabuf,
    };
}

/* The image keeps its memory alive, so no other memory can have its inode */
static bool same_backing(const Backing *a, const Backing *b)
{
    return a->tex_id == b->tex_id &&
           a->width == b->width && a->height == b->height &&
           !memcmp(&a->planes, &b->planes, sizeof(a->planes)) &&
           (a->tex_id || a->planes.inodes[0] || a->dmabuf == b->dmabuf);
}

static SpiceEglImage *image_lookup(SpiceEglImages *images,
                                   const Backing *backing)
{
    SpiceEglImage *image;

    QTAILQ_FOREACH(image, &images->list, next) {
        if (same_backing(&image->backing, backing)) {
            image->backing.dmabuf = backing->dmabuf;
            QTAILQ_REMOVE(&images->list, image, next);
            QTAILQ_INSERT_HEAD(&images->list, image, next);
            return image;
        }
    }
    return NULL;
}

static void forget_name(SpiceEglImages *images, uint32_t tex_id)
{
    SpiceEglImage *image;

    QTAILQ_FOREACH(image, &images->list, next) {
        if (image->backing.tex_id == tex_id) {
            image_forget(images, image);
            return;
        }
    }
}

void spice_egl_forget_texture(SpiceEglImages *images, uint32_t tex_id)
{
    if (tex_id) {
        texture_is_gone(tex_id);
        forget_name(images, tex_id);
    }
}

/* Forgets idle images, except for the @keep most recent ones */
static void forget_idle(SpiceEglImages *images, unsigned keep)
{
    SpiceEglImage *image, *tmp;

    QTAILQ_FOREACH_SAFE(image, &images->list, next, tmp) {
        if (image->backing.tex_id || image->backing.dmabuf) {
            continue;
        }
        if (keep > 0) {
            keep--;
        } else {
            image_forget(images, image);
        }
    }
}

void spice_egl_forget_dmabuf(SpiceEglImages *images, QemuDmaBuf *dmabuf)
{
    SpiceEglImage *image, *tmp;

    QTAILQ_FOREACH_SAFE(image, &images->list, next, tmp) {
        if (image->backing.tex_id || image->backing.dmabuf != dmabuf) {
            continue;
        }
        if (image->backing.planes.inodes[0]) {
            image->backing.dmabuf = NULL;
        } else {
            image_forget(images, image);
        }
    }
    forget_idle(images, MAX_IDLE);
}

void spice_egl_forget_idle(SpiceEglImages *images)
{
    forget_idle(images, 0);
}

/* ---- making them ---- */

static SpiceEglImage *image_add(SpiceEglImages *images, EGLImageKHR egl_image,
                                const Backing *backing)
{
    const char *what = backing->tex_id ? "texture" : "dma-buf";
    SpiceEglImage *image;

    if (egl_image == EGL_NO_IMAGE_KHR) {
        error_report_once("spice: cannot create an EGL image of a "
                          "%ux%u %s: %s",
                          backing->width, backing->height, what,
                          qemu_egl_get_error_string());
        return NULL;
    }

    image = g_new0(SpiceEglImage, 1);
    image->qxl = images->qxl;
    image->id = next_id();
    image->image = egl_image;
    image->backing = *backing;
    QTAILQ_INSERT_HEAD(&images->list, image, next);
    if (++images->count > MAX_IMAGES) {
        image_forget(images, QTAILQ_LAST(&images->list));
    }
    trace_qemu_spice_egl_image_create(images->qxl->id, image->id, what,
                                      backing->tex_id, backing->width,
                                      backing->height);
    return image;
}

SpiceEglImage *spice_egl_image_of_texture(SpiceEglImages *images,
                                          uint32_t tex_id,
                                          uint32_t width, uint32_t height)
{
    Backing backing = { .tex_id = tex_id, .width = width, .height = height };
    SpiceEglImage *image = image_lookup(images, &backing);
    TextureImage *shared;

    if (image) {
        return image;
    }
    /* Another size under the same name: the former texture is gone */
    forget_name(images, tex_id);
    shared = texture_image_get(tex_id, width, height);
    image = image_add(images, shared ? shared->image : EGL_NO_IMAGE_KHR,
                      &backing);
    if (image) {
        image->of_texture = shared;
    }
    return image;
}

SpiceEglImage *spice_egl_image_of_dmabuf(SpiceEglImages *images,
                                         QemuDmaBuf *dmabuf)
{
    Backing backing = dmabuf_backing(dmabuf);
    SpiceEglImage *image = image_lookup(images, &backing);

    return image ?: image_add(images, spice_egl_planes_import(dmabuf),
                              &backing);
}

/* ---- lending them ---- */

QEMU_DISABLE_CFI
bool spice_egl_scanout(SpiceEglImages *images, SpiceEglImage *image,
                       const SpiceEglView *view)
{
    QXLGLScanout scanout = {
        .size = sizeof(scanout),
        .flags = view->y_0_top ? QXL_GL_SCANOUT_Y0TOP : 0,
        .image_id = image->id,
        .egl_image = image->image,
        .backing_width = image->backing.width,
        .backing_height = image->backing.height,
        .x = view->x,
        .y = view->y,
        .width = view->width,
        .height = view->height,
        .release = image_given_back,
        .opaque = image,
    };
    int ret = qemu_spice_gl_api()->scanout_texture(images->qxl, &scanout);

    trace_qemu_spice_egl_scanout(images->qxl->id, image->id, view->width,
                                 view->height, view->x, view->y,
                                 view->y_0_top, ret);
    if (ret < 0) {
        error_report_once("spice: scanout of %ux%u failed: %s",
                          view->width, view->height, strerror(-ret));
        return false;
    }
    image->lent = true;
    images->shown_id = image->id;
    return true;
}

bool spice_egl_shown(SpiceEglImages *images, SpiceEglShown *shown)
{
    SpiceEglImage *image;

    QTAILQ_FOREACH(image, &images->list, next) {
        if (image->id == images->shown_id) {
            shown->image = image->image;
            shown->tex_id = image->backing.tex_id;
            shown->height = image->backing.height;
            return true;
        }
    }
    return false;
}

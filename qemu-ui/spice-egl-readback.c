/*
 * Reads back the pixels of a SPICE display that scans out EGL images
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "spice-egl.h"

/* Returns 0 if GL cannot make a texture from the image */
static GLuint texture_of(EGLImageKHR image)
{
    GLuint texture;

    if (!epoxy_has_gl_extension("GL_OES_EGL_image")) {
        return 0;
    }
    glGenTextures(1, &texture);
    glBindTexture(GL_TEXTURE_2D, texture);
    glEGLImageTargetTexture2DOES(GL_TEXTURE_2D, image);
    glBindTexture(GL_TEXTURE_2D, 0);
    return texture;
}

/* A framebuffer to read from, in the current context; 0 if GL cannot make it */
static GLuint framebuffer_of(GLuint texture)
{
    GLuint framebuffer;

    glGenFramebuffers(1, &framebuffer);
    glBindFramebuffer(GL_READ_FRAMEBUFFER, framebuffer);
    glFramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0,
                           GL_TEXTURE_2D, texture, 0);
    if (glCheckFramebufferStatus(GL_READ_FRAMEBUFFER) ==
        GL_FRAMEBUFFER_COMPLETE) {
        return framebuffer;
    }
    glDeleteFramebuffers(1, &framebuffer);
    return 0;
}

/* Copies the rows of a pixel buffer, in reverse order if @first_is_last */
static pixman_image_t *image_of(const uint8_t *rows, int width, int height,
                                bool first_is_last)
{
    pixman_image_t *image = pixman_image_create_bits(PIXMAN_BE_r8g8b8x8,
                                                     width, height, NULL, 0);

    for (int y = 0; image && y < height; y++) {
        memcpy((uint8_t *)pixman_image_get_data(image) +
               (size_t)y * pixman_image_get_stride(image),
               rows + (size_t)(first_is_last ? height - 1 - y : y) * width * 4,
               (size_t)width * 4);
    }
    return image;
}

/*
 * Reads @view of an image of @height lines, whose framebuffer must be bound.
 * This takes a pixel buffer: from a texture made from an EGL image, NVIDIA's
 * driver copies pixels to other memory in the wrong order.
 */
static pixman_image_t *read_view(const SpiceEglView *view, uint32_t height)
{
    size_t size = (size_t)view->width * view->height * 4;
    uint32_t y = view->y_0_top ? height - view->y - view->height : view->y;
    pixman_image_t *image = NULL;
    const uint8_t *rows;
    GLuint buffer;

    if (epoxy_gl_version() < 30) {
        return NULL;
    }
    glGenBuffers(1, &buffer);
    glBindBuffer(GL_PIXEL_PACK_BUFFER, buffer);
    glBufferData(GL_PIXEL_PACK_BUFFER, size, NULL, GL_STREAM_READ);
    /* The only format that every context supports */
    glReadPixels(view->x, y, view->width, view->height,
                 GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    rows = glMapBufferRange(GL_PIXEL_PACK_BUFFER, 0, size, GL_MAP_READ_BIT);
    if (rows) {
        image = image_of(rows, view->width, view->height, view->y_0_top);
        glUnmapBuffer(GL_PIXEL_PACK_BUFFER);
    }
    glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    glDeleteBuffers(1, &buffer);
    return image;
}

pixman_image_t *spice_egl_readback(DisplayChangeListener *dcl)
{
    SpiceEgl *egl = container_of(dcl, SimpleSpiceDisplay, dcl)->egl;
    pixman_image_t *image = NULL;
    GLuint framebuffer, texture, made = 0;
    EGLContext previous;
    SpiceEglShown shown;

    if ((egl->source != SPICE_EGL_TEXTURE && egl->source != SPICE_EGL_DMABUF) ||
        !spice_egl_shown(&egl->images, &shown)) {
        return NULL;
    }
    previous = spice_egl_enter();
    texture = shown.tex_id ?: (made = texture_of(shown.image));
    framebuffer = texture ? framebuffer_of(texture) : 0;
    if (framebuffer) {
        image = read_view(&egl->view, shown.height);
        glDeleteFramebuffers(1, &framebuffer);
    }
    glDeleteTextures(1, &made);
    spice_egl_leave(previous);
    return image;
}

/* Copies pixels to a surface that is already shown; false if it does not fit */
static bool copy_to(DisplaySurface *surface, pixman_image_t *image)
{
    if (!surface || surface_width(surface) != pixman_image_get_width(image) ||
        surface_height(surface) != pixman_image_get_height(image)) {
        return false;
    }
    memcpy(surface_data(surface), pixman_image_get_data(image),
           (size_t)surface_stride(surface) * surface_height(surface));
    return true;
}

/* Listeners that get a new surface each time may never show all of one */
static void show_others(SpiceEgl *egl, pixman_image_t *image)
{
    QemuConsole *con = egl->ssd->dcl.con;
    DisplaySurface *before = egl->others;

    if (egl->others_show_it && copy_to(before, image)) {
        qemu_console_show_readback(con, before, true);
        return;
    }
    egl->others = qemu_create_displaysurface_pixman(image);
    egl->others_show_it = true;
    qemu_console_show_readback(con, egl->others, false);
    if (before) {
        qemu_free_displaysurface(before);
    }
}

void spice_egl_show_others(SpiceEgl *egl)
{
    DisplayChangeListener *dcl = &egl->ssd->dcl;
    pixman_image_t *image;

    if (egl->source == SPICE_EGL_SURFACE) {
        if (egl->others) {      /* by now they all show the console's */
            qemu_free_displaysurface(egl->others);
            egl->others = NULL;
        }
    } else if (egl->news_for_others && qemu_console_is_watched(dcl->con)) {
        image = spice_egl_readback(dcl);
        if (image) {
            egl->news_for_others = false;
            show_others(egl, image);
            qemu_pixman_image_unref(image);
        }
    }
}

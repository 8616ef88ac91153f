/*
 * What a SPICE display that scans out EGL images shows, as pixels
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "spice-egl.h"

/* A framebuffer of the current context with @image in it; 0: GL cannot */
static GLuint framebuffer_of(EGLImageKHR image, GLuint *texture)
{
    GLuint framebuffer;

    glGenTextures(1, texture);
    glBindTexture(GL_TEXTURE_2D, *texture);
    glEGLImageTargetTexture2DOES(GL_TEXTURE_2D, image);
    glBindTexture(GL_TEXTURE_2D, 0);

    glGenFramebuffers(1, &framebuffer);
    glBindFramebuffer(GL_READ_FRAMEBUFFER, framebuffer);
    glFramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0,
                           GL_TEXTURE_2D, *texture, 0);
    if (glCheckFramebufferStatus(GL_READ_FRAMEBUFFER) ==
        GL_FRAMEBUFFER_COMPLETE) {
        return framebuffer;
    }
    glDeleteFramebuffers(1, &framebuffer);
    return 0;
}

static void flip(pixman_image_t *image)
{
    uint8_t *pixels = (uint8_t *)pixman_image_get_data(image);
    size_t stride = pixman_image_get_stride(image);
    g_autofree uint8_t *line = g_malloc(stride);
    int bottom = pixman_image_get_height(image) - 1;

    for (int top = 0; top < bottom; top++, bottom--) {
        memcpy(line, pixels + top * stride, stride);
        memcpy(pixels + top * stride, pixels + bottom * stride, stride);
        memcpy(pixels + bottom * stride, line, stride);
    }
}

/* @view of an image that is @height lines high; the framebuffer is bound */
static pixman_image_t *read_view(const SpiceEglView *view, uint32_t height)
{
    pixman_image_t *image = pixman_image_create_bits(PIXMAN_BE_r8g8b8x8,
                                                     view->width, view->height,
                                                     NULL, 0);
    uint32_t y = view->y_0_top ? height - view->y - view->height : view->y;

    if (!image) {
        return NULL;
    }
    glPixelStorei(GL_PACK_ROW_LENGTH, pixman_image_get_stride(image) / 4);
    /* The one format that every context has */
    glReadPixels(view->x, y, view->width, view->height,
                 GL_RGBA, GL_UNSIGNED_BYTE, pixman_image_get_data(image));
    glPixelStorei(GL_PACK_ROW_LENGTH, 0);
    if (view->y_0_top) {
        flip(image);
    }
    return image;
}

pixman_image_t *spice_egl_readback(DisplayChangeListener *dcl)
{
    SpiceEgl *egl = container_of(dcl, SimpleSpiceDisplay, dcl)->egl;
    pixman_image_t *image = NULL;
    uint32_t height;
    EGLImageKHR shown;
    EGLContext previous;
    GLuint framebuffer, texture;

    if (egl->source != SPICE_EGL_TEXTURE && egl->source != SPICE_EGL_DMABUF) {
        return NULL;
    }
    shown = spice_egl_shown_image(&egl->images, &height);
    if (shown == EGL_NO_IMAGE_KHR) {
        return NULL;
    }
    previous = spice_egl_enter();
    if (epoxy_has_gl_extension("GL_OES_EGL_image")) {
        framebuffer = framebuffer_of(shown, &texture);
        if (framebuffer) {
            image = read_view(&egl->view, height);
            glDeleteFramebuffers(1, &framebuffer);
        }
        glDeleteTextures(1, &texture);
    }
    spice_egl_leave(previous);
    return image;
}

/* The same pixels in a surface that is shown already; false: it does not fit */
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

/* What shows a new surface each time may never come to show it all */
static void show_others(SpiceEgl *egl, pixman_image_t *image)
{
    QemuConsole *con = egl->ssd->dcl.con;
    DisplaySurface *before = egl->others;

    if (egl->others_show_it && copy_to(before, image)) {
        dpy_gfx_show_readback(con, before, true);
        return;
    }
    egl->others = qemu_create_displaysurface_pixman(image);
    egl->others_show_it = true;
    dpy_gfx_show_readback(con, egl->others, false);
    if (before) {
        qemu_free_displaysurface(before);
    }
}

void spice_egl_show_others(SpiceEgl *egl)
{
    DisplayChangeListener *dcl = &egl->ssd->dcl;
    pixman_image_t *image;

    if (egl->source == SPICE_EGL_SURFACE) {
        if (egl->others) {      /* by now all of them show the console's */
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test double, for LD_PRELOAD: EGL images of textures exactly as EGL_KHR_image_base describes them and
 * as NVIDIA's driver makes them (580, seen on an H100); Mesa is more lenient. A texture that has an image
 * gets no second one: EGL_BAD_ACCESS. Its contents are lost when the image is made, unless
 * EGL_IMAGE_PRESERVED_KHR is requested.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <GL/glext.h>

#include "../../preload/egl.h"

/* More than any test has at a time */
#define MAX_IMAGES 256

static struct {
    EGLImageKHR image;
    uintptr_t texture;
} images[MAX_IMAGES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread EGLint error; /* ours, until the program reads it */

static bool is_preserved(const EGLint *attributes)
{
    for (; attributes && *attributes != EGL_NONE; attributes += 2) {
        if (attributes[0] == EGL_IMAGE_PRESERVED_KHR) {
            return attributes[1] == EGL_TRUE;
        }
    }
    return false;
}

/* The place of a texture, or of an image, or an empty one */
static int place_of(EGLImageKHR image, uintptr_t texture)
{
    for (int i = 0; i < MAX_IMAGES; i++) {
        if (texture ? images[i].image && images[i].texture == texture : images[i].image == image) {
            return i;
        }
    }
    return -1;
}

static void lose(GLuint texture)
{
    PFNGLCLEARTEXIMAGEPROC clear = (PFNGLCLEARTEXIMAGEPROC)gl("glClearTexImage");

    if (clear) {
        clear(texture, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    }
}

static EGLImageKHR create_image(EGLDisplay display, EGLContext context, EGLenum target,
                                EGLClientBuffer buffer, const EGLint *attributes)
{
    PFNEGLCREATEIMAGEKHRPROC real = (PFNEGLCREATEIMAGEKHRPROC)gl("eglCreateImageKHR");
    const uintptr_t texture = (uintptr_t)buffer;
    EGLImageKHR image = EGL_NO_IMAGE_KHR;
    int place;

    if (target != EGL_GL_TEXTURE_2D_KHR) {
        return real(display, context, target, buffer, attributes);
    }
    pthread_mutex_lock(&lock);
    if (place_of(NULL, texture) >= 0) {
        error = EGL_BAD_ACCESS;
    } else if ((image = real(display, context, target, buffer, attributes)) != EGL_NO_IMAGE_KHR) {
        place = place_of(EGL_NO_IMAGE_KHR, 0);
        if (place >= 0) {
            images[place].image = image;
            images[place].texture = texture;
        }
        if (!is_preserved(attributes)) {
            lose((GLuint)texture);
        }
    }
    pthread_mutex_unlock(&lock);
    return image;
}

static EGLBoolean destroy_image(EGLDisplay display, EGLImageKHR image)
{
    PFNEGLDESTROYIMAGEKHRPROC real = (PFNEGLDESTROYIMAGEKHRPROC)gl("eglDestroyImageKHR");
    int place;

    pthread_mutex_lock(&lock);
    place = image ? place_of(image, 0) : -1;
    if (place >= 0) {
        images[place].image = EGL_NO_IMAGE_KHR;
    }
    pthread_mutex_unlock(&lock);
    return real(display, image);
}

/* Their names may be reused from now on */
static void delete_textures(GLsizei count, const GLuint *textures)
{
    pthread_mutex_lock(&lock);
    for (GLsizei i = 0; i < count; i++) {
        const int place = textures[i] ? place_of(NULL, textures[i]) : -1;

        if (place >= 0) {
            images[place].texture = 0;
        }
    }
    pthread_mutex_unlock(&lock);
    ((void (*)(GLsizei, const GLuint *))gl("glDeleteTextures"))(count, textures);
}

static EGLint get_error(void)
{
    const EGLint real = ((EGLint (*)(void))egl("eglGetError"))();
    const EGLint ours = error;

    error = 0;
    return ours ? ours : real;
}

static const Wrapper wrappers[] = {
    { "eglCreateImageKHR", (any_fn)create_image },
    { "eglDestroyImageKHR", (any_fn)destroy_image },
    { "eglGetError", (any_fn)get_error },
    { "glDeleteTextures", (any_fn)delete_textures },
    { "eglGetProcAddress", (any_fn)get_proc_address },
};
STEP_IN(wrappers)

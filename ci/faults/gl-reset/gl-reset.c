/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test double, to be preloaded: a GPU that is reset. $GL_RESET_FILE names a file; when a
 * context's glGetGraphicsResetStatus() finds it, it removes the file, and the context is lost: from
 * then on it reports that, and reads no pixels. With "forever" in the file no other context can be
 * created after that, until a file with "over" is found. With "report-once" the loss is reported only
 * once, as GL allows. $GL_RESET_THREAD: only contexts of threads with this name are lost.
 *
 * Or a GPU that fails at first: the first $GL_RESET_NOT_CURRENT calls of eglMakeCurrent() fail there.
 *
 * Or a slow one: glReadPixels() takes $GL_READ_MS milliseconds longer there.
 *
 * Programs get at EGL by dlsym(), as libepoxy does, and at GL by dlsym() and eglGetProcAddress().
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <EGL/egl.h>
#include <GLES3/gl3.h>
#include <GLES2/gl2ext.h>

#include "../../preload/egl.h"

static EGLContext lost;           /* of the one thread that uses it */
static bool for_ever, report_once, reported;

static EGLContext current_context(void)
{
    return ((EGLContext (*)(void))egl("eglGetCurrentContext"))();
}

static bool in_named_thread(void)
{
    const char *wanted = getenv("GL_RESET_THREAD");
    char name[16] = "";

    pthread_getname_np(pthread_self(), name, sizeof(name));
    return !wanted || strcmp(wanted, name) == 0;
}

/* Removes the file, if it exists; WORD: its contents, at most 15 characters */
static bool found_file(char *word)
{
    const char *path = getenv("GL_RESET_FILE");
    FILE *file = path && in_named_thread() ? fopen(path, "r") : NULL;

    if (!file) {
        return false;
    }
    if (fscanf(file, "%15s", word) != 1) {
        word[0] = 0;
    }
    fclose(file);
    unlink(path);
    return true;
}

static void look_for_file(void)
{
    char word[16];

    if (found_file(word)) {
        for_ever = strcmp(word, "forever") == 0;
        report_once = strcmp(word, "report-once") == 0;
        reported = false;
        lost = current_context();
    }
}

static bool is_over(void)
{
    char word[16];

    return found_file(word) && strcmp(word, "over") == 0;
}

static GLenum reset_status(void)
{
    look_for_file();
    if (!lost || current_context() != lost || (report_once && reported)) {
        return GL_NO_ERROR;
    }
    reported = true;
    return GL_INNOCENT_CONTEXT_RESET_EXT;
}

static EGLBoolean make_current(EGLDisplay display, EGLSurface draw, EGLSurface read,
                               EGLContext context)
{
    static int refused;
    const char *refuses = getenv("GL_RESET_NOT_CURRENT");

    if (refuses && context != EGL_NO_CONTEXT && in_named_thread() && refused < atoi(refuses)) {
        refused++;
        return EGL_FALSE;
    }
    return ((EGLBoolean (*)(EGLDisplay, EGLSurface, EGLSurface, EGLContext))egl("eglMakeCurrent"))(
        display, draw, read, context);
}

static void read_pixels(GLint x, GLint y, GLsizei width, GLsizei height, GLenum format,
                        GLenum type, void *pixels)
{
    const char *slow_ms = getenv("GL_READ_MS");

    if (slow_ms && in_named_thread()) {
        usleep(1000 * atoi(slow_ms));
    }
    if (!lost || current_context() != lost) {
        ((void (*)(GLint, GLint, GLsizei, GLsizei, GLenum, GLenum, void *))gl("glReadPixels"))(
            x, y, width, height, format, type, pixels);
    }
}

static EGLContext create_context(EGLDisplay display, EGLConfig config, EGLContext share,
                                 const EGLint *attributes)
{
    if (for_ever && !is_over()) {
        return EGL_NO_CONTEXT;
    }
    for_ever = false;
    EGLContext made = ((EGLContext (*)(EGLDisplay, EGLConfig, EGLContext, const EGLint *))
                       egl("eglCreateContext"))(display, config, share, attributes);
    if (made == lost) {
        lost = EGL_NO_CONTEXT; /* a new one in the place of the old */
    }
    return made;
}

static const Wrapper wrappers[] = {
    {"glGetGraphicsResetStatusKHR", (any_fn)reset_status},
    {"glGetGraphicsResetStatusEXT", (any_fn)reset_status},
    {"glReadPixels", (any_fn)read_pixels},
    {"eglCreateContext", (any_fn)create_context},
    {"eglMakeCurrent", (any_fn)make_current},
    {"eglGetProcAddress", (any_fn)get_proc_address},
};

STEP_IN(wrappers)

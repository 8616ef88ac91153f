/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For LD_PRELOAD: counts the EGL calls and a few GL calls of a program, from outside.
 *
 * EGLCOUNT_FILE names the file with the counts; "%p" in it becomes the process id.
 * The file is a shared mapping, so it can be read at any time, also after the process was
 * killed: ci/eglcount/eglcount.py prints it as JSON. It is made by the first counted call,
 * so processes without EGL (shells, children) leave no file.
 *
 * Programs get at EGL in three ways, and all are covered: linked symbols (this library
 * exports the counted names), dlsym() (libepoxy's way) and eglGetProcAddress().
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>

#include "../preload/dlsym.h"

#define EXPORT __attribute__((visibility("default")))

/* --- the file's layout; eglcount.py knows it too --- */

#define MAGIC "EGLCOUNT 3\n"
#define MAX_CONTEXTS 256
#define MAX_DISPLAYS 16

enum {
    EGL_INITIALIZE, EGL_TERMINATE, EGL_CREATE_CONTEXT, EGL_DESTROY_CONTEXT,
    EGL_CREATE_IMAGE, EGL_DESTROY_IMAGE, EGL_EXPORT_QUERY, EGL_EXPORT,
    EGL_CREATE_SYNC, EGL_DESTROY_SYNC, EGL_MAKE_CURRENT, GL_READ_PIXELS,
    GL_IMAGE_TARGET_TEXTURE, GL_FLUSH, GL_FINISH, GL_GEN_TEXTURES, GL_DELETE_TEXTURES,
    COUNTERS
};

struct counter {
    char name[40];
    _Atomic uint64_t calls;
    /* calls that succeeded; for GL calls, which do not report that, all; and for calls about several
     * textures, the number of textures */
    _Atomic uint64_t ok;
    _Atomic uint64_t main_ns; /* their time in the process's first thread */
    _Atomic uint64_t main_longest_ns; /* the longest of these; a reader may set it back to 0 */
};

struct context {
    _Atomic uint64_t handle; /* set last */
    uint64_t share, display, thread;
    char thread_name[16];
};

struct display {
    _Atomic uint64_t handle; /* set last */
    _Atomic uint64_t initialized, terminated;
};

struct counts {
    char magic[16];
    uint64_t pid, counters, max_displays, max_contexts;
    _Atomic uint64_t contexts_created; /* may be more than there is room for */
    struct counter counter[COUNTERS];
    struct display display[MAX_DISPLAYS];
    struct context context[MAX_CONTEXTS];
};

static const char *const counter_names[COUNTERS] = {
    "eglInitialize", "eglTerminate", "eglCreateContext", "eglDestroyContext",
    "eglCreateImage", "eglDestroyImage", "eglExportDMABUFImageQueryMESA",
    "eglExportDMABUFImageMESA", "eglCreateSync", "eglDestroySync", "eglMakeCurrent",
    "glReadPixels", "glEGLImageTargetTexture2DOES", "glFlush", "glFinish",
    "glGenTextures", "glDeleteTextures",
};

/* --- the file --- */

static struct counts *counts;
static pthread_once_t counts_once = PTHREAD_ONCE_INIT;
/* EGL libraries call each other by the same names: only the outermost call counts */
static _Thread_local int depth __attribute__((tls_model("initial-exec")));
/* When the outermost call began; 0 if this is not the first thread */
static _Thread_local uint64_t began __attribute__((tls_model("initial-exec")));

static int make_file(const char *pattern)
{
    const char *pid_mark = strstr(pattern, "%p");
    char path[4096], temporary[4096 + 8];
    int fd;

    if (pid_mark) {
        snprintf(path, sizeof(path), "%.*s%d%s", (int)(pid_mark - pattern), pattern,
                 (int)getpid(), pid_mark + 2);
    } else {
        snprintf(path, sizeof(path), "%s", pattern);
    }
    /* a reader sees a complete file or none */
    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0 || fchmod(fd, 0644) != 0 || ftruncate(fd, sizeof(struct counts)) != 0) {
        fprintf(stderr, "eglcount: cannot write %s: %m; set EGLCOUNT_FILE\n", path);
        if (fd >= 0) {
            close(fd);
            unlink(temporary);
        }
        return -1;
    }
    counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (counts == MAP_FAILED) {
        counts = NULL;
    } else {
        counts->pid = (uint64_t)getpid();
        counts->counters = COUNTERS;
        counts->max_displays = MAX_DISPLAYS;
        counts->max_contexts = MAX_CONTEXTS;
        for (int i = 0; i < COUNTERS; i++) {
            strcpy(counts->counter[i].name, counter_names[i]);
        }
        memcpy(counts->magic, MAGIC, sizeof(MAGIC));
        rename(temporary, path);
    }
    close(fd);
    return 0;
}

static void make_counts(void)
{
    static struct counts unread;
    const char *pattern = getenv("EGLCOUNT_FILE");

    if (!pattern || !*pattern || make_file(pattern) != 0 || !counts) {
        counts = &unread;
    }
}

static struct counts *get_counts(void)
{
    pthread_once(&counts_once, make_counts);
    return counts;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

static void enter(void)
{
    if (depth++ == 0) {
        began = gettid() == getpid() ? now_ns() : 0;
    }
}

static void count(int which, uint64_t ok)
{
    if (depth == 0) {
        struct counter *counter = &get_counts()->counter[which];

        atomic_fetch_add(&counter->calls, 1);
        atomic_fetch_add(&counter->ok, ok);
        if (began) {
            uint64_t spent = now_ns() - began;

            atomic_fetch_add(&counter->main_ns, spent);
            /* no other thread writes it, and a reader only zeroes it */
            if (spent > atomic_load(&counter->main_longest_ns)) {
                atomic_store(&counter->main_longest_ns, spent);
            }
        }
    }
}

static struct display *find_display(EGLDisplay dpy)
{
    struct counts *all = get_counts();

    for (int i = 0; i < MAX_DISPLAYS; i++) {
        uint64_t none = 0;

        if (atomic_compare_exchange_strong(&all->display[i].handle, &none, (uintptr_t)dpy) ||
            none == (uintptr_t)dpy) {
            return &all->display[i];
        }
    }
    return NULL;
}

static void record_context(EGLContext handle, EGLContext share, EGLDisplay dpy)
{
    struct counts *all = get_counts();
    uint64_t index = atomic_fetch_add(&all->contexts_created, 1);

    if (index < MAX_CONTEXTS) {
        struct context *context = &all->context[index];

        context->share = (uintptr_t)share;
        context->display = (uintptr_t)dpy;
        context->thread = (uint64_t)gettid();
        pthread_getname_np(pthread_self(), context->thread_name, sizeof(context->thread_name));
        atomic_store(&context->handle, (uintptr_t)handle);
    }
}

/* --- finding the real functions --- */

typedef void (*any_fn)(void);

static any_fn wrapper_of(const char *name, any_fn real);

/* For callers that have linked the function */
static any_fn next_function(const char *name, const char *library)
{
    void *next = real_dlsym()(RTLD_NEXT, name);

    if (!next) {
        void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);

        next = handle ? real_dlsym()(handle, name) : NULL;
    }
    if (!next && strcmp(name, "eglGetProcAddress") != 0) {
        any_fn (*get)(const char *) =
            (any_fn (*)(const char *))next_function("eglGetProcAddress", "libEGL.so.1");

        next = get ? (void *)get(name) : NULL;
    }
    if (!next) {
        fprintf(stderr, "eglcount: %s was called but is nowhere\n", name);
        abort();
    }
    return (any_fn)next;
}

/* --- the wrappers: WRAP(library, result, name, parameters, arguments) defines
 *     the exported function and a variable for the real one --- */

#define REAL(name) real_##name

#define WRAP(library, type, name, parameters, arguments, after)                      \
    static type (*REAL(name)) parameters;                                            \
    EXPORT type name parameters                                                      \
    {                                                                                \
        type result;                                                                 \
        if (!REAL(name)) {                                                           \
            REAL(name) = (type (*) parameters)next_function(#name, library);         \
        }                                                                            \
        enter();                                                                     \
        result = REAL(name) arguments;                                               \
        depth--;                                                                     \
        after;                                                                       \
        return result;                                                               \
    }

#define WRAP_VOID(library, name, parameters, arguments, after)                       \
    static void (*REAL(name)) parameters;                                            \
    EXPORT void name parameters                                                      \
    {                                                                                \
        if (!REAL(name)) {                                                           \
            REAL(name) = (void (*) parameters)next_function(#name, library);         \
        }                                                                            \
        enter();                                                                     \
        REAL(name) arguments;                                                        \
        depth--;                                                                     \
        after;                                                                       \
    }

static void after_initialize(EGLDisplay dpy, EGLBoolean ok)
{
    count(EGL_INITIALIZE, ok);
    if (ok && depth == 0) {
        struct display *display = find_display(dpy);

        if (display) {
            atomic_fetch_add(&display->initialized, 1);
        }
    }
}

static void after_terminate(EGLDisplay dpy, EGLBoolean ok)
{
    count(EGL_TERMINATE, ok);
    if (ok && depth == 0) {
        struct display *display = find_display(dpy);

        if (display) {
            atomic_fetch_add(&display->terminated, 1);
        }
    }
}

static void after_create_context(EGLContext made, EGLContext share, EGLDisplay dpy)
{
    count(EGL_CREATE_CONTEXT, made != EGL_NO_CONTEXT);
    if (made != EGL_NO_CONTEXT && depth == 0) {
        record_context(made, share, dpy);
    }
}

WRAP("libEGL.so.1", EGLBoolean, eglInitialize,
     (EGLDisplay dpy, EGLint *major, EGLint *minor), (dpy, major, minor),
     after_initialize(dpy, result))
WRAP("libEGL.so.1", EGLBoolean, eglTerminate, (EGLDisplay dpy), (dpy),
     after_terminate(dpy, result))
WRAP("libEGL.so.1", EGLContext, eglCreateContext,
     (EGLDisplay dpy, EGLConfig config, EGLContext share, const EGLint *attributes),
     (dpy, config, share, attributes),
     after_create_context(result, share, dpy))
WRAP("libEGL.so.1", EGLBoolean, eglDestroyContext, (EGLDisplay dpy, EGLContext ctx), (dpy, ctx),
     count(EGL_DESTROY_CONTEXT, result))
WRAP("libEGL.so.1", EGLBoolean, eglMakeCurrent,
     (EGLDisplay dpy, EGLSurface draw, EGLSurface read, EGLContext ctx), (dpy, draw, read, ctx),
     count(EGL_MAKE_CURRENT, result))
WRAP("libEGL.so.1", EGLImage, eglCreateImage,
     (EGLDisplay dpy, EGLContext ctx, EGLenum target, EGLClientBuffer buffer,
      const EGLAttrib *attributes),
     (dpy, ctx, target, buffer, attributes),
     count(EGL_CREATE_IMAGE, result != EGL_NO_IMAGE))
WRAP("libEGL.so.1", EGLImageKHR, eglCreateImageKHR,
     (EGLDisplay dpy, EGLContext ctx, EGLenum target, EGLClientBuffer buffer,
      const EGLint *attributes),
     (dpy, ctx, target, buffer, attributes),
     count(EGL_CREATE_IMAGE, result != EGL_NO_IMAGE_KHR))
WRAP("libEGL.so.1", EGLBoolean, eglDestroyImage, (EGLDisplay dpy, EGLImage image), (dpy, image),
     count(EGL_DESTROY_IMAGE, result))
WRAP("libEGL.so.1", EGLBoolean, eglDestroyImageKHR, (EGLDisplay dpy, EGLImageKHR image),
     (dpy, image),
     count(EGL_DESTROY_IMAGE, result))
WRAP("libEGL.so.1", EGLBoolean, eglExportDMABUFImageQueryMESA,
     (EGLDisplay dpy, EGLImageKHR image, int *fourcc, int *planes, EGLuint64KHR *modifiers),
     (dpy, image, fourcc, planes, modifiers),
     count(EGL_EXPORT_QUERY, result))
WRAP("libEGL.so.1", EGLBoolean, eglExportDMABUFImageMESA,
     (EGLDisplay dpy, EGLImageKHR image, int *fds, EGLint *strides, EGLint *offsets),
     (dpy, image, fds, strides, offsets),
     count(EGL_EXPORT, result))
WRAP("libEGL.so.1", EGLSync, eglCreateSync,
     (EGLDisplay dpy, EGLenum type, const EGLAttrib *attributes), (dpy, type, attributes),
     count(EGL_CREATE_SYNC, result != EGL_NO_SYNC))
WRAP("libEGL.so.1", EGLSyncKHR, eglCreateSyncKHR,
     (EGLDisplay dpy, EGLenum type, const EGLint *attributes), (dpy, type, attributes),
     count(EGL_CREATE_SYNC, result != EGL_NO_SYNC_KHR))
WRAP("libEGL.so.1", EGLBoolean, eglDestroySync, (EGLDisplay dpy, EGLSync sync), (dpy, sync),
     count(EGL_DESTROY_SYNC, result))
WRAP("libEGL.so.1", EGLBoolean, eglDestroySyncKHR, (EGLDisplay dpy, EGLSyncKHR sync),
     (dpy, sync),
     count(EGL_DESTROY_SYNC, result))
WRAP_VOID("libGLESv2.so.2", glReadPixels,
     (GLint x, GLint y, GLsizei width, GLsizei height, GLenum format, GLenum type, void *pixels),
     (x, y, width, height, format, type, pixels),
     count(GL_READ_PIXELS, true))
WRAP_VOID("libGLESv2.so.2", glReadnPixels,
     (GLint x, GLint y, GLsizei width, GLsizei height, GLenum format, GLenum type,
      GLsizei size, void *pixels),
     (x, y, width, height, format, type, size, pixels),
     count(GL_READ_PIXELS, true))
WRAP_VOID("libGLESv2.so.2", glReadnPixelsARB,
     (GLint x, GLint y, GLsizei width, GLsizei height, GLenum format, GLenum type,
      GLsizei size, void *pixels),
     (x, y, width, height, format, type, size, pixels),
     count(GL_READ_PIXELS, true))
WRAP_VOID("libGLESv2.so.2", glEGLImageTargetTexture2DOES,
     (GLenum target, EGLImageKHR image), (target, image),
     count(GL_IMAGE_TARGET_TEXTURE, true))

WRAP_VOID("libGLESv2.so.2", glFlush, (void), (), count(GL_FLUSH, true))
WRAP_VOID("libGLESv2.so.2", glFinish, (void), (), count(GL_FINISH, true))

/* Texture 0 is none */
static uint64_t textures_in(GLsizei n, const GLuint *textures)
{
    uint64_t number = 0;

    for (GLsizei i = 0; i < n; i++) {
        number += textures[i] != 0;
    }
    return number;
}

WRAP_VOID("libGLESv2.so.2", glGenTextures, (GLsizei n, GLuint *textures), (n, textures),
     count(GL_GEN_TEXTURES, textures_in(n, textures)))
WRAP_VOID("libGLESv2.so.2", glDeleteTextures, (GLsizei n, const GLuint *textures), (n, textures),
     count(GL_DELETE_TEXTURES, textures_in(n, textures)))

static any_fn (*REAL(eglGetProcAddress))(const char *);

EXPORT any_fn eglGetProcAddress(const char *name)
{
    if (!REAL(eglGetProcAddress)) {
        REAL(eglGetProcAddress) =
            (any_fn (*)(const char *))next_function("eglGetProcAddress", "libEGL.so.1");
    }
    return wrapper_of(name, REAL(eglGetProcAddress)(name));
}

/* --- handing out the wrappers --- */

static const struct wrapper {
    const char *name;
    any_fn wrapper;
    any_fn *real;
} wrappers[] = {
#define ENTRY(name) { #name, (any_fn)name, (any_fn *)&REAL(name) }
    ENTRY(eglInitialize), ENTRY(eglTerminate), ENTRY(eglCreateContext),
    ENTRY(eglDestroyContext), ENTRY(eglMakeCurrent), ENTRY(eglCreateImage),
    ENTRY(eglCreateImageKHR), ENTRY(eglDestroyImage), ENTRY(eglDestroyImageKHR),
    ENTRY(eglExportDMABUFImageQueryMESA), ENTRY(eglExportDMABUFImageMESA),
    ENTRY(eglCreateSync), ENTRY(eglCreateSyncKHR), ENTRY(eglDestroySync),
    ENTRY(eglDestroySyncKHR), ENTRY(glReadPixels), ENTRY(glReadnPixels),
    ENTRY(glReadnPixelsARB), ENTRY(glEGLImageTargetTexture2DOES), ENTRY(glFlush),
    ENTRY(glFinish), ENTRY(glGenTextures), ENTRY(glDeleteTextures), ENTRY(eglGetProcAddress),
#undef ENTRY
};

static const struct wrapper *find_wrapper(const char *name)
{
    for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
        if (is_named(name, wrappers[i].name)) {
            return &wrappers[i];
        }
    }
    return NULL;
}

static any_fn wrapper_of(const char *name, any_fn real)
{
    const struct wrapper *found = real ? find_wrapper(name) : NULL;

    if (!found) {
        return real;
    }
    /* the lookup may have found this library's own function */
    if (real != found->wrapper && !*found->real) {
        *found->real = real;
    }
    return found->wrapper;
}

EXPORT void *dlsym(void *handle, const char *name)
{
    if (__builtin_expect(find_wrapper(name) == NULL, 1)) {
        return real_dlsym()(handle, name);
    }
    return (void *)wrapper_of(name, (any_fn)real_dlsym()(handle, name));
}

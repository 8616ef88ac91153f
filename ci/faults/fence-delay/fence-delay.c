/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test double, to be preloaded: a GPU that has not drawn yet. If a thread named $FENCE_DELAY_THREAD
 * draws into a texture by glClear(), this is delayed until any thread waits for a fence that was made
 * after it, or until the thread calls glFinish(). It is drawn then, in another context. Software
 * rasterizers draw in the order of submission, which hides that a program does not wait for a fence.
 *
 * Programs get at EGL by dlsym(), as libepoxy does, and at GL by dlsym() and eglGetProcAddress().
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EGL_EGLEXT_PROTOTYPES
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>

#include "../../preload/egl.h"
#define MOST 4096

/* A glClear() */
typedef struct {
    EGLDisplay display;
    EGLContext context;
    GLuint texture;
    GLfloat color[4];
} Held;

/* A fence stands for everything that was held before it */
typedef struct {
    void *sync;
    uint64_t upto;
} Fence;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Held held[MOST];
static Fence fences[MOST];
static uint64_t count, drawn; /* of HELD, whose index is modulo MOST */
static size_t num_fences;

/* The library's own function of this name */
#define EGL(name) ((__typeof__(&name))egl(#name))
#define EXTENSION(name) ((__typeof__(&name))gl(#name))
#define GL(name) ((__typeof__(&name))gl(#name))

static bool in_named_thread(void)
{
    const char *wanted = getenv("FENCE_DELAY_THREAD");
    char name[16] = "";

    pthread_getname_np(pthread_self(), name, sizeof(name));
    return wanted && strcmp(wanted, name) == 0;
}

/* Shares its textures with CONTEXT */
static EGLContext context_beside(EGLDisplay display, EGLContext context)
{
    const EGLint version[] = { EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE };
    EGLint id = 0, found = 0;
    EGLConfig config = NULL;

    EGL(eglQueryContext)(display, context, EGL_CONFIG_ID, &id);
    if (id) {
        const EGLint wanted[] = { EGL_CONFIG_ID, id, EGL_NONE };
        EGL(eglChooseConfig)(display, wanted, &config, 1, &found);
    }
    EGL(eglBindAPI)(EGL_OPENGL_ES_API);
    return EGL(eglCreateContext)(display, config, context, version);
}

static void draw_one(const Held *what)
{
    GLuint framebuffer = 0;

    GL(glGenFramebuffers)(1, &framebuffer);
    GL(glBindFramebuffer)(GL_FRAMEBUFFER, framebuffer);
    GL(glFramebufferTexture2D)(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D,
                               what->texture, 0);
    GL(glClearColor)(what->color[0], what->color[1], what->color[2], what->color[3]);
    GL(glClear)(GL_COLOR_BUFFER_BIT);
    GL(glDeleteFramebuffers)(1, &framebuffer);
}

/* Under the lock: draws all that was held before UPTO, and waits until that is done */
static void draw_held(uint64_t upto)
{
    const EGLenum api = EGL(eglQueryAPI)();
    const EGLDisplay display = EGL(eglGetCurrentDisplay)();
    const EGLContext context = EGL(eglGetCurrentContext)();
    const EGLSurface draw = EGL(eglGetCurrentSurface)(EGL_DRAW);
    const EGLSurface read = EGL(eglGetCurrentSurface)(EGL_READ);

    if (drawn >= upto) {
        return;
    }
    for (; drawn < upto; drawn++) {
        const Held *what = &held[drawn % MOST];
        const EGLContext beside = context_beside(what->display, what->context);
        if (!EGL(eglMakeCurrent)(what->display, EGL_NO_SURFACE, EGL_NO_SURFACE, beside)) {
            fprintf(stderr, "fence-delay: no context to draw in\n");
            abort();
        }
        draw_one(what);
        GL(glFinish)();
        EGL(eglMakeCurrent)(what->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        EGL(eglDestroyContext)(what->display, beside);
    }
    EGL(eglBindAPI)(api);
    if (context != EGL_NO_CONTEXT) {
        EGL(eglMakeCurrent)(display, draw, read, context);
    }
}

static void clear(GLbitfield mask)
{
    GLint type = 0, texture = 0;

    if (in_named_thread() && mask == GL_COLOR_BUFFER_BIT) {
        GL(glGetFramebufferAttachmentParameteriv)(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0,
            GL_FRAMEBUFFER_ATTACHMENT_OBJECT_TYPE, &type);
    }
    if (type != GL_TEXTURE) {
        GL(glClear)(mask);
        return;
    }
    GL(glGetFramebufferAttachmentParameteriv)(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0,
        GL_FRAMEBUFFER_ATTACHMENT_OBJECT_NAME, &texture);
    pthread_mutex_lock(&lock);
    if (count - drawn == MOST) {
        fprintf(stderr, "fence-delay: too much is held back\n");
        abort();
    }
    Held *what = &held[count++ % MOST];
    what->display = EGL(eglGetCurrentDisplay)();
    what->context = EGL(eglGetCurrentContext)();
    what->texture = texture;
    GL(glGetFloatv)(GL_COLOR_CLEAR_VALUE, what->color);
    pthread_mutex_unlock(&lock);
}

static void finish(void)
{
    if (in_named_thread()) {
        pthread_mutex_lock(&lock);
        draw_held(count);
        pthread_mutex_unlock(&lock);
    }
    GL(glFinish)();
}

static void *remember(void *sync)
{
    if (sync && in_named_thread()) {
        pthread_mutex_lock(&lock);
        if (num_fences == MOST) {
            fprintf(stderr, "fence-delay: too many fences\n");
            abort();
        }
        fences[num_fences++] = (Fence){ sync, count };
        pthread_mutex_unlock(&lock);
    }
    return sync;
}

/* Earlier draws stay held: a later fence stands for them, too */
static void forget(void *sync)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < num_fences; i++) {
        if (fences[i].sync == sync) {
            fences[i] = fences[--num_fences];
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

static void wait_for(void *sync)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < num_fences; i++) {
        if (fences[i].sync == sync) {
            draw_held(fences[i].upto);
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

static EGLSync create_sync(EGLDisplay display, EGLenum type, const EGLAttrib *attributes)
{
    return remember(EGL(eglCreateSync)(display, type, attributes));
}

static EGLSyncKHR create_sync_khr(EGLDisplay display, EGLenum type, const EGLint *attributes)
{
    return remember(EXTENSION(eglCreateSyncKHR)(display, type, attributes));
}

static EGLBoolean destroy_sync(EGLDisplay display, EGLSync sync)
{
    forget(sync);
    return EGL(eglDestroySync)(display, sync);
}

static EGLBoolean destroy_sync_khr(EGLDisplay display, EGLSyncKHR sync)
{
    forget(sync);
    return EXTENSION(eglDestroySyncKHR)(display, sync);
}

static EGLint client_wait_sync(EGLDisplay display, EGLSync sync, EGLint flags, EGLTime timeout)
{
    wait_for(sync);
    return EGL(eglClientWaitSync)(display, sync, flags, timeout);
}

static EGLint client_wait_sync_khr(EGLDisplay display, EGLSyncKHR sync, EGLint flags,
                                   EGLTimeKHR timeout)
{
    wait_for(sync);
    return EXTENSION(eglClientWaitSyncKHR)(display, sync, flags, timeout);
}

static EGLBoolean wait_sync(EGLDisplay display, EGLSync sync, EGLint flags)
{
    wait_for(sync);
    return EGL(eglWaitSync)(display, sync, flags);
}

static EGLint wait_sync_khr(EGLDisplay display, EGLSyncKHR sync, EGLint flags)
{
    wait_for(sync);
    return EXTENSION(eglWaitSyncKHR)(display, sync, flags);
}

static const Wrapper wrappers[] = {
    {"glClear", (any_fn)clear},
    {"glFinish", (any_fn)finish},
    {"eglCreateSync", (any_fn)create_sync},
    {"eglCreateSyncKHR", (any_fn)create_sync_khr},
    {"eglDestroySync", (any_fn)destroy_sync},
    {"eglDestroySyncKHR", (any_fn)destroy_sync_khr},
    {"eglClientWaitSync", (any_fn)client_wait_sync},
    {"eglClientWaitSyncKHR", (any_fn)client_wait_sync_khr},
    {"eglWaitSync", (any_fn)wait_sync},
    {"eglWaitSyncKHR", (any_fn)wait_sync_khr},
    {"eglGetProcAddress", (any_fn)get_proc_address},
};

STEP_IN(wrappers)

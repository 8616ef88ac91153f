/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls EGL a known number of times in all three ways; test-eglcount.py knows how often. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>

static void check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "test-program: %s failed\n", what);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    const EGLint attributes[] = { EGL_CONTEXT_CLIENT_VERSION, 3, EGL_NONE };
    unsigned char pixel[4];
    int (*by_next)(void);

    /* dlsym() must find what comes after the caller, not after the wrapper */
    by_next = (int (*)(void))dlsym(RTLD_NEXT, "getpid");
    check(by_next && by_next() == getpid(), "dlsym(RTLD_NEXT)");
    check(!dlsym(RTLD_DEFAULT, "eglNoSuchFunction"), "dlsym() of what is nowhere");
    if (argc > 1 && strcmp(argv[1], "no-egl") == 0) {
        return 0;
    }

    /* asked for */
    PFNEGLGETPLATFORMDISPLAYEXTPROC get_display =
        (PFNEGLGETPLATFORMDISPLAYEXTPROC)eglGetProcAddress("eglGetPlatformDisplayEXT");
    EGLDisplay dpy = get_display(EGL_PLATFORM_SURFACELESS_MESA, NULL, NULL);

    /* linked */
    check(!eglInitialize(EGL_NO_DISPLAY, NULL, NULL), "eglInitialize(EGL_NO_DISPLAY) failing");
    check(eglInitialize(dpy, NULL, NULL), "eglInitialize");
    check(eglInitialize(dpy, NULL, NULL), "eglInitialize again");
    check(eglBindAPI(EGL_OPENGL_ES_API), "eglBindAPI");

    /* by dlsym(), as libepoxy does */
    void *egl = dlopen("libEGL.so.1", RTLD_LAZY | RTLD_LOCAL);
    void *gles = dlopen("libGLESv2.so.2", RTLD_LAZY | RTLD_LOCAL);
    check(egl && gles, "dlopen");
    EGLContext (*create_context)(EGLDisplay, EGLConfig, EGLContext, const EGLint *) =
        (EGLContext (*)(EGLDisplay, EGLConfig, EGLContext, const EGLint *))
        dlsym(egl, "eglCreateContext");
    EGLContext a = create_context(dpy, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attributes);
    EGLContext b = create_context(dpy, EGL_NO_CONFIG_KHR, a, attributes);
    EGLContext c = create_context(dpy, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attributes);
    check(a && b && c, "eglCreateContext");
    check(eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, a), "eglMakeCurrent");

    PFNEGLCREATESYNCKHRPROC create_sync =
        (PFNEGLCREATESYNCKHRPROC)eglGetProcAddress("eglCreateSyncKHR");
    PFNEGLDESTROYSYNCKHRPROC destroy_sync =
        (PFNEGLDESTROYSYNCKHRPROC)eglGetProcAddress("eglDestroySyncKHR");
    for (int i = 0; i < 5; i++) {
        destroy_sync(dpy, create_sync(dpy, EGL_SYNC_FENCE_KHR, NULL));
    }

    GLuint texture, framebuffer;
    glGenTextures(1, &texture);
    glBindTexture(GL_TEXTURE_2D, texture);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 4, 4);
    glGenFramebuffers(1, &framebuffer);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
    void (*read_pixels)(GLint, GLint, GLsizei, GLsizei, GLenum, GLenum, void *) =
        (void (*)(GLint, GLint, GLsizei, GLsizei, GLenum, GLenum, void *))
        dlsym(gles, "glReadPixels");
    for (int i = 0; i < 7; i++) {
        read_pixels(0, 0, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, pixel);
    }

    void (*flush)(void) = (void (*)(void))dlsym(gles, "glFlush");
    for (int i = 0; i < 2; i++) {
        flush();
    }

    GLuint textures[3];
    glGenTextures(3, textures);
    textures[1] = 0; /* which glDeleteTextures() ignores */
    glDeleteTextures(3, textures);

    EGLImage image = eglCreateImage(dpy, a, EGL_GL_TEXTURE_2D,
                                    (EGLClientBuffer)(size_t)texture, NULL);
    check(image != EGL_NO_IMAGE, "eglCreateImage");
    check(eglDestroyImage(dpy, image), "eglDestroyImage");
    check(!eglDestroyImage(dpy, (EGLImage)(size_t)0x1234), "eglDestroyImage(garbage) failing");

    printf("%llu %llu %llu %llu\n", (unsigned long long)(size_t)dpy,
           (unsigned long long)(size_t)a, (unsigned long long)(size_t)b,
           (unsigned long long)(size_t)c);
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "hang") == 0) {
        pause();
    }
    if (argc > 1 && strcmp(argv[1], "again") == 0) {
        getchar();
        read_pixels(0, 0, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, pixel);
        puts("again");
        fflush(stdout);
        getchar();
    }
    eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    check(eglDestroyContext(dpy, c), "eglDestroyContext");
    check(eglTerminate(dpy), "eglTerminate");
    return 0;
}

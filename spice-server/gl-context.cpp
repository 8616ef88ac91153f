/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-context.hpp"

#include <cerrno>
#include <cstdio>

#include "gl-egl-calls.hpp"

namespace red {

namespace {

constexpr uint64_t SERVER_WAIT_LIMIT_NS = 1000000000;

bool has_khr_fence(EGLDisplay display)
{
    return epoxy_has_egl_extension(display, "EGL_KHR_fence_sync");
}

bool has_core_fence(EGLDisplay display)
{
    return egl_display_version(display) >= 15 && egl_calls().create_sync;
}

EGLSync create_sync(EGLDisplay display)
{
    if (has_khr_fence(display)) {
        return egl_calls().create_sync_khr(display, EGL_SYNC_FENCE_KHR, nullptr);
    }
    if (has_core_fence(display)) {
        return egl_calls().create_sync(display, EGL_SYNC_FENCE, nullptr);
    }
    return EGL_NO_SYNC;
}

void destroy_sync(EGLDisplay display, EGLSync sync)
{
    if (has_khr_fence(display)) {
        egl_calls().destroy_sync_khr(display, sync);
    } else if (has_core_fence(display)) {
        egl_calls().destroy_sync(display, sync);
    }
}

/* Any config will do for a context that never draws to an EGL surface */
bool choose_config(EGLDisplay display, EGLConfig *config)
{
    if (epoxy_has_egl_extension(display, "EGL_KHR_no_config_context") ||
        epoxy_has_egl_extension(display, "EGL_MESA_configless_context")) {
        *config = EGL_NO_CONFIG_KHR;
        return true;
    }
    const EGLint surface_types[] = { EGL_PBUFFER_BIT, EGL_DONT_CARE };
    for (EGLint surface_type : surface_types) {
        const EGLint attributes[] = {
            EGL_SURFACE_TYPE, surface_type,
            EGL_RENDERABLE_TYPE, EGL_OPENGL_ES3_BIT_KHR,
            EGL_NONE
        };
        EGLint count = 0;
        if (eglChooseConfig(display, attributes, config, 1, &count) && count > 0) {
            return true;
        }
    }
    return false;
}

std::string egl_failure(const char *call)
{
    return std::string(call) + ": " + egl_error_name(eglGetError());
}

/* A context that reports GPU resets, if EGL supports that. The API must have been bound. */
EGLContext create_context(EGLDisplay display, EGLConfig config)
{
    if (epoxy_has_egl_extension(display, "EGL_EXT_create_context_robustness")) {
        const EGLint attributes[] = {
            EGL_CONTEXT_CLIENT_VERSION, 3,
            EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT, EGL_LOSE_CONTEXT_ON_RESET_EXT,
            EGL_NONE
        };
        EGLContext context = eglCreateContext(display, config, EGL_NO_CONTEXT, attributes);
        if (context != EGL_NO_CONTEXT) {
            return context;
        }
    }
    const EGLint attributes[] = { EGL_CONTEXT_CLIENT_VERSION, 3, EGL_NONE };
    return eglCreateContext(display, config, EGL_NO_CONTEXT, attributes);
}

} // namespace

const char *egl_error_name(EGLint error)
{
    switch (error) {
    case EGL_SUCCESS: return "EGL_SUCCESS";
    case EGL_NOT_INITIALIZED: return "EGL_NOT_INITIALIZED";
    case EGL_BAD_ACCESS: return "EGL_BAD_ACCESS";
    case EGL_BAD_ALLOC: return "EGL_BAD_ALLOC";
    case EGL_BAD_ATTRIBUTE: return "EGL_BAD_ATTRIBUTE";
    case EGL_BAD_CONFIG: return "EGL_BAD_CONFIG";
    case EGL_BAD_CONTEXT: return "EGL_BAD_CONTEXT";
    case EGL_BAD_CURRENT_SURFACE: return "EGL_BAD_CURRENT_SURFACE";
    case EGL_BAD_DISPLAY: return "EGL_BAD_DISPLAY";
    case EGL_BAD_MATCH: return "EGL_BAD_MATCH";
    case EGL_BAD_NATIVE_PIXMAP: return "EGL_BAD_NATIVE_PIXMAP";
    case EGL_BAD_NATIVE_WINDOW: return "EGL_BAD_NATIVE_WINDOW";
    case EGL_BAD_PARAMETER: return "EGL_BAD_PARAMETER";
    case EGL_BAD_SURFACE: return "EGL_BAD_SURFACE";
    case EGL_CONTEXT_LOST: return "EGL_CONTEXT_LOST";
    default: return "unknown EGL error";
    }
}

const char *gl_error_name(GLenum error)
{
    switch (error) {
    case GL_NO_ERROR: return "GL_NO_ERROR";
    case GL_INVALID_ENUM: return "GL_INVALID_ENUM";
    case GL_INVALID_VALUE: return "GL_INVALID_VALUE";
    case GL_INVALID_OPERATION: return "GL_INVALID_OPERATION";
    case GL_INVALID_FRAMEBUFFER_OPERATION: return "GL_INVALID_FRAMEBUFFER_OPERATION";
    case GL_OUT_OF_MEMORY: return "GL_OUT_OF_MEMORY";
    case GL_CONTEXT_LOST: return "GL_CONTEXT_LOST";
    default: return "unknown GL error";
    }
}

void gl_clear_errors()
{
    /* bounded: a lost context returns GL_CONTEXT_LOST forever */
    for (int i = 0; i < 16 && glGetError() != GL_NO_ERROR; i++) {
    }
}

int egl_display_version(EGLDisplay display)
{
    const char *version = display ? eglQueryString(display, EGL_VERSION) : nullptr;
    int major = 0, minor = 0;
    if (!version || sscanf(version, "%d.%d", &major, &minor) != 2) {
        return 0;
    }
    return 10 * major + minor;
}

GlCurrentGuard::GlCurrentGuard():
    api(eglQueryAPI()),
    display(eglGetCurrentDisplay()),
    context(eglGetCurrentContext()),
    draw(eglGetCurrentSurface(EGL_DRAW)),
    read(eglGetCurrentSurface(EGL_READ))
{
}

GlCurrentGuard::~GlCurrentGuard()
{
    /* eglGetCurrent*() refer to the thread's current API; GL and GLES count as the same */
    if (eglGetCurrentContext() != context ||
        eglGetCurrentSurface(EGL_DRAW) != draw || eglGetCurrentSurface(EGL_READ) != read) {
        if (context != EGL_NO_CONTEXT) {
            eglMakeCurrent(display, draw, read, context);
        } else {
            eglMakeCurrent(eglGetCurrentDisplay(), EGL_NO_SURFACE, EGL_NO_SURFACE,
                           EGL_NO_CONTEXT);
        }
    }
    if (eglQueryAPI() != api) {
        eglBindAPI(api);
    }
}

GlContext::GlContext(EGLDisplay display, EGLContext context):
    dpy(display),
    ctx(context)
{
}

std::unique_ptr<GlContext> GlContext::create(EGLDisplay display, int *error, std::string *why)
{
    auto fail = [error, why](int code, const std::string &text) {
        if (error) {
            *error = code;
        }
        if (why) {
            *why = text;
        }
        return std::unique_ptr<GlContext>();
    };

    if (display == EGL_NO_DISPLAY) {
        return fail(-EINVAL, "no EGLDisplay was given");
    }
    if (egl_display_version(display) == 0) {
        return fail(-EINVAL, "the EGLDisplay is not initialised: " +
                    egl_failure("eglQueryString"));
    }
    for (const char *needed : { "EGL_KHR_image_base", "EGL_KHR_surfaceless_context" }) {
        if (!epoxy_has_egl_extension(display, needed)) {
            return fail(-ENOTSUP, std::string("the EGLDisplay lacks ") + needed);
        }
    }

    GlCurrentGuard guard;
    if (!eglBindAPI(EGL_OPENGL_ES_API)) {
        return fail(-ENOTSUP, egl_failure("eglBindAPI(EGL_OPENGL_ES_API)"));
    }
    EGLConfig config;
    if (!choose_config(display, &config)) {
        return fail(-ENOTSUP, "the EGLDisplay has no config for OpenGL ES 3");
    }
    EGLContext handle = create_context(display, config);
    if (handle == EGL_NO_CONTEXT) {
        const EGLint code = eglGetError();
        /* EGL's errors if it does not support this version of the API */
        const bool unknown = code == EGL_BAD_MATCH || code == EGL_BAD_CONFIG ||
            code == EGL_BAD_ATTRIBUTE;
        return fail(unknown ? -ENOTSUP : -EIO,
                    std::string("eglCreateContext(OpenGL ES 3): ") + egl_error_name(code));
    }
    std::unique_ptr<GlContext> context(new GlContext(display, handle));
    if (!context->make_current()) {
        return fail(-EIO, egl_failure("eglMakeCurrent"));
    }
    if (epoxy_gl_version() < 30) {
        return fail(-ENOTSUP, "OpenGL ES 3 is not supported");
    }
    if (!epoxy_has_gl_extension("GL_OES_EGL_image")) {
        return fail(-ENOTSUP, "the OpenGL ES driver lacks GL_OES_EGL_image");
    }

    context->look_up_reset_status();
    const GLubyte *renderer = glGetString(GL_RENDERER);
    context->gl_renderer = renderer ? reinterpret_cast<const char *>(renderer) : "unknown";
    context->has_export = epoxy_has_egl_extension(display, "EGL_MESA_image_dma_buf_export");
    context->has_wait_sync = has_khr_fence(display) &&
        epoxy_has_egl_extension(display, "EGL_KHR_wait_sync") &&
        epoxy_has_gl_extension("GL_OES_EGL_sync");
    context->has_bgra = epoxy_has_gl_extension("GL_EXT_read_format_bgra");
    context->has_external = epoxy_has_gl_extension("GL_OES_EGL_image_external_essl3");
    if (error) {
        *error = 0;
    }
    return context;
}

GlContext::~GlContext()
{
    done_current();
    if (ctx != EGL_NO_CONTEXT) {
        eglDestroyContext(dpy, ctx);
    }
}

void GlContext::look_up_reset_status()
{
    reset_status = nullptr;
    if (epoxy_has_gl_extension("GL_KHR_robustness")) {
        egl_look_up(reset_status, "glGetGraphicsResetStatusKHR");
    } else if (epoxy_has_gl_extension("GL_EXT_robustness")) {
        egl_look_up(reset_status, "glGetGraphicsResetStatusEXT");
    }
}

const char *GlContext::lost() const
{
    switch (reset_status ? reset_status() : GL_NO_ERROR) {
    case GL_NO_ERROR: return nullptr;
    case GL_GUILTY_CONTEXT_RESET: return "GL_GUILTY_CONTEXT_RESET";
    case GL_INNOCENT_CONTEXT_RESET: return "GL_INNOCENT_CONTEXT_RESET";
    default: return "GL_UNKNOWN_CONTEXT_RESET";
    }
}

bool GlContext::rebuild(std::string *why)
{
    EGLConfig config;

    done_current();
    if (ctx != EGL_NO_CONTEXT) {
        eglDestroyContext(dpy, ctx);
        ctx = EGL_NO_CONTEXT;
    }
    if (!eglBindAPI(EGL_OPENGL_ES_API) || !choose_config(dpy, &config) ||
        (ctx = create_context(dpy, config)) == EGL_NO_CONTEXT) {
        *why = egl_failure("eglCreateContext(OpenGL ES 3)");
        return false;
    }
    if (!make_current()) {
        *why = egl_failure("eglMakeCurrent");
        return false;
    }
    look_up_reset_status();
    return true;
}

bool GlContext::make_current()
{
    if (ctx == EGL_NO_CONTEXT) {
        return false;
    }
    if (eglGetCurrentContext() == ctx) {
        return true;
    }
    return eglBindAPI(EGL_OPENGL_ES_API) &&
        eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, ctx);
}

void GlContext::done_current()
{
    if (ctx != EGL_NO_CONTEXT && eglGetCurrentContext() == ctx) {
        eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    }
}

GlFence GlFence::insert(EGLDisplay display)
{
    EGLSync fence = create_sync(display);
    if (fence == EGL_NO_SYNC) {
        glFinish();
        return {};
    }
    /* another thread cannot flush this context when it waits */
    glFlush();
    return { display, fence };
}

GlFence::~GlFence()
{
    if (sync != EGL_NO_SYNC) {
        destroy_sync(dpy, sync);
    }
}

GlFence::GlFence(GlFence &&other) noexcept:
    dpy(other.dpy),
    sync(other.release())
{
}

GlFence &GlFence::operator=(GlFence &&other) noexcept
{
    if (this != &other) {
        GlFence old(dpy, sync);
        dpy = other.dpy;
        sync = other.release();
    }
    return *this;
}

EGLSync GlFence::release()
{
    EGLSync fence = sync;
    sync = EGL_NO_SYNC;
    return fence;
}

bool GlFence::wait(uint64_t timeout_ns) const
{
    if (sync == EGL_NO_SYNC) {
        return true;
    }
    /* no EGL_SYNC_FLUSH_COMMANDS_BIT: it flushes the waiting thread's context, not the
     * one that the fence is in */
    if (has_khr_fence(dpy)) {
        return egl_calls().client_wait_sync_khr(dpy, sync, 0, timeout_ns) ==
            EGL_CONDITION_SATISFIED_KHR;
    }
    return has_core_fence(dpy) &&
        egl_calls().client_wait_sync(dpy, sync, 0, timeout_ns) == EGL_CONDITION_SATISFIED;
}

bool GlFence::wait_before_later_commands(const GlContext &context) const
{
    if (sync == EGL_NO_SYNC) {
        return true;
    }
    if (context.can_wait_on_gpu() && egl_calls().wait_sync_khr(dpy, sync, 0) == EGL_TRUE) {
        return true;
    }
    return wait(SERVER_WAIT_LIMIT_NS);
}

} // namespace red

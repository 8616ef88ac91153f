/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* spice-server's own, unshared GLES 3 context on an EGLDisplay that its caller owns. */
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <epoxy/egl.h>
#include <epoxy/gl.h>

namespace red {

/* "EGL_BAD_MATCH" and the like; never null */
const char *egl_error_name(EGLint error);
/* "GL_INVALID_OPERATION" and the like; never null */
const char *gl_error_name(GLenum error);
/* Discards the errors that earlier calls left in the current context */
void gl_clear_errors();
/* EGL_VERSION of an initialised display as 10 * major + minor; 0 on failure */
int egl_display_version(EGLDisplay display);

/* Saves what is current in the calling thread (API, context, surfaces), and restores it at the end
 * of its scope. */
class GlCurrentGuard
{
public:
    GlCurrentGuard();
    ~GlCurrentGuard();
    GlCurrentGuard(const GlCurrentGuard &) = delete;
    GlCurrentGuard &operator=(const GlCurrentGuard &) = delete;

private:
    EGLenum api;
    EGLDisplay display;
    EGLContext context;
    EGLSurface draw, read;
};

class GlContext
{
public:
    /* Any thread; its current context is preserved. On failure returns null, with a negative
     * errno as in spice_qxl_gl_init() in *error, and one sentence for a log in *why. */
    static std::unique_ptr<GlContext> create(EGLDisplay display, int *error, std::string *why);
    /* The context must be current in the calling thread, or in none. */
    ~GlContext();
    GlContext(const GlContext &) = delete;
    GlContext &operator=(const GlContext &) = delete;

    /* Makes the context current in the calling thread, and leaves it so. Cheap if it already is. */
    bool make_current();
    void done_current();

    /* How a GPU reset has affected the context, which must be current ("GL_GUILTY_CONTEXT_RESET"
     * and the like). Null: not at all, or the driver does not report it (GL_KHR_robustness,
     * GL_EXT_robustness). */
    const char *lost() const;
    /* Replaces the context with a new one, current in the calling thread. Objects of the old one
     * are gone. False, with the reason in *why: there is no context any more. */
    bool rebuild(std::string *why);

    EGLDisplay display() const { return dpy; }
    EGLContext handle() const { return ctx; }
    const std::string &renderer() const { return gl_renderer; }
    bool can_export() const { return has_export; }           /* EGL_MESA_image_dma_buf_export */
    bool can_wait_on_gpu() const { return has_wait_sync; }   /* EGL_KHR_wait_sync */
    bool can_read_bgra() const { return has_bgra; }          /* GL_EXT_read_format_bgra */
    bool can_sample_external() const { return has_external; } /* GL_OES_EGL_image_external_essl3 */

private:
    GlContext(EGLDisplay display, EGLContext context);
    void look_up_reset_status();

    EGLDisplay dpy;
    EGLContext ctx;
    std::string gl_renderer;
    PFNGLGETGRAPHICSRESETSTATUSKHRPROC reset_status = nullptr;
    bool has_export = false, has_wait_sync = false, has_bgra = false, has_external = false;
};

/* Owner of an EGLSync fence; an empty one counts as signalled. */
class GlFence
{
public:
    GlFence() = default;
    GlFence(EGLDisplay display, EGLSync fence): dpy(display), sync(fence) {}
    /* A fence after the commands issued so far in the current context; flushes them. If the
     * display has no fences, waits until they are done and returns an empty one. */
    static GlFence insert(EGLDisplay display);
    ~GlFence();
    GlFence(GlFence &&other) noexcept;
    GlFence &operator=(GlFence &&other) noexcept;

    explicit operator bool() const { return sync != EGL_NO_SYNC; }
    /* True if the fence is signalled within TIMEOUT_NS (0: only polls). */
    bool wait(uint64_t timeout_ns) const;
    /* Makes later commands of the current context wait for the fence: on the GPU if possible,
     * otherwise in this thread, for at most one second (false: timed out). */
    bool wait_before_later_commands(const GlContext &context) const;
    /* Hands the sync back to its former owner without destroying it */
    EGLSync release();

private:
    EGLDisplay dpy = EGL_NO_DISPLAY;
    EGLSync sync = EGL_NO_SYNC;
};

} // namespace red

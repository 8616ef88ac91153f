/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* EGL calls that are extensions of the display, or core since EGL 1.5.
 *
 * They do not go through libepoxy, which resolves such a call when it is first made, and aborts the
 * process if no context is current in that thread. Fences are destroyed and images exported in
 * whichever thread uses them last. */
#pragma once

#include <epoxy/egl.h>

namespace red {

/* A display's extension string and version say which of these it has. A pointer that is not null
 * says nothing: EGL returns stubs for calls that it does not know. */
struct EglCalls {
    PFNEGLCREATESYNCKHRPROC create_sync_khr;         /* EGL_KHR_fence_sync */
    PFNEGLDESTROYSYNCKHRPROC destroy_sync_khr;
    PFNEGLCLIENTWAITSYNCKHRPROC client_wait_sync_khr;
    PFNEGLWAITSYNCKHRPROC wait_sync_khr;             /* EGL_KHR_wait_sync */
    PFNEGLCREATESYNCPROC create_sync;                /* EGL 1.5 */
    PFNEGLDESTROYSYNCPROC destroy_sync;
    PFNEGLCLIENTWAITSYNCPROC client_wait_sync;
    PFNEGLEXPORTDMABUFIMAGEQUERYMESAPROC export_query; /* EGL_MESA_image_dma_buf_export */
    PFNEGLEXPORTDMABUFIMAGEMESAPROC export_image;
};

template <typename Call> void egl_look_up(Call &call, const char *name)
{
    call = reinterpret_cast<Call>(eglGetProcAddress(name));
}

/* Any thread */
inline const EglCalls &egl_calls()
{
    static const EglCalls calls = [] {
        EglCalls found;
        egl_look_up(found.create_sync_khr, "eglCreateSyncKHR");
        egl_look_up(found.destroy_sync_khr, "eglDestroySyncKHR");
        egl_look_up(found.client_wait_sync_khr, "eglClientWaitSyncKHR");
        egl_look_up(found.wait_sync_khr, "eglWaitSyncKHR");
        egl_look_up(found.create_sync, "eglCreateSync");
        egl_look_up(found.destroy_sync, "eglDestroySync");
        egl_look_up(found.client_wait_sync, "eglClientWaitSync");
        egl_look_up(found.export_query, "eglExportDMABUFImageQueryMESA");
        egl_look_up(found.export_image, "eglExportDMABUFImageMESA");
        return found;
    }();
    return calls;
}

} // namespace red

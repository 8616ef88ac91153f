/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The GPU that an EGLDisplay renders on, as a DRM render node, to find an encoder on the same GPU.
 * Needs EGL_EXT_device_query, and EGL_EXT_device_drm_render_node or EGL_EXT_device_drm. */
#pragma once

#include <string>

#include <sys/types.h>

#include <epoxy/egl.h>

namespace red {

struct GlRenderNode {
    std::string path; /* "/dev/dri/renderD128"; empty: there is none, see why */
    dev_t device = 0; /* device number of the node; 0: not a device file */
    std::string why;  /* why there is no render node; one sentence */

    explicit operator bool() const { return !path.empty(); }
    /* Is NODE, the path of a render node, a node of this GPU? Accesses the file system, so it must
     * be called while /dev/dri can be reached. */
    bool is(const std::string &node) const;
};

/* The GPU of an initialised display; software renderers have none. Needs no current context. */
GlRenderNode gl_render_node_of(EGLDisplay display);

/* The render node of the device that primary node PRIMARY ("/dev/dri/card0") belongs to; empty:
 * none. SYSFS: mount point of sysfs. */
std::string gl_render_node_beside(const std::string &primary, const std::string &sysfs = "/sys");

} // namespace red

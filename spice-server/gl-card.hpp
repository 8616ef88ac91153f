/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DRM card that an EGLDisplay renders on, so that an encoder on the same one can be found.
 * Needs EGL_EXT_device_query, and EGL_EXT_device_drm_render_node or EGL_EXT_device_drm. */
#pragma once

#include <string>

#include <sys/types.h>

#include <epoxy/egl.h>

namespace red {

struct GlCard {
    std::string render_node; /* "/dev/dri/renderD128"; empty: there is no card, see why */
    dev_t device = 0;        /* of the node; 0: not a device file */
    std::string why;         /* one sentence */

    explicit operator bool() const { return !render_node.empty(); }
    /* Is NODE, the path of a render node, this card's? Asks the file system: to be called
     * before /dev/dri may have become unreachable. */
    bool is(const std::string &node) const;
};

/* The card of an initialised display; software renderers have none. Needs no current context. */
GlCard gl_card_of(EGLDisplay display);

/* The render node beside a primary node ("/dev/dri/card0"); empty: none. SYSFS is where sysfs
 * is mounted. */
std::string gl_render_node_beside(const std::string &primary, const std::string &sysfs = "/sys");

} // namespace red

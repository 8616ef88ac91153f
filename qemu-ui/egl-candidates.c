/*
 * What EGL can be initialized on, best candidate first
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "ui/egl-candidates.h"

const char *egl_platform_str(EglPlatform platform)
{
    switch (platform) {
    case EGL_ON_GBM:
        return "gbm";
    case EGL_ON_DEVICE:
        return "device";
    case EGL_ON_SURFACELESS:
        return "surfaceless";
    }
    g_assert_not_reached();
}

static void add(GArray *list, const EglHost *host, EglCandidate candidate)
{
    const char *platform = egl_platform_str(candidate.platform);

    if (!host->platform || g_str_equal(host->platform, platform)) {
        g_array_append_val(list, candidate);
    }
}

static void add_device(GArray *list, const EglHost *host, unsigned i,
                       bool software)
{
    add(list, host, (EglCandidate) {
        .platform = EGL_ON_DEVICE,
        .node = host->devices[i].node,
        .device = i,
        .software = software,
    });
}

static void add_named(GArray *list, const EglHost *host)
{
    unsigned i;

    add(list, host, (EglCandidate) {
        .platform = EGL_ON_GBM, .node = host->rendernode,
    });
    for (i = 0; i < host->n_devices; i++) {
        if (host->devices[i].wanted) {
            add_device(list, host, i, false);
        }
    }
}

static void add_nodes(GArray *list, const EglHost *host, bool software)
{
    unsigned i;

    for (i = 0; host->nodes[i]; i++) {
        add(list, host, (EglCandidate) {
            .platform = EGL_ON_GBM,
            .node = host->nodes[i],
            .software = software,
        });
    }
}

static void add_devices(GArray *list, const EglHost *host, bool software)
{
    unsigned i;

    for (i = 0; i < host->n_devices; i++) {
        if (host->devices[i].software == software) {
            add_device(list, host, i, software);
        }
    }
}

GArray *egl_candidates(const EglHost *host)
{
    GArray *list = g_array_new(false, false, sizeof(EglCandidate));

    if (host->rendernode) {
        add_named(list, host);
        return list;
    }
    add_nodes(list, host, false);
    add_devices(list, host, false);

    /*
     * On a node without a driver Mesa's software renderer claims to import
     * dma-bufs, and crashes when it draws them.  "surfaceless" picks such a
     * node, too, if there is one.
     */
    if (host->nodes[0]) {
        add_devices(list, host, true);
    }
    add(list, host, (EglCandidate) {
        .platform = EGL_ON_SURFACELESS, .software = true,
    });
    if (!host->nodes[0]) {
        add_devices(list, host, true);
    }
    add_nodes(list, host, true);
    return list;
}

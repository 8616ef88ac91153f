/*
 * What EGL can be initialized on, best candidate first
 *
 * This makes no EGL calls: the caller passes in what the host has.
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_EGL_CANDIDATES_H
#define UI_EGL_CANDIDATES_H

typedef enum EglPlatform {
    EGL_ON_GBM,
    EGL_ON_DEVICE,
    EGL_ON_SURFACELESS,
} EglPlatform;

/* An EGL device (EGL_EXT_device_enumeration) */
typedef struct EglDeviceInfo {
    const char *node;           /* its DRM node, NULL if it has none */
    bool software;              /* EGL_MESA_device_software */
    bool wanted;                /* belongs to the node that the user named */
} EglDeviceInfo;

typedef struct EglHost {
    const char *rendernode;     /* the one the user named, or NULL */
    const char *platform;       /* the only one to try, NULL for any */
    const char *const *nodes;   /* all render nodes, NULL-terminated */
    const EglDeviceInfo *devices;
    unsigned n_devices;
} EglHost;

typedef struct EglCandidate {
    EglPlatform platform;
    const char *node;           /* EGL_ON_GBM: opened; others: may be NULL */
    unsigned device;            /* EGL_ON_DEVICE: index of the device */
    bool software;              /* accepted even if it renders in software */
} EglCandidate;

/* "gbm", "device" or "surfaceless" */
const char *egl_platform_str(EglPlatform platform);

/*
 * A node that the user named is used through GBM or through the EGL devices
 * that belong to it, but never for rendering in software.  Without a named node
 * the candidates are GBM on each node, then each hardware EGL device, then
 * whatever renders in software.
 *
 * Returns: an array of EglCandidate whose elements point into @host
 */
GArray *egl_candidates(const EglHost *host);

#endif /* UI_EGL_CANDIDATES_H */

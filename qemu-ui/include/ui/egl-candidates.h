/*
 * On what EGL can be initialized, best first
 *
 * No EGL is needed here: what there is comes as arguments.
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
    const char *node;           /* its DRM node, NULL: it has none */
    bool software;              /* EGL_MESA_device_software */
    bool wanted;                /* it belongs to the node that was named */
} EglDeviceInfo;

typedef struct EglHost {
    const char *rendernode;     /* that the user has named, or NULL */
    const char *platform;       /* the only one to be tried, or NULL: any */
    const char *const *nodes;   /* all render nodes there are, NULL at the end */
    const EglDeviceInfo *devices;
    unsigned n_devices;
} EglHost;

typedef struct EglCandidate {
    EglPlatform platform;
    const char *node;           /* EGL_ON_GBM: to be opened; others: or NULL */
    unsigned device;            /* EGL_ON_DEVICE: its index */
    bool software;              /* taken even if it renders in software */
} EglCandidate;

/* "gbm", "device" or "surfaceless" */
const char *egl_platform_str(EglPlatform platform);

/*
 * A named node is used through GBM or through the EGL devices that belong to
 * it, and not if that would be in software.  If none was named: GBM on each
 * node, each EGL device that is hardware, and then what renders in software.
 *
 * Returns: an array of EglCandidate, which refers to @host
 */
GArray *egl_candidates(const EglHost *host);

#endif /* UI_EGL_CANDIDATES_H */

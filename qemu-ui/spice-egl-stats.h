/*
 * query-spice: displays that scan out EGL images, and their clients
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef UI_SPICE_EGL_STATS_H
#define UI_SPICE_EGL_STATS_H

#include "qapi/qapi-types-ui.h"
#include "monitor/monitor.h"

/* One element per display that scans out EGL images; NULL if there is none */
SpiceDisplayList *qemu_spice_egl_query_displays(void);

/* QAPI's values for QXL_GL_PATH_* and SpiceVideoCodecType */
SpiceDisplayPath spice_egl_path_of(uint32_t path);
SpiceDisplayCodec spice_egl_codec_of(uint32_t codec);

/* Prints the displays of @info for HMP's "info spice" */
void hmp_info_spice_displays(Monitor *mon, const SpiceInfo *info);

#endif /* UI_SPICE_EGL_STATS_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Loads GStreamer while its files can be reached, and only those plugins that may be used.
 *
 * QEMU may change its root directory and its user after it has set up its displays; what has not
 * been loaded by then cannot be loaded any more. This should cost little as long as no video is
 * sent, so plugins are loaded by file name from where they are installed. GStreamer's registry is
 * neither read nor created: creating it loads all plugins that are installed, and into this very
 * process if a sandbox does not allow another one.
 */
#pragma once

#include <cstdint>

namespace red {

/* Starts GStreamer and loads the elements that software encoders for CODECS (bits: 1 <<
 * SpiceVideoCodecType) need, as far as they are installed. Does nothing in a build without
 * GStreamer. Any thread, like all functions here. */
void gl_codecs_load(uint32_t codecs);

/* Can GStreamer be used? Starts it if necessary. False if it cannot be started, or if memory
 * cannot be made executable: GStreamer would end the process once it needs that. */
bool gl_codecs_work();

/* Is there an element of this name? Loads it if necessary, and if it is one of those known here. */
bool gl_codecs_have(const char *element);

/* Loads GStreamer's VA plugin, which then examines all GPUs, and what its pipelines need */
void gl_codecs_load_va();

} // namespace red

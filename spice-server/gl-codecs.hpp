/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GStreamer, while its files can be reached and no more of it than may be used.
 *
 * QEMU may change its root directory and its user after it has set up its displays: what has not
 * been loaded by then cannot be. And where nobody has asked for a video yet, it should cost little:
 * plugins are loaded by name from where they are installed. GStreamer's registry is neither read
 * nor made. It is made by loading all plugins there are, into this very process where a sandbox
 * lets it start no other.
 */
#pragma once

#include <cstdint>

namespace red {

/* Starts GStreamer and loads the elements that software encoders of CODECS (bits: 1 <<
 * SpiceVideoCodecType) are made of, as far as they are installed. Does nothing in a build without
 * GStreamer. Any thread, as for all of these. */
void gl_codecs_load(uint32_t codecs);

/* Can they be used? Not where GStreamer cannot be started or, for one, memory cannot be made
 * executable: it ends the process when it needs that. Starts it if need be. */
bool gl_codecs_work();

/* Is there this element? Loads it if need be, and if it is one that is known here. */
bool gl_codecs_have(const char *element);

/* The elements of GStreamer's VA plugin, which is loaded for this: it looks at all cards when it is */
void gl_codecs_load_va();

} // namespace red

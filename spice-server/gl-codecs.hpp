/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GStreamer while its files can be reached. QEMU may change its root directory and its user after
 * it has set up its displays: what has not been loaded by then cannot be. */
#pragma once

namespace red {

/* Starts GStreamer and loads the elements that spice-server's software encoders are made of, as
 * far as they are installed. The first call does it, the others nothing. Does nothing in a build
 * without GStreamer. */
void gl_codecs_load();

/* Can they be used? Not where GStreamer cannot be started or, for one, memory cannot be made
 * executable: it ends the process when it needs that. Loads them if need be. */
bool gl_codecs_work();

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#ifndef GL_PLAYING_HPP_
#define GL_PLAYING_HPP_

namespace red {

/* Any thread: whether the server sends audio, to which clients then set their clocks. It is noted by
 * gl_hook_playing(). */
bool gl_playing();

} // namespace red

#endif /* GL_PLAYING_HPP_ */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Whether clients play audio, which drives their multimedia clocks. */
#include <config.h>

#include "gl-playing.hpp"

#include <atomic>

#include "gl-hooks.h"

namespace red {

/* Set by the main thread, read by displays' workers */
static std::atomic<bool> playing;

void gl_hook_playing(bool on)
{
    playing = on;
}

bool gl_playing()
{
    return playing;
}

} // namespace red

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboards and pointers: prints their events on the console. */
#pragma once

#include "console.hpp"

/* Starts a thread that prints "key CODE" for each key or button pressed and "pointer X Y", in the
 * device's units, for each position. CONSOLE must outlive it. Does nothing without such a device. */
void tell_of_input(Console &console);
/* Keys and buttons pressed so far */
unsigned keys_pressed();

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An init's tasks before there is a screen, and at the end. */
#pragma once

#include <string>

class Console;

/* Mounts /dev, /proc and /sys */
bool mount_system(std::string *why);
/* Loads the modules that /modules/order names, in that order */
bool load_modules(std::string *why);
/* Detaches the kernel's console from virtio-gpu and unloads it; load_modules() reverts that */
bool unload_driver(std::string *why);
/* To RAM; returns after the machine has been woken */
bool suspend_system(std::string *why);
/* The contents of a small file; empty if there is none */
std::string read_text(const char *path);
/* "reboot" or "poweroff"; returns only on failure */
void leave(const std::string &how);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For preloaded libraries that have a dlsym() of their own: libepoxy gets EGL's calls by dlsym()
 * from a handle, so they replace them there.
 *
 * It is called before the program starts, and with a sanitizer before its run-time library is ready:
 * until a name turns out to be one of the library's own, it must not call anything that a sanitizer
 * intercepts, such as strcmp(). For other names it must end in a jump, not in a call, since
 * dlsym(RTLD_NEXT) uses its return address, which must be in the caller: their meson.build
 * turns on the optimization that does this.
 */
#pragma once

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef void *(*dlsym_fn)(void *, const char *);

static inline bool is_named(const char *name, const char *wanted)
{
    size_t i = 0;

    while (name && name[i] && name[i] == wanted[i]) {
        i++;
    }
    return name && name[i] == wanted[i];
}

/* That of the next preloaded library, or else libc's */
static inline dlsym_fn real_dlsym(void)
{
    static dlsym_fn found;

    if (!found) {
        static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5" };
        dlsym_fn libc = NULL;

        for (size_t i = 0; !libc && i < sizeof(versions) / sizeof(versions[0]); i++) {
            libc = (dlsym_fn)dlvsym(RTLD_NEXT, "dlsym", versions[i]);
        }
        if (!libc) {
            fprintf(stderr, "a preloaded library finds no dlsym in this C library\n");
            abort();
        }
        /* dlvsym() does not find functions without a version, such as those of preloaded libraries */
        found = (dlsym_fn)libc(RTLD_NEXT, "dlsym");
    }
    return found;
}

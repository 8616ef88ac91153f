/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For preloaded libraries that replace calls of EGL and GL, however a program looks them up: access to
 * the real functions, and the code by which programs find the replacements. See dlsym.h.
 */
#pragma once

#include "dlsym.h"

#define EXPORT __attribute__((visibility("default")))

typedef void (*any_fn)(void);

typedef struct {
    const char *name;
    any_fn wrapper;
} Wrapper;

static any_fn egl(const char *name)
{
    static void *library;

    if (!library) {
        library = dlopen("libEGL.so.1", RTLD_LAZY | RTLD_LOCAL);
    }
    return (any_fn)real_dlsym()(library, name);
}

static any_fn gl(const char *name)
{
    return ((any_fn (*)(const char *))egl("eglGetProcAddress"))(name);
}

/* One of the wrappers, for "eglGetProcAddress" */
static any_fn get_proc_address(const char *name);

/* Use at the end of the library: programs that look up a function get its replacement in the array
 * WRAPPERS */
#define STEP_IN(WRAPPERS)                                                                          \
    static any_fn wrapper_of(const char *name)                                                     \
    {                                                                                              \
        for (size_t i = 0; i < sizeof(WRAPPERS) / sizeof((WRAPPERS)[0]); i++) {                    \
            if (is_named(name, (WRAPPERS)[i].name)) {                                              \
                return (WRAPPERS)[i].wrapper;                                                      \
            }                                                                                      \
        }                                                                                          \
        return NULL;                                                                               \
    }                                                                                              \
    static any_fn get_proc_address(const char *name)                                               \
    {                                                                                              \
        const any_fn wrapper = wrapper_of(name);                                                   \
        return wrapper ? wrapper : gl(name);                                                       \
    }                                                                                              \
    EXPORT any_fn eglGetProcAddress(const char *name)                                              \
    {                                                                                              \
        return get_proc_address(name);                                                             \
    }                                                                                              \
    EXPORT void *dlsym(void *handle, const char *name)                                             \
    {                                                                                              \
        if (__builtin_expect(wrapper_of(name) == NULL, 1)) {                                       \
            return real_dlsym()(handle, name);                                                     \
        }                                                                                          \
        return (void *)wrapper_of(name);                                                           \
    }

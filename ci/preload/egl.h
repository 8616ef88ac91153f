/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For preloaded libraries that step in for calls of EGL and GL, wherever a program gets them: the
 * libraries' own, and what makes programs find the replacements. See dlsym.h.
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

/* At the end of the library: programs that ask for a function get what WRAPPERS, an array, has in its
 * place */
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test double, for LD_PRELOAD in QEMU: a spice-server that loses an answer.
 *
 * $LOST_ANSWER_FILE names a file. If it exists when a draw's answer is due, the file is removed, and
 * the answer is not passed on; with "late" in the file, it is passed on just before the next draw's
 * answer.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <spice.h>

#include "../../preload/dlsym.h"

#define EXPORT __attribute__((visibility("default")))

/* The beginning of a draw's cookie, see QXLCookie in QEMU; other cookies are always passed on */
#define TYPE_GL_DRAW_DONE 3
static void (*real_complete)(QXLInstance *, uint64_t);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t kept;

/* Whether this answer is lost */
static bool lose(uint64_t cookie)
{
    const char *path = getenv("LOST_ANSWER_FILE");
    FILE *file = path ? fopen(path, "r") : NULL;
    char word[16] = "";

    if (!file) {
        return false;
    }
    if (fscanf(file, "%15s", word) == 1 && strcmp(word, "late") == 0) {
        kept = cookie;
    }
    fclose(file);
    unlink(path);
    return true;
}

static void complete(QXLInstance *qxl, uint64_t cookie)
{
    const int *type = (const int *)(uintptr_t)cookie;
    uint64_t late;

    if (*type != TYPE_GL_DRAW_DONE) {
        real_complete(qxl, cookie);
        return;
    }
    pthread_mutex_lock(&lock);
    late = kept;
    kept = 0;
    if (!late && lose(cookie)) {
        pthread_mutex_unlock(&lock);
        return;
    }
    pthread_mutex_unlock(&lock);
    if (late) {
        real_complete(qxl, late);
    }
    real_complete(qxl, cookie);
}

EXPORT int spice_server_add_interface(SpiceServer *server, SpiceBaseInstance *instance)
{
    static QXLInterface ours;
    typeof(spice_server_add_interface) *add = (typeof(add))real_dlsym()(RTLD_NEXT, __func__);

    if (strcmp(instance->sif->type, SPICE_INTERFACE_QXL) == 0) {
        ours = *SPICE_CONTAINEROF(instance->sif, QXLInterface, base);
        real_complete = ours.async_complete;
        ours.async_complete = complete;
        instance->sif = &ours.base;
    }
    return add(server, instance);
}

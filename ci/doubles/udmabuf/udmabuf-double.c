/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test double of the kernel's udmabuf driver, for LD_PRELOAD.
 *
 * Mesa's llvmpipe makes dma-bufs through /dev/udmabuf. Where the kernel has no such
 * driver this library answers for it: opening /dev/udmabuf gives a memfd that stands for
 * the device, and UDMABUF_CREATE on that gives a second fd of the caller's memfd, which
 * can be mapped, passed on and closed as a dma-buf can.
 *
 * If there is a real /dev/udmabuf or a render node, it does nothing, since tests must use those. This
 * is decided when it is loaded.
 *
 * Unlike the driver it knows neither offsets nor several memfds in one buffer
 * (EOPNOTSUPP), nor DMA_BUF_IOCTL_*.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/udmabuf.h>

#define EXPORT __attribute__((visibility("default")))

/* The driver's limits (module parameters size_limit_mb and list_limit) */
#define SIZE_LIMIT (UINT64_C(64) << 20)
#define LIST_LIMIT 1024

static const char device_path[] = "/dev/udmabuf";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool active;
static int device_fd = -1; /* under lock */
static struct stat device_id;
static bool announced;

static void look_around(void)
{
    char node[32];

    active = access(device_path, F_OK) != 0;
    for (int minor = 128; active && minor < 192; minor++) {
        snprintf(node, sizeof(node), "/dev/dri/renderD%d", minor);
        active = access(node, F_OK) != 0;
    }
}

static void __attribute__((constructor)) load(void)
{
    /* now, since the answer could differ after a chroot */
    pthread_once(&once, look_around);
}

static bool is_device_path(const char *path)
{
    return path && strcmp(path, device_path) == 0;
}

static bool is_device(int fd)
{
    struct stat st;
    bool same;

    if (fstat(fd, &st) != 0) {
        return false;
    }
    pthread_mutex_lock(&lock);
    same = device_id.st_ino != 0 && st.st_dev == device_id.st_dev && st.st_ino == device_id.st_ino;
    pthread_mutex_unlock(&lock);
    return same;
}

/* One memfd represents the device. It is recognised by its inode, not by the number of an fd, so
 * dup, close and fd passing need no bookkeeping. */
static int open_device(int flags)
{
    struct stat st;
    int fd;

    pthread_mutex_lock(&lock);
    /* programs that close all unknown fds close this one, too */
    if (device_fd < 0 || fstat(device_fd, &st) != 0 || st.st_dev != device_id.st_dev ||
        st.st_ino != device_id.st_ino) {
        device_fd = memfd_create("udmabuf-double", MFD_CLOEXEC);
        if (device_fd < 0 || fstat(device_fd, &device_id) != 0) {
            pthread_mutex_unlock(&lock);
            return -1;
        }
    }
    if (!announced) {
        announced = true;
        fprintf(stderr, "udmabuf-double: standing in for %s (a test double, no kernel driver)\n",
                device_path);
    }
    fd = fcntl(device_fd, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
    pthread_mutex_unlock(&lock);
    return fd;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* In the driver's order of checks, which matters if several things are wrong */
static int check_item(uint32_t memfd, uint64_t offset, uint64_t size)
{
    const uint64_t page_mask = (uint64_t)sysconf(_SC_PAGESIZE) - 1;
    struct stat st;
    int seals;

    if ((offset & page_mask) || (size & page_mask) || size == 0 || size > SIZE_LIMIT) {
        return EINVAL;
    }
    seals = fcntl((int)memfd, F_GET_SEALS);
    if (seals < 0 || fstat((int)memfd, &st) != 0) {
        return EBADF;
    }
    if (!(seals & F_SEAL_SHRINK) || (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))) {
        return EINVAL;
    }
    if (offset > (uint64_t)st.st_size || size > (uint64_t)st.st_size - offset) {
        return EINVAL;
    }
    return 0;
}

static int create(uint32_t memfd, uint32_t flags, uint64_t offset, uint64_t size)
{
    int error = check_item(memfd, offset, size);

    if (error) {
        return fail(error);
    }
    if (offset != 0) {
        return fail(EOPNOTSUPP);
    }
    return fcntl((int)memfd, flags & UDMABUF_FLAGS_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
}

static int create_list(const struct udmabuf_create_list *list)
{
    if (list->count == 0 || list->count > LIST_LIMIT) {
        return fail(EINVAL);
    }
    for (uint32_t i = 0; i < list->count; i++) {
        int error = check_item(list->list[i].memfd, list->list[i].offset, list->list[i].size);

        if (error) {
            return fail(error);
        }
    }
    if (list->count != 1) {
        return fail(EOPNOTSUPP);
    }
    return create(list->list[0].memfd, list->flags, list->list[0].offset, list->list[0].size);
}

static int device_ioctl(unsigned long request, const void *arg)
{
    if (request != UDMABUF_CREATE && request != UDMABUF_CREATE_LIST) {
        return fail(ENOTTY);
    }
    if (!arg) {
        return fail(EFAULT);
    }
    if (request == UDMABUF_CREATE_LIST) {
        return create_list(arg);
    }
    const struct udmabuf_create *item = arg;

    return create(item->memfd, item->flags, item->offset, item->size);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    static int (*next)(int, unsigned long, ...);
    va_list ap;
    void *arg;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    if (active && _IOC_TYPE(request) == 'u' && is_device(fd)) {
        return device_ioctl(request, arg);
    }
    if (!next) {
        next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    }
    return next(fd, request, arg);
}

static bool answers(const char *path)
{
    if (!is_device_path(path)) {
        return false;
    }
    pthread_once(&once, look_around);
    return active;
}

/* There is a mode only with flags that create a file */
#define MODE_ARGUMENT(flags, mode)                               \
    mode_t mode = 0;                                             \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { \
        va_list ap;                                              \
        va_start(ap, flags);                                     \
        mode = (mode_t)va_arg(ap, unsigned int);                 \
        va_end(ap);                                              \
    }

#define OPEN_VARIANT(name)                                                   \
    EXPORT int name(const char *path, int flags, ...)                        \
    {                                                                        \
        static int (*next)(const char *, int, ...);                          \
        MODE_ARGUMENT(flags, mode)                                           \
        if (answers(path)) {                                                 \
            return open_device(flags);                                       \
        }                                                                    \
        if (!next) {                                                         \
            next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        }                                                                    \
        return next(path, flags, mode);                                      \
    }

#define OPENAT_VARIANT(name)                                                      \
    EXPORT int name(int dir, const char *path, int flags, ...)                    \
    {                                                                             \
        static int (*next)(int, const char *, int, ...);                          \
        MODE_ARGUMENT(flags, mode)                                                \
        if (answers(path)) {                                                      \
            return open_device(flags);                                            \
        }                                                                         \
        if (!next) {                                                              \
            next = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        }                                                                         \
        return next(dir, path, flags, mode);                                      \
    }

/* _FORTIFY_SOURCE turns calls without a mode into these */
#define OPEN_2_VARIANT(name)                                            \
    int name(const char *path, int flags);                              \
    EXPORT int name(const char *path, int flags)                        \
    {                                                                   \
        static int (*next)(const char *, int);                          \
        if (answers(path)) {                                            \
            return open_device(flags);                                  \
        }                                                               \
        if (!next) {                                                    \
            next = (int (*)(const char *, int))dlsym(RTLD_NEXT, #name); \
        }                                                               \
        return next(path, flags);                                       \
    }

#define OPENAT_2_VARIANT(name)                                               \
    int name(int dir, const char *path, int flags);                          \
    EXPORT int name(int dir, const char *path, int flags)                    \
    {                                                                        \
        static int (*next)(int, const char *, int);                          \
        if (answers(path)) {                                                 \
            return open_device(flags);                                       \
        }                                                                    \
        if (!next) {                                                         \
            next = (int (*)(int, const char *, int))dlsym(RTLD_NEXT, #name); \
        }                                                                    \
        return next(dir, path, flags);                                       \
    }

OPEN_VARIANT(open)
OPEN_VARIANT(open64)
OPENAT_VARIANT(openat)
OPENAT_VARIANT(openat64)
OPEN_2_VARIANT(__open_2)
OPEN_2_VARIANT(__open64_2)
OPENAT_2_VARIANT(__openat_2)
OPENAT_2_VARIANT(__openat64_2)

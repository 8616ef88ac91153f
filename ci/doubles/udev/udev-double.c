/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TEST DOUBLE, to be preloaded: libudev reports one DRM card, which is Intel's. Programs that choose
 * encoders by that choose Intel's.
 */
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

struct udev;
struct udev_device;
struct udev_enumerate;
struct udev_list_entry;

/* There is one of each, of which nothing is known but its address */
static char context, device, enumerate, entry;

EXPORT struct udev *udev_new(void)
{
    return (struct udev *)&context;
}

EXPORT struct udev *udev_unref(struct udev *udev)
{
    (void)udev;
    return NULL;
}

EXPORT struct udev_enumerate *udev_enumerate_new(struct udev *udev)
{
    (void)udev;
    return (struct udev_enumerate *)&enumerate;
}

EXPORT struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *all)
{
    (void)all;
    return NULL;
}

EXPORT int udev_enumerate_add_match_subsystem(struct udev_enumerate *all, const char *subsystem)
{
    (void)all;
    (void)subsystem;
    return 0;
}

EXPORT int udev_enumerate_add_match_sysname(struct udev_enumerate *all, const char *name)
{
    (void)all;
    (void)name;
    return 0;
}

EXPORT int udev_enumerate_scan_devices(struct udev_enumerate *all)
{
    (void)all;
    return 0;
}

EXPORT struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *all)
{
    (void)all;
    return (struct udev_list_entry *)&entry;
}

EXPORT struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *before)
{
    (void)before;
    return NULL;
}

EXPORT const char *udev_list_entry_get_name(struct udev_list_entry *of)
{
    (void)of;
    return "/sys/class/drm/card0";
}

EXPORT struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path)
{
    (void)udev;
    (void)path;
    return (struct udev_device *)&device;
}

EXPORT struct udev_device *udev_device_get_parent_with_subsystem_devtype(struct udev_device *of,
                                                                         const char *subsystem,
                                                                         const char *type)
{
    (void)subsystem;
    (void)type;
    return of;
}

EXPORT const char *udev_device_get_sysattr_value(struct udev_device *of, const char *name)
{
    (void)of;
    (void)name;
    return "0x8086";
}

EXPORT struct udev_device *udev_device_unref(struct udev_device *of)
{
    (void)of;
    return NULL;
}

/*
 * Test double of a passed-through GPU: a display whose dma-bufs, one for the screen and one for the
 * pointer, come from another driver, as in hw/vfio/display.c. Machines that run tests have no such GPU.
 *
 * -device spicegl-planes[,backing-width=PIXELS…]; "primary" and "cursor" are files of pixels,
 * line by line and without gaps; setting one with qom-set shows another buffer, setting it to ""
 * shows none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/memfd.h"
#include "qapi/error.h"
#include "qom/object.h"
#include "hw/qdev-core.h"
#include "hw/qdev-properties.h"
#include "ui/console.h"
#include "ui/dmabuf.h"

#include <sys/ioctl.h>
#include <linux/udmabuf.h>

#define TYPE_PLANES "spicegl-planes"
OBJECT_DECLARE_SIMPLE_TYPE(Planes, PLANES)

typedef struct Plane {
    char *file;
    bool changed;               /* the file has changed since it was shown */
    QemuDmaBuf *shown;
} Plane;

struct Planes {
    DeviceState parent_obj;
    QemuConsole *con;
    Plane primary, cursor;
    uint32_t x, y, width, height;       /* the part of the buffer that is shown, pixels; 0: all of it */
    uint32_t backing_width, backing_height;
    uint32_t cursor_width, cursor_height;
    uint32_t stride;                    /* bytes; 0: as many as a line needs */
    char *fourcc;
    uint64_t modifier;
    bool y0_top;
    bool stray_damage;                  /* also reports changes far outside of the screen */
    uint32_t pointer_x, pointer_y;      /* of the cursor's first pixel */
    bool pointer_moved;
    bool has_hot_spot;
    uint32_t hot_x, hot_y;
};

/* One dma-buf of a file's pixels; -1 */
static int buffer_of(const char *file, uint32_t width, uint32_t height,
                     uint32_t *stride, Error **errp)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *pixels = NULL;
    struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC };
    gsize size = 0;
    uint32_t line, y;
    char *memory;
    int device, buffer;

    if (!g_file_get_contents(file, &pixels, &size, &error)) {
        error_setg(errp, "%s", error->message);
        return -1;
    }
    line = size / height;
    if (size % height || line % width) {
        error_setg(errp, "%s: %" G_GSIZE_FORMAT " bytes are not %ux%u pixels",
                   file, size, width, height);
        return -1;
    }
    *stride = MAX(*stride, ROUND_UP(line, 256));
    create.size = ROUND_UP((uint64_t)*stride * height, qemu_real_host_page_size());
    create.memfd = memfd_create("planes", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if ((int)create.memfd < 0 || ftruncate(create.memfd, create.size) ||
        fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK)) {
        error_setg_errno(errp, errno, "no memory of %llu bytes",
                         (unsigned long long)create.size);
        return -1;
    }
    memory = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED,
                  create.memfd, 0);
    for (y = 0; y < height; y++) {
        memcpy(memory + (size_t)y * *stride, pixels + (size_t)y * line, line);
    }
    munmap(memory, create.size);
    device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
    buffer = device < 0 ? -1 : ioctl(device, UDMABUF_CREATE, &create);
    if (buffer < 0) {
        error_setg_errno(errp, errno, "/dev/udmabuf");
    }
    if (device >= 0) {
        close(device);
    }
    close(create.memfd);
    return buffer;
}

static uint32_t fourcc_of(const char *name)
{
    return name[0] | name[1] << 8 | name[2] << 16 | (uint32_t)name[3] << 24;
}

static QemuDmaBuf *primary_of(Planes *p)
{
    uint32_t stride = p->stride;
    int fd = buffer_of(p->primary.file, p->backing_width, p->backing_height,
                       &stride, &error_abort);

    return qemu_dmabuf_new(p->width ?: p->backing_width,
                           p->height ?: p->backing_height, stride, p->x, p->y,
                           p->backing_width, p->backing_height,
                           fourcc_of(p->fourcc), p->modifier, fd, false,
                           p->y0_top);
}

static QemuDmaBuf *cursor_of(Planes *p)
{
    uint32_t stride = 0;
    int fd = buffer_of(p->cursor.file, p->cursor_width, p->cursor_height,
                       &stride, &error_abort);

    return qemu_dmabuf_new(p->cursor_width, p->cursor_height, stride, 0, 0,
                           p->cursor_width, p->cursor_height, fourcc_of("AR24"),
                           p->modifier, fd, false, false);
}

/* As vfio_display_free_one_dmabuf(): the descriptor goes before listeners are told */
static void let_go(Planes *p, QemuDmaBuf *dmabuf)
{
    if (dmabuf) {
        qemu_dmabuf_close(dmabuf);
        dpy_gl_release_dmabuf(p->con, dmabuf);
        qemu_dmabuf_free(dmabuf);
    }
}

static void update(void *opaque)
{
    Planes *p = opaque;
    QemuDmaBuf *last;

    if (p->primary.changed) {
        p->primary.changed = false;
        last = p->primary.shown;
        p->primary.shown = p->primary.file[0] ? primary_of(p) : NULL;
        if (p->primary.shown) {
            qemu_console_resize(p->con, qemu_dmabuf_get_width(p->primary.shown),
                                qemu_dmabuf_get_height(p->primary.shown));
            dpy_gl_scanout_dmabuf(p->con, p->primary.shown);
        } else {
            dpy_gl_scanout_disable(p->con);
        }
        let_go(p, last);
    }
    if (p->cursor.changed) {
        p->cursor.changed = false;
        last = p->cursor.shown;
        p->cursor.shown = p->cursor.file[0] ? cursor_of(p) : NULL;
        dpy_gl_cursor_dmabuf(p->con, p->cursor.shown,
                             p->cursor.shown && p->has_hot_spot,
                             p->hot_x, p->hot_y);
        let_go(p, last);
    }
    if (p->pointer_moved) {
        p->pointer_moved = false;
        dpy_gl_cursor_position(p->con, p->pointer_x, p->pointer_y);
    }
    if (p->primary.shown && p->stray_damage) {
        dpy_gl_update(p->con, 0x80000000, 0, 1, 1);
        dpy_gl_update(p->con, 0, UINT32_MAX, UINT32_MAX, 1);
    }
    if (p->primary.shown) {
        dpy_gl_update(p->con, 0, 0, qemu_dmabuf_get_width(p->primary.shown),
                      qemu_dmabuf_get_height(p->primary.shown));
    }
}

static int flags(void *opaque)
{
    return GRAPHIC_FLAGS_GL | GRAPHIC_FLAGS_DMABUF;
}

static const GraphicHwOps ops = {
    .get_flags = flags,
    .gfx_update = update,
};

static void realize(DeviceState *dev, Error **errp)
{
    Planes *p = PLANES(dev);

    if (!p->backing_width || !p->backing_height || !p->fourcc ||
        strlen(p->fourcc) != 4) {
        error_setg(errp, "backing-width, backing-height and a fourcc of four "
                   "letters are needed");
        return;
    }
    p->con = graphic_console_init(dev, 0, &ops, p);
}

/* ---- what may be changed while it is shown ---- */

static void set_plane(Plane *plane, const char *file)
{
    g_free(plane->file);
    plane->file = g_strdup(file);
    plane->changed = true;
}

static void set_primary(Object *obj, const char *file, Error **errp)
{
    set_plane(&PLANES(obj)->primary, file);
}

static void set_cursor(Object *obj, const char *file, Error **errp)
{
    set_plane(&PLANES(obj)->cursor, file);
}

/* "X,Y" */
static void set_pointer(Object *obj, const char *value, Error **errp)
{
    Planes *p = PLANES(obj);

    if (sscanf(value, "%u,%u", &p->pointer_x, &p->pointer_y) != 2) {
        error_setg(errp, "'%s' is no place: X,Y", value);
        return;
    }
    p->pointer_moved = true;
}

/* "X,Y", or "" for a cursor that has none */
static void set_hot_spot(Object *obj, const char *value, Error **errp)
{
    Planes *p = PLANES(obj);

    p->has_hot_spot = sscanf(value, "%u,%u", &p->hot_x, &p->hot_y) == 2;
    p->cursor.changed = p->cursor.file != NULL;
}

static const Property properties[] = {
    DEFINE_PROP_UINT32("x", Planes, x, 0),
    DEFINE_PROP_UINT32("y", Planes, y, 0),
    DEFINE_PROP_UINT32("width", Planes, width, 0),
    DEFINE_PROP_UINT32("height", Planes, height, 0),
    DEFINE_PROP_UINT32("backing-width", Planes, backing_width, 0),
    DEFINE_PROP_UINT32("backing-height", Planes, backing_height, 0),
    DEFINE_PROP_UINT32("cursor-width", Planes, cursor_width, 64),
    DEFINE_PROP_UINT32("cursor-height", Planes, cursor_height, 64),
    DEFINE_PROP_UINT32("stride", Planes, stride, 0),
    DEFINE_PROP_STRING("fourcc", Planes, fourcc),
    DEFINE_PROP_UINT64("modifier", Planes, modifier, 0),
    DEFINE_PROP_BOOL("y0-top", Planes, y0_top, false),
    DEFINE_PROP_BOOL("stray-damage", Planes, stray_damage, false),
};

static void class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = realize;
    dc->hotpluggable = false;
    device_class_set_props(dc, properties);
    object_class_property_add_str(klass, "primary", NULL, set_primary);
    object_class_property_add_str(klass, "cursor", NULL, set_cursor);
    object_class_property_add_str(klass, "pointer", NULL, set_pointer);
    object_class_property_add_str(klass, "hot-spot", NULL, set_hot_spot);
    set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
}

static const TypeInfo info = {
    .name = TYPE_PLANES,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(Planes),
    .class_init = class_init,
};

static void register_types(void)
{
    type_register_static(&info);
}

type_init(register_types)

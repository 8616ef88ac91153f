/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kms.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "texture.hpp"

static constexpr uint32_t CURSOR_SIDE = 64;

/* libdrm's calls return -errno, or -1 with errno set */
static void check(int result, const char *call)
{
    if (result < 0) {
        throw std::runtime_error(std::string(call) + ": " +
                                 strerror(result == -1 ? errno : -result));
    }
}

Card::Card(int timeout_ms)
{
    /* The node appears a moment after the module's init function has returned */
    for (int waited = 0; (card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC)) < 0; waited += 10) {
        if (waited >= timeout_ms) {
            throw std::runtime_error(std::string("/dev/dri/card0: ") + strerror(errno));
        }
        usleep(10000);
    }
    drmModeRes *resources = drmModeGetResources(card);
    if (!resources) {
        throw std::runtime_error(std::string("drmModeGetResources: ") + strerror(errno));
    }
    /* virtio-gpu: connector i belongs to CRTC i. Heads the host has not enabled count as
     * disconnected, and take a mode all the same. */
    const int count = std::min(resources->count_connectors, resources->count_crtcs);
    for (int i = 0; i < count; i++) {
        outs.push_back({resources->connectors[i], resources->crtcs[i]});
    }
    drmModeFreeResources(resources);
}

Card::~Card()
{
    close(card);
}

/* Makes a dumb buffer of 32 bits a pixel and maps it */
static void *make_dumb(int card, uint32_t width, uint32_t height, uint32_t *handle,
                       uint32_t *pitch, size_t *length)
{
    struct drm_mode_create_dumb create = {};
    create.width = width;
    create.height = height;
    create.bpp = 32;
    check(drmIoctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create), "MODE_CREATE_DUMB");
    *handle = create.handle;
    *pitch = create.pitch;
    *length = create.size;
    struct drm_mode_map_dumb map = {};
    map.handle = create.handle;
    check(drmIoctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map), "MODE_MAP_DUMB");
    void *memory = mmap(nullptr, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, card, map.offset);
    if (memory == MAP_FAILED) {
        throw std::runtime_error(std::string("mmap of a dumb buffer: ") + strerror(errno));
    }
    return memory;
}

static void destroy_dumb(int card, uint32_t handle)
{
    struct drm_mode_destroy_dumb destroy = {};
    destroy.handle = handle;
    drmIoctl(card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
}

Buffer::Buffer(const Card &owner, Memory memory, uint32_t width, uint32_t height):
    card(owner.fd()), memory(memory)
{
    all.width = width;
    all.height = height;
    all.data = static_cast<uint8_t *>(
        memory == Memory::Dumb
            ? make_dumb(card, width, height, &handle, &all.stride, &length)
            : make_texture(card, TextureFor::Scanout, width, height, memory == Memory::TextureUp,
                           &handle, &all.stride, &length));
    check(drmModeAddFB(card, width, height, 24, 32, all.stride, handle, &fb), "drmModeAddFB");
}

Buffer::~Buffer()
{
    drmModeRmFB(card, fb);
    munmap(all.data, length);
    if (memory == Memory::Dumb) {
        destroy_dumb(card, handle);
    } else {
        drmCloseBufferHandle(card, handle);
    }
}

Canvas Buffer::part(const Rect &rect) const
{
    Canvas canvas = all;
    canvas.data += size_t{rect.y} * all.stride + size_t{rect.x} * 4;
    canvas.width = rect.w;
    canvas.height = rect.h;
    return canvas;
}

void Buffer::drawn(const Rect &rect) const
{
    if (memory != Memory::Dumb) {
        send_texture(card, handle, all.stride, rect);
    }
}

/* Timings do not matter to a virtual screen, but the kernel checks their order. */
static drmModeModeInfo make_mode(uint32_t width, uint32_t height)
{
    drmModeModeInfo mode = {};
    mode.hdisplay = width;
    mode.hsync_start = width + 8;
    mode.hsync_end = width + 16;
    mode.htotal = width + 32;
    mode.vdisplay = height;
    mode.vsync_start = height + 2;
    mode.vsync_end = height + 4;
    mode.vtotal = height + 8;
    mode.vrefresh = 60;
    mode.clock = mode.htotal * mode.vtotal * 60 / 1000;
    mode.type = DRM_MODE_TYPE_USERDEF;
    snprintf(mode.name, sizeof(mode.name), "%ux%u", width, height);
    return mode;
}

void set_mode(const Card &card, const Card::Output &output, const Buffer &buffer,
              const Rect &part)
{
    drmModeModeInfo mode = make_mode(part.w, part.h);
    uint32_t connector = output.connector;
    check(drmModeSetCrtc(card.fd(), output.crtc, buffer.framebuffer(), part.x, part.y, &connector,
                         1, &mode),
          "drmModeSetCrtc");
}

void disable(const Card &card, const Card::Output &output)
{
    check(drmModeSetCrtc(card.fd(), output.crtc, 0, 0, 0, nullptr, 0, nullptr),
          "drmModeSetCrtc(off)");
}

void set_dpms(const Card &card, const Card::Output &output, bool on)
{
    drmModeConnector *connector = drmModeGetConnectorCurrent(card.fd(), output.connector);
    int result = -ENOENT;
    for (int i = 0; connector && i < connector->count_props; i++) {
        drmModePropertyRes *property = drmModeGetProperty(card.fd(), connector->props[i]);
        if (property && strcmp(property->name, "DPMS") == 0) {
            result = drmModeConnectorSetProperty(card.fd(), output.connector, property->prop_id,
                                                 on ? DRM_MODE_DPMS_ON : DRM_MODE_DPMS_OFF);
        }
        drmModeFreeProperty(property);
    }
    drmModeFreeConnector(connector);
    check(result, "DPMS");
}

std::string preferred_mode(const Card &card, const Card::Output &output)
{
    /* Not ...Current(): this makes the kernel read the EDID again */
    drmModeConnector *connector = drmModeGetConnector(card.fd(), output.connector);
    std::string text = "none";
    for (int i = 0; connector && i < connector->count_modes; i++) {
        const drmModeModeInfo &mode = connector->modes[i];
        if (mode.type & DRM_MODE_TYPE_PREFERRED) {
            text = std::to_string(mode.hdisplay) + "x" + std::to_string(mode.vdisplay) + "@" +
                std::to_string(mode.vrefresh);
            break;
        }
    }
    drmModeFreeConnector(connector);
    return text;
}

void flip(const Card &card, const Card::Output &output, const Buffer &buffer, uintptr_t tag)
{
    check(drmModePageFlip(card.fd(), output.crtc, buffer.framebuffer(), DRM_MODE_PAGE_FLIP_EVENT,
                          reinterpret_cast<void *>(tag)),
          "drmModePageFlip");
}

std::vector<uintptr_t> read_flips(const Card &card)
{
    alignas(8) char bytes[1024];
    std::vector<uintptr_t> tags;
    const ssize_t got = read(card.fd(), bytes, sizeof(bytes));
    for (ssize_t at = 0; at + ssize_t(sizeof(drm_event)) <= got;) {
        const auto *event = reinterpret_cast<const drm_event *>(bytes + at);
        if (event->type == DRM_EVENT_FLIP_COMPLETE) {
            tags.push_back(reinterpret_cast<const drm_event_vblank *>(event)->user_data);
        }
        at += event->length;
    }
    return tags;
}

void mark_dirty(const Card &card, const Buffer &buffer, const Rect &rect)
{
    drmModeClip clip = {};
    clip.x1 = rect.x;
    clip.y1 = rect.y;
    clip.x2 = rect.x + rect.w;
    clip.y2 = rect.y + rect.h;
    check(drmModeDirtyFB(card.fd(), buffer.framebuffer(), &clip, 1), "drmModeDirtyFB");
}

Cursor::Cursor(const Card &owner, bool small, Memory memory_): card(owner.fd()), kind(memory_)
{
    const uint32_t lines = small ? 24 : 48, colour = small ? 0xff00ffff : 0xffff00ff;
    uint32_t pitch = 0;
    memory = kind == Memory::Dumb
        ? make_dumb(card, CURSOR_SIDE, CURSOR_SIDE, &handle, &pitch, &length)
        : make_texture(card, TextureFor::Cursor, CURSOR_SIDE, CURSOR_SIDE, kind == Memory::TextureUp,
                       &handle, &pitch, &length);
    for (uint32_t y = 0; y < CURSOR_SIDE; y++) {
        auto *line = reinterpret_cast<uint32_t *>(static_cast<uint8_t *>(memory) + y * pitch);
        for (uint32_t x = 0; x < CURSOR_SIDE; x++) {
            line[x] = x <= y && y < lines ? colour : 0;
        }
    }
    if (kind != Memory::Dumb) {
        send_texture(card, handle, pitch, { 0, 0, CURSOR_SIDE, CURSOR_SIDE });
    }
}

Cursor::~Cursor()
{
    munmap(memory, length);
    if (kind == Memory::Dumb) {
        destroy_dumb(card, handle);
    } else {
        drmCloseBufferHandle(card, handle);
    }
}

void Cursor::show(const Card::Output &output, int x, int y)
{
    check(drmModeSetCursor2(card, output.crtc, handle, CURSOR_SIDE, CURSOR_SIDE, 3, 5),
          "drmModeSetCursor2");
    move(output, x, y);
}

void Cursor::move(const Card::Output &output, int x, int y)
{
    check(drmModeMoveCursor(card, output.crtc, x, y), "drmModeMoveCursor");
}

void Cursor::hide(const Card &card, const Card::Output &output)
{
    check(drmModeSetCursor(card.fd(), output.crtc, 0, 0, 0), "drmModeSetCursor(off)");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "texture.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <virtgpu_drm.h>
#include <xf86drm.h>

/* From the virgl protocol, whose header is Mesa's and virglrenderer's own */
static constexpr uint32_t TARGET_TEXTURE_2D = 2;
static constexpr uint32_t FORMAT_B8G8R8A8_UNORM = 1, FORMAT_B8G8R8X8_UNORM = 2;
static constexpr uint32_t BIND_RENDER_TARGET = 1 << 1, BIND_SAMPLER_VIEW = 1 << 3,
                          BIND_CURSOR = 1 << 16, BIND_SCANOUT = 1 << 18;
static constexpr uint32_t RESOURCE_Y_0_TOP = 1;

static void request(int card, unsigned long number, void *argument, const char *name)
{
    if (drmIoctl(card, number, argument) != 0) {
        throw std::runtime_error(std::string(name) + ": " + strerror(errno));
    }
}

void *make_texture(int card, TextureFor what, uint32_t width, uint32_t height, bool upwards,
                   uint32_t *handle, uint32_t *pitch, size_t *length)
{
    const bool cursor = what == TextureFor::Cursor;
    struct drm_virtgpu_resource_create create = {};
    create.target = TARGET_TEXTURE_2D;
    create.format = cursor ? FORMAT_B8G8R8A8_UNORM : FORMAT_B8G8R8X8_UNORM;
    create.bind = BIND_RENDER_TARGET | BIND_SAMPLER_VIEW | (cursor ? BIND_CURSOR : BIND_SCANOUT);
    create.width = width;
    create.height = height;
    create.depth = create.array_size = 1;
    create.flags = upwards ? RESOURCE_Y_0_TOP : 0;
    create.size = (width * height * 4 + 4095) & ~4095u;
    request(card, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create, "VIRTGPU_RESOURCE_CREATE");
    *handle = create.bo_handle;
    *pitch = width * 4;
    *length = create.size;
    struct drm_virtgpu_map map = {};
    map.handle = create.bo_handle;
    request(card, DRM_IOCTL_VIRTGPU_MAP, &map, "VIRTGPU_MAP");
    void *memory = mmap(nullptr, *length, PROT_READ | PROT_WRITE, MAP_SHARED, card, map.offset);
    if (memory == MAP_FAILED) {
        throw std::runtime_error(std::string("mmap of a texture: ") + strerror(errno));
    }
    return memory;
}

void send_texture(int card, uint32_t handle, uint32_t pitch, const Rect &rect)
{
    struct drm_virtgpu_3d_transfer_to_host transfer = {};
    transfer.bo_handle = handle;
    transfer.box.x = rect.x;
    transfer.box.y = rect.y;
    transfer.box.w = rect.w;
    transfer.box.h = rect.h;
    transfer.box.d = 1;
    transfer.offset = rect.y * pitch + rect.x * 4;
    request(card, DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, &transfer, "VIRTGPU_TRANSFER_TO_HOST");
}

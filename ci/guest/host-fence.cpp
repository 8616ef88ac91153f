/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-fence.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <virtgpu_drm.h>
#include <xf86drm.h>

static void call(int card, unsigned long request, void *argument, const char *name)
{
    if (drmIoctl(card, request, argument) != 0) {
        throw std::runtime_error(std::string(name) + ": " + strerror(errno));
    }
}

std::unique_ptr<HostFence> HostFence::make(const Card &card)
{
    int virgl = 0;
    struct drm_virtgpu_getparam param = {};
    param.param = VIRTGPU_PARAM_3D_FEATURES;
    param.value = reinterpret_cast<uintptr_t>(&virgl);
    /* fails if the device is not a virtio-gpu */
    if (drmIoctl(card.fd(), DRM_IOCTL_VIRTGPU_GETPARAM, &param) != 0 || !virgl) {
        return nullptr;
    }
    return std::unique_ptr<HostFence>(new HostFence(card));
}

HostFence::HostFence(const Card &owner): card(owner.fd())
{
    struct drm_mode_create_dumb create = {};
    create.width = create.height = 16;
    create.bpp = 32;
    call(card, DRM_IOCTL_MODE_CREATE_DUMB, &create, "MODE_CREATE_DUMB");
    handle = create.handle;
}

HostFence::~HostFence()
{
    struct drm_mode_destroy_dumb destroy = {};
    destroy.handle = handle;
    drmIoctl(card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
}

void HostFence::wait()
{
    /* The smallest command with a fence that needs no driver in userspace */
    struct drm_virtgpu_3d_transfer_to_host transfer = {};
    transfer.bo_handle = handle;
    transfer.box.w = transfer.box.h = transfer.box.d = 1;
    call(card, DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, &transfer, "VIRTGPU_TRANSFER_TO_HOST");
    struct drm_virtgpu_3d_wait wait = {};
    wait.handle = handle;
    /* The kernel stops waiting after 15 seconds, but this must also wait for a host that is stuck */
    while (drmIoctl(card, DRM_IOCTL_VIRTGPU_WAIT, &wait) != 0) {
        if (errno != EBUSY) {
            throw std::runtime_error(std::string("VIRTGPU_WAIT: ") + strerror(errno));
        }
    }
}

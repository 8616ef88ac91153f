/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells when the host has got as far as this guest. Page flips alone do not: virtio-gpu
 * reports them as done when they are in its queue, which has room for a second's worth. */
#pragma once

#include <cstdint>
#include <memory>

#include "kms.hpp"

class HostFence
{
public:
    /* None where the device has no virgl: others do not answer in order of their queue */
    static std::unique_ptr<HostFence> make(const Card &card);
    ~HostFence();
    HostFence(const HostFence &) = delete;
    HostFence &operator=(const HostFence &) = delete;

    /* Returns when the host has done all that was asked of it before, its display's
     * waits included */
    void wait();

private:
    explicit HostFence(const Card &card);

    int card;
    uint32_t handle = 0;
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits until the host has caught up with this guest. Page flips do not show that: virtio-gpu
 * reports them as done when they are in its queue, which has room for those of a second. */
#pragma once

#include <cstdint>
#include <memory>

#include "kms.hpp"

class HostFence
{
public:
    /* Null if the device has no virgl: others do not answer in the order of their queue */
    static std::unique_ptr<HostFence> make(const Card &card);
    ~HostFence();
    HostFence(const HostFence &) = delete;
    HostFence &operator=(const HostFence &) = delete;

    /* Returns when the host has completed all earlier commands, including its waits for the
     * display */
    void wait();

private:
    explicit HostFence(const Card &card);

    int card;
    uint32_t handle = 0;
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.hpp"

#include <atomic>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

static std::atomic<unsigned> pressed{0};

unsigned keys_pressed()
{
    return pressed;
}

static void tell(Console &console, const input_event &event)
{
    static int x = 0, y = 0;
    static bool moved = false;
    if (event.type == EV_KEY && event.value == 1) {
        pressed++;
        console.say("key %d", event.code);
    } else if (event.type == EV_ABS && (event.code == ABS_X || event.code == ABS_Y)) {
        (event.code == ABS_X ? x : y) = event.value;
        moved = true;
    } else if (event.type == EV_SYN && moved) {
        console.say("pointer %d %d", x, y);
        moved = false;
    }
}

static void read_devices(Console &console, std::vector<pollfd> devices)
{
    while (poll(devices.data(), devices.size(), -1) > 0) {
        for (auto &device : devices) {
            /* Whole packets, up to an EV_SYN: one device's does not end another's */
            input_event events[64];
            if (!device.revents) {
                continue;
            }
            const ssize_t got = read(device.fd, events, sizeof(events));
            for (ssize_t i = 0; i < got / ssize_t(sizeof(events[0])); i++) {
                tell(console, events[i]);
            }
            if (got <= 0) {
                device.fd = -1; /* poll() ignores it */
            }
        }
    }
}

void tell_of_input(Console &console)
{
    std::vector<pollfd> devices;
    for (int i = 0; i < 16; i++) {
        const auto path = "/dev/input/event" + std::to_string(i);
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            devices.push_back({fd, POLLIN, 0});
        }
    }
    if (!devices.empty()) {
        std::thread(read_devices, std::ref(console), devices).detach();
    }
}

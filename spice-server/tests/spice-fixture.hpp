/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A SpiceServer with one QXL instance, as QEMU makes it, with no client connected. */
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <spice.h>

#include "gl-fixture.hpp"

/* A core interface on GLib's default main context; one for the whole process */
SpiceCoreInterface *glib_core();

/* Channels that it has been told of and that have not ended, of all servers */
int channels_connected();

/* A QXL instance without a device behind it: what virtio-gpu is to spice-server */
class Display
{
public:
    explicit Display(int id);
    Display(const Display &) = delete;
    Display &operator=(const Display &) = delete;

    QXLInstance *qxl() { return &device.instance; }
    /* The cookies passed to async_complete() so far, and the threads that called it */
    std::vector<uint64_t> completed();
    bool completed_in(std::thread::id thread);
    /* False after ten seconds without */
    bool wait_for_completion(uint64_t cookie);
    /* Blocks the worker's thread in a call to the device for as long as the object lives */
    class HeldWorker
    {
    public:
        explicit HeldWorker(Display &display);
        ~HeldWorker();
        HeldWorker(const HeldWorker &) = delete;
        HeldWorker &operator=(const HeldWorker &) = delete;

    private:
        Display &display;
    };

private:
    struct Device {
        QXLInstance instance; /* first: callbacks get its address */
        Display *display;
    };
    static const QXLInterface interface;
    static void async_complete(QXLInstance *qxl, uint64_t cookie);
    static int get_command(QXLInstance *qxl, QXLCommandExt *command);

    Device device = {};
    std::mutex lock;
    std::condition_variable changed;
    std::vector<uint64_t> cookies;
    std::thread::id last_thread;
    bool hold = false, held = false;
};

/* Textures of a drawing context, lent to spice-server; counts what comes back */
class LentImage
{
public:
    LentImage(const Drawer &drawer, uint64_t id, uint32_t width, uint32_t height);

    QXLGLScanout scanout();
    int released() const { return times_released; }
    EGLImage image() const { return texture.image; }
    /* One colour all over; does not wait for it */
    void fill(Color color) { texture.fill(color); }
    /* Nothing that can be compressed; the same for a SEED. Waits for it. */
    void fill_with_noise(uint32_t seed);

private:
    static void release(QXLInstance *qxl, void *egl_image, void *opaque);

    uint64_t id;
    TextureImage texture;
    std::atomic<int> times_released { 0 };
};

class SpiceTest: public testing::Test
{
protected:
    void SetUp() override;
    void TearDown() override;
    /* The instance is ready for scanouts */
    void init();
    QXLGLStats stats();
    /* A new image, which lives as long as the server */
    LentImage &lend(uint64_t id, uint32_t width = 64, uint32_t height = 48);

    EGLDisplay display = EGL_NO_DISPLAY;
    std::unique_ptr<Drawer> drawer;
    SpiceServer *server = nullptr;
    std::unique_ptr<Display> head;
    QXLInstance *qxl = nullptr;
    std::vector<std::unique_ptr<LentImage>> lent;
};

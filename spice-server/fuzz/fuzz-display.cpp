/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "fuzz-display.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <glib.h>

#include "raw-client.hpp"

void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "ERROR: not as promised: %s\n", what);
        abort();
    }
}

static Drawer &drawer()
{
    static Drawer *made = [] {
        /* messages about hostile input are not findings; fatal ones still end the process */
        g_log_set_default_handler([](const char *, GLogLevelFlags, const char *, void *) {},
                                  nullptr);
        require(test_display() != EGL_NO_DISPLAY, "EGL_PLATFORM_SURFACELESS_MESA works here");
        return new Drawer;
    }();
    return *made;
}

FuzzDisplay::FuzzDisplay(bool gl)
{
    drawer().make_current();
    for (uint32_t i = 0; i < 6; i++) {
        textures.push_back(std::make_unique<TextureImage>(drawer(), 16 + i * 40, 16 + i % 3 * 30));
    }
    server = spice_server_new();
    spice_server_set_noauth(server);
    require(spice_server_init(server, glib_core()) == 0, "a server");
    head = std::make_unique<Display>(0);
    qxl = head->qxl();
    require(spice_server_add_interface(server, &qxl->base) == 0, "a QXL instance");
    spice_server_vm_start(server);
    require(!gl || spice_qxl_gl_init(qxl, test_display()) == 0, "a GL display");
}

FuzzDisplay::~FuzzDisplay()
{
    spice_server_destroy(server);
    drawer().make_current();
    textures.clear();
}

void FuzzDisplay::give_back(QXLInstance *, void *egl_image, void *opaque)
{
    auto lease = static_cast<Lease *>(opaque);
    require(egl_image == lease->texture->image, "an image comes back with its own id");
    require(++lease->released == 1, "an image comes back once");
}

FuzzDisplay::Lease &FuzzDisplay::lease(FuzzedDataProvider &data)
{
    if (!leases.empty() && data.ConsumeBool()) {
        auto known = std::next(leases.begin(),
                               data.ConsumeIntegralInRange<size_t>(0, leases.size() - 1));
        if (!known->given_up) {
            return *known;
        }
    }
    leases.emplace_back();
    Lease &made = leases.back();
    made.id = ++last_id;
    made.texture = textures[data.ConsumeIntegralInRange<size_t>(0, textures.size() - 1)].get();
    return made;
}

static uint32_t any_number(FuzzedDataProvider &data)
{
    static const uint32_t odd[] = { 0, 1, 15, 32768, 32769, 65536, INT32_MAX, UINT32_MAX };
    return data.ConsumeBool() ? data.PickValueInArray(odd) : data.ConsumeIntegral<uint32_t>();
}

int FuzzDisplay::scanout(FuzzedDataProvider &data, bool sane)
{
    if (data.ConsumeIntegralInRange<int>(0, 9) == 0) {
        return spice_qxl_gl_scanout_texture(qxl, nullptr);
    }
    Lease &image = lease(data);
    QXLGLScanout s = {};
    s.size = sizeof(s);
    s.flags = data.ConsumeBool() ? QXL_GL_SCANOUT_Y0TOP : 0;
    s.image_id = image.id;
    s.egl_image = image.texture->image;
    s.backing_width = image.texture->width;
    s.backing_height = image.texture->height;
    s.x = data.ConsumeIntegralInRange<uint32_t>(0, 15);
    s.y = data.ConsumeIntegralInRange<uint32_t>(0, 15);
    s.width = data.ConsumeIntegralInRange<uint32_t>(1, s.backing_width - s.x);
    s.height = data.ConsumeIntegralInRange<uint32_t>(1, s.backing_height - s.y);
    s.release = give_back;
    s.opaque = &image;
    if (!sane) {
        uint32_t *const fields[] = { &s.size, &s.flags, &s.backing_width, &s.backing_height,
                                     &s.x, &s.y, &s.width, &s.height };
        *data.PickValueInArray(fields) = any_number(data);
    }
    const int error = spice_qxl_gl_scanout_texture(qxl, &s);
    require(error == 0 || error == -EINVAL || error == -ENOTSUP || error == -ENOSPC,
            "scanout's errors are those that it says");
    image.accepted |= error == 0;
    return error;
}

/* A good fence, none, one that is dead, or something that never was one */
EGLSync FuzzDisplay::fence(FuzzedDataProvider &data)
{
    const int kind = data.ConsumeIntegralInRange<int>(0, 7);
    if (kind == 0) {
        return EGL_NO_SYNC;
    }
    if (kind == 1) {
        return reinterpret_cast<EGLSync>(0x1234);
    }
    EGLSync sync = eglCreateSyncKHR(test_display(), EGL_SYNC_FENCE_KHR, nullptr);
    glFlush();
    if (kind == 2) {
        eglDestroySyncKHR(test_display(), sync);
    }
    return sync;
}

int FuzzDisplay::draw(FuzzedDataProvider &data)
{
    EGLSync sync = fence(data);
    const uint32_t x = any_number(data), y = any_number(data);
    const uint32_t w = any_number(data), h = any_number(data);
    const int error = spice_qxl_gl_draw_fence_async(qxl, x, y, w, h, sync, ++last_cookie);
    require(error == 0 || error == -ENOENT || error == -EBUSY || error == -ENOTSUP,
            "a draw's errors are those that it says");
    if (error && sync) {
        eglDestroySyncKHR(test_display(), sync);
    }
    draws += error == 0;
    return error;
}

void FuzzDisplay::release(FuzzedDataProvider &data)
{
    const uint64_t id = leases.empty() || data.ConsumeBool() ?
        data.ConsumeIntegralInRange<uint64_t>(0, last_id + 2) : lease(data).id;
    for (auto &lease : leases) {
        lease.given_up |= lease.id == id;
    }
    spice_qxl_gl_release_texture(qxl, id);
}

uint32_t FuzzDisplay::clients()
{
    QXLGLStats stats = {};
    stats.size = sizeof(stats);
    uint32_t count = 0;
    spice_qxl_gl_get_stats(qxl, &stats, nullptr, &count);
    return count;
}

bool FuzzDisplay::wait_for_answers()
{
    return run_main_loop(20000, [this] { return head->completed().size() >= draws; });
}

void FuzzDisplay::settle()
{
    require(wait_for_answers(), "each draw is answered");
    spice_qxl_gl_scanout_texture(qxl, nullptr);
    for (auto &lease : leases) {
        spice_qxl_gl_release_texture(qxl, lease.id);
    }
    for (auto &lease : leases) {
        require(run_main_loop(20000, [&] { return lease.released == (lease.accepted ? 1 : 0); }),
                "what was accepted comes back, and nothing else");
    }
    require(head->completed().size() == draws, "each draw is answered once");
    leases.clear();
}

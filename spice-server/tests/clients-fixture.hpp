/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A GL display with clients connected. */
#pragma once

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "raw-client.hpp"
#include "spice-fixture.hpp"

class Clients: public SpiceTest
{
protected:
    void SetUp() override
    {
        SpiceTest::SetUp();
        if (!HasFatalFailure()) {
            init();
        }
    }

    /* A new frame in IMAGE, as a guest shows it */
    void flip(LentImage &image)
    {
        show(image);
        image.fill({ uint8_t(frame * 13 + 13), uint8_t(frame * 7 + 7), uint8_t(frame + 1) });
        draw();
    }
    void show(LentImage &image)
    {
        const QXLGLScanout scanout = image.scanout();
        ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, &scanout), 0);
    }
    /* The guest has drawn this part of what it shows */
    void draw(uint32_t x = 0, uint32_t y = 0, uint32_t w = UINT32_MAX, uint32_t h = UINT32_MAX)
    {
        EGLSync fence = eglCreateSyncKHR(display, EGL_SYNC_FENCE_KHR, nullptr);
        glFlush();
        ASSERT_EQ(spice_qxl_gl_draw_fence_async(qxl, x, y, w, h, fence, ++frame), 0);
        ASSERT_TRUE(head->wait_for_completion(frame)) << "the guest never gets its answer";
    }

    /* How each client is served */
    std::vector<QXLGLClientStats> clients()
    {
        QXLGLStats got = {};
        got.size = sizeof(got);
        std::vector<QXLGLClientStats> all(32);
        all[0].size = sizeof(all[0]);
        uint32_t count = all.size();
        EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, all.data(), &count), 0);
        all.resize(std::min<size_t>(count, all.size()));
        return all;
    }
    /* QXL_GL_PATH_* of the only one */
    uint32_t path()
    {
        const auto all = clients();
        return all.size() == 1 ? all[0].path : uint32_t{QXL_GL_PATH_NONE};
    }

    uint32_t clients_connected()
    {
        QXLGLStats got = {};
        got.size = sizeof(got);
        uint32_t count = 0;
        EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, nullptr, &count), 0);
        return count;
    }

    bool gone()
    {
        return run_main_loop(10000, [this] { return clients_connected() == 0; });
    }

    uint64_t frame = 0;
};

class SeveralClients: public Clients
{
protected:
    void SetUp() override
    {
        setenv("SPICE_DEBUG_ALLOW_MC", "1", 1); // read when the server is created
        Clients::SetUp();
        unsetenv("SPICE_DEBUG_ALLOW_MC");
    }
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The public calls of spice-qxl-gl.h with any arguments in any order; no client is connected. */
#include "fuzz-display.hpp"

#include <cerrno>

static void init(FuzzDisplay &display, FuzzedDataProvider &data)
{
    void *const displays[] = { nullptr, reinterpret_cast<void *>(0x1234), &display,
                               test_display() };
    QXLInstance *instances[] = { nullptr, display.qxl };
    const int error = spice_qxl_gl_init(data.PickValueInArray(instances),
                                        data.PickValueInArray(displays));
    require(error == 0 || error == -EINVAL || error == -EALREADY, "init's errors");
}

static void statistics(FuzzDisplay &display, FuzzedDataProvider &data)
{
    QXLGLStats stats = {};
    QXLGLClientStats clients[3] = {};
    stats.size = data.ConsumeIntegralInRange<uint32_t>(0, sizeof(stats));
    for (auto &client : clients) {
        client.size = data.ConsumeIntegralInRange<uint32_t>(0, sizeof(client));
    }
    uint32_t room = data.ConsumeIntegralInRange<uint32_t>(0, 3);
    const bool list = data.ConsumeBool(), number = data.ConsumeBool();
    spice_qxl_gl_get_stats(data.ConsumeIntegralInRange<int>(0, 9) ? display.qxl : nullptr,
                           data.ConsumeIntegralInRange<int>(0, 9) ? &stats : nullptr,
                           list ? clients : nullptr, number ? &room : nullptr);
}

static void path_changed(QXLInstance *, const QXLGLPathChange *, void *)
{
}

static void path_callback(FuzzDisplay &display, FuzzedDataProvider &data)
{
    QXLInstance *instances[] = { nullptr, display.qxl };
    const QXLGLPathFunc funcs[] = { nullptr, path_changed };
    const int error = spice_qxl_gl_set_path_callback(data.PickValueInArray(instances),
                                                     data.PickValueInArray(funcs), &display);
    require(error == 0 || error == -EINVAL || error == -ENOTSUP, "the callback's errors");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static std::unique_ptr<FuzzDisplay> display;
    static unsigned inputs;
    FuzzedDataProvider data(bytes, size);

    if (inputs++ % 64 == 0) {
        display.reset();
        display = std::make_unique<FuzzDisplay>(inputs / 64 % 4 != 3);
    }
    while (data.remaining_bytes() > 0) {
        switch (data.ConsumeIntegralInRange<int>(0, 10)) {
        case 0: init(*display, data); break;
        case 1: statistics(*display, data); break;
        case 2: display->release(data); break;
        case 3: case 4: display->scanout(data, false); break;
        case 10: path_callback(*display, data); break;
        case 5: case 6: display->scanout(data, true); break;
        default: display->draw(data); break;
        }
    }
    display->settle();
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What single operations between QEMU's texture and a client's picture cost. */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "benchmarks.hpp"
#include "display.hpp"

using namespace red;

namespace {

const Size SIZES[] = { { 1280, 720 }, { 1920, 1080 }, { 3840, 2160 } };
constexpr Size SMALL = { 64, 64 }; /* for benchmarks that do not depend on it */

struct Entry {
    const char *name;
    Benchmark run;
    bool sized;
    int iterations; /* 0: as many as --benchmark_min_time takes */
};

/* In the order in which a frame passes through them */
const Entry ENTRIES[] = {
    { "clock", clock_alone, false, 100000 },
    { "create_image", create_image, true, 0 },
    { "fence", fence, false, 0 },
    { "bind", bind_image, true, 0 },
    { "export_query", export_query, true, 0 },
    /* each takes a new image, which may cost much more than its export */
    { "export_first", export_first, true, 50 },
    { "export", export_again, true, 0 },
    { "dup_close", dup_close, false, 0 },
    { "send_receive", send_receive, false, 0 },
    { "import", import_dmabuf, true, 0 },
    { "readback_sync", readback_sync, true, 0 },
    { "readback_pbo_100", readback_pbo<100>, true, 0 },
    { "readback_pbo_10", readback_pbo<10>, true, 0 },
    { "readback_pbo_1", readback_pbo<1>, true, 0 },
    { "flip_100", flip_changing<100>, true, 0 },
    { "flip_10", flip_changing<10>, true, 0 },
    { "flip_1", flip_changing<1>, true, 0 },
};

void add(const Entry &entry, Stage &stage, Size size)
{
    std::string name = entry.name;
    if (entry.sized) {
        name += "/" + std::to_string(size.width) + "x" + std::to_string(size.height);
    }
    auto run = [&entry, &stage, size](benchmark::State &state) { entry.run(state, stage, size); };
    auto *const added = benchmark::RegisterBenchmark(name, run);
    added->UseManualTime();
    if (entry.iterations) {
        added->Iterations(entry.iterations);
    }
}

void add_all(Stage &stage)
{
    for (const Entry &entry : ENTRIES) {
        if (!entry.sized) {
            add(entry, stage, SMALL);
            continue;
        }
        for (const Size size : SIZES) {
            add(entry, stage, size);
        }
    }
}

void describe(const Display &display, const Stage &stage)
{
    auto text = [](const void *string) {
        return std::string(string ? static_cast<const char *>(string) : "unknown");
    };
    stage.viewer->make_current();
    benchmark::AddCustomContext("platform", display.platform());
    benchmark::AddCustomContext("renderer", stage.viewer->renderer());
    benchmark::AddCustomContext("vendor", text(glGetString(GL_VENDOR)));
    benchmark::AddCustomContext("gl_version", text(glGetString(GL_VERSION)));
    benchmark::AddCustomContext("egl_vendor", text(eglQueryString(stage.display, EGL_VENDOR)));
}

void help()
{
    puts("spicegl-micro [--render-node=PATH] [--benchmark_...]\n\n"
         "Times single EGL, GL and file descriptor operations: median and 99th percentile.\n"
         "The render node can be in RENDER_NODE too; without one: the first there is, else an\n"
         "EGL device, else software. Status 1 when a benchmark fails; one that the display has\n"
         "no extension for is skipped, with the reason. Where there is neither a render node\n"
         "nor /dev/udmabuf, preload libudmabuf-double.so for those with dma-bufs.\n");
    benchmark::PrintDefaultHelp();
}

/* Takes --render-node out of the arguments */
std::string render_node(int *argc, char **argv)
{
    static const char option[] = "--render-node=";
    const char *variable = getenv("RENDER_NODE");
    std::string node = variable ? variable : "";
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (strncmp(argv[i], option, strlen(option)) == 0) {
            node = argv[i] + strlen(option);
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    return node;
}

} // namespace

int main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv, help);
    const std::string node = render_node(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    std::string why;
    const auto display = Display::open(node, &why);
    Stage stage;
    if (!display || !stage.set(display->handle(), &why)) {
        fprintf(stderr, "spicegl-micro: no EGL to measure: %s\n", why.c_str());
        return 1;
    }
    if (!why.empty()) {
        fprintf(stderr, "spicegl-micro: on %s: %s\n", display->platform(), why.c_str());
    }
    describe(*display, stage);
    add_all(stage);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return any_failed() ? 1 : 0;
}

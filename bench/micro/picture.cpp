/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a flip costs spice-server's reader if the guest has changed a part, but reports the whole as
 * changed, as Linux' virtio-gpu does: the whole is read and compared, and the part is copied. */
#include "benchmarks.hpp"

#include <vector>

#include "damage.hpp"
#include "gl-frames.hpp"
#include "gl-readback.hpp"
#include "samples.hpp"

using namespace red;

namespace {

constexpr uint64_t FRAME_NS = 16666667;

void fill(Stage &stage, const Texture &texture, const GlRect &part)
{
    stage.drawer->make_current();
    const Framebuffer framebuffer(texture);
    glEnable(GL_SCISSOR_TEST);
    glScissor(part.x, part.y, part.w, part.h);
    glClearColor(0.9f, 0.1f, 0.4f, 1.0f);
    framebuffer.clear();
    glDisable(GL_SCISSOR_TEST);
    glFinish();
}

} // namespace

template <int percent> void flip_changing(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_texture_images(state, stage)) {
        return;
    }
    const Picture one(stage, size), other(stage, size);
    fill(stage, other.texture, damage_of(size, percent));
    GlSource sources[2] = { one.source(), other.source() };
    sources[1].image_id = 2;
    const GlRect all = { 0, 0, size.width, size.height };
    stage.viewer->make_current();
    GlReadback readback(*stage.viewer);
    GlFrames frames;
    GlRegion changed;
    uint64_t frame = 0;
    std::string why;
    auto flip = [&] {
        GlPixels pixels;
        if (!readback.begin(sources[frame % 2], all, &why) || !readback.map(&pixels, &why)) {
            return false;
        }
        ++frame;
        frames.update(size.width, size.height, all, pixels, frame * FRAME_NS, &changed);
        return readback.unmap(&why);
    };
    /* the first ones create textures and the buffer object */
    if (!flip() || !flip()) {
        return fail(state, why);
    }
    Samples samples(state);
    for (auto _ : state) {
        if (!samples.time(flip)) {
            return fail(state, why);
        }
    }
}

template void flip_changing<1>(benchmark::State &, Stage &, Size);
template void flip_changing<10>(benchmark::State &, Stage &, Size);
template void flip_changing<100>(benchmark::State &, Stage &, Size);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a picture of the drawer's into memory, in the viewer's context. */
#include "benchmarks.hpp"

#include <vector>

#include "damage.hpp"
#include "gl-readback.hpp"
#include "samples.hpp"

using namespace red;

namespace {

constexpr size_t PIXEL_BYTES = 4;

} // namespace

/* The thread blocks until the pixels are there */
void readback_sync(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_texture_images(state, stage)) {
        return;
    }
    const Picture picture(stage, size);
    std::vector<uint8_t> pixels(PIXEL_BYTES * size.width * size.height);
    stage.viewer->make_current();
    GlImageCache images(*stage.viewer);
    std::string why;
    const GlBoundImage *bound = images.get(picture.source(), &why);
    if (!bound || !bound->framebuffer) {
        return fail(state, "the image cannot be a framebuffer: " + why);
    }
    glBindFramebuffer(GL_FRAMEBUFFER, bound->framebuffer);
    gl_clear_errors();
    Samples samples(state);
    for (auto _ : state) {
        samples.time([&] {
            glReadPixels(0, 0, size.width, size.height, bound->read_bgra ? GL_BGRA_EXT : GL_RGBA,
                         GL_UNSIGNED_BYTE, pixels.data());
        });
        const GLenum error = glGetError();
        if (error != GL_NO_ERROR) {
            return fail(state, std::string("glReadPixels: ") + gl_error_name(error));
        }
    }
}

/* As spice-server reads what changed: through a pixel buffer object, and from there into the
 * picture that is encoded */
template <int percent> void readback_pbo(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_texture_images(state, stage)) {
        return;
    }
    const Picture picture(stage, size);
    const GlSource source = picture.source();
    const GlRect damage = damage_of(size, percent);
    const size_t stride = PIXEL_BYTES * size.width;
    std::vector<uint8_t> picture_read(stride * size.height);
    uint8_t *const target = picture_read.data() + damage.y * stride + damage.x * PIXEL_BYTES;
    stage.viewer->make_current();
    GlReadback readback(*stage.viewer);
    std::string why;
    auto read = [&] {
        GlPixels pixels;
        if (!readback.begin(source, damage, &why) || !readback.map(&pixels, &why)) {
            return false;
        }
        pixels.copy({ 0, 0, damage.w, damage.h }, target, stride);
        return readback.unmap(&why);
    };
    /* the first one creates the texture and the buffer object */
    if (!read()) {
        return fail(state, why);
    }
    Samples samples(state);
    for (auto _ : state) {
        if (!samples.time(read)) {
            return fail(state, why);
        }
    }
}

template void readback_pbo<1>(benchmark::State &, Stage &, Size);
template void readback_pbo<10>(benchmark::State &, Stage &, Size);
template void readback_pbo<100>(benchmark::State &, Stage &, Size);

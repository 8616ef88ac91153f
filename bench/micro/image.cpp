/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EGLImages and fences: what a flip costs without file descriptors. */
#include "benchmarks.hpp"
#include "samples.hpp"

using namespace red;

void clock_alone(benchmark::State &state, Stage &, Size)
{
    Samples samples(state);
    for (auto _ : state) {
        samples.time([] {});
    }
}

void create_image(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_texture_images(state, stage)) {
        return;
    }
    const Texture texture(*stage.drawer, size);
    Samples samples(state);
    for (auto _ : state) {
        if (!samples.time([&] { return bool(texture.image()); })) {
            return fail(state, std::string("eglCreateImageKHR: ") + egl_error_name(eglGetError()));
        }
    }
}

/* Into a texture without memory, as for an image that is new to the viewer */
void bind_image(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_texture_images(state, stage)) {
        return;
    }
    const Picture picture(stage, size);
    stage.viewer->make_current();
    gl_clear_errors();
    Samples samples(state);
    for (auto _ : state) {
        const Texture texture(*stage.viewer);
        glBindTexture(GL_TEXTURE_2D, texture.name());
        samples.time([&] {
            glEGLImageTargetTexture2DOES(GL_TEXTURE_2D, picture.image.handle());
        });
        const GLenum error = glGetError();
        if (error != GL_NO_ERROR) {
            return fail(state, std::string("glEGLImageTargetTexture2DOES: ") +
                        gl_error_name(error));
        }
    }
}

/* Creating it, waiting for it and destroying it, and the rest of the draw before it */
void fence(benchmark::State &state, Stage &stage, Size size)
{
    constexpr uint64_t LIMIT_NS = 1000000000;
    if (!need_fences(state, stage)) {
        return;
    }
    const Texture texture(*stage.drawer, size);
    const Framebuffer framebuffer(texture);
    Samples samples(state);
    for (auto _ : state) {
        framebuffer.clear();
        if (!samples.time([&] { return GlFence::insert(stage.display).wait(LIMIT_NS); })) {
            return fail(state, "the fence was not signalled within a second");
        }
    }
}

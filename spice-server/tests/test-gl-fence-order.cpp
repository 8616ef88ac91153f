/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* QEMU's and spice-server's threads: one draws and fences, the other waits and reads. */
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "gl-fixture.hpp"

using namespace red;

namespace {

constexpr int FRAMES = 1000;
constexpr uint32_t WIDTH = 160, HEIGHT = 120;

/* Drawing that takes so long that a reader which does not wait reads too early */
class SlowFill
{
public:
    SlowFill()
    {
        static const char vertex[] =
            "#version 300 es\n"
            "void main() {\n"
            "    gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0,\n"
            "                       gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);\n"
            "}\n";
        static const char fragment[] =
            "#version 300 es\n"
            "precision highp float;\n"
            "uniform vec4 color;\n"
            "uniform int rounds;\n"
            "out vec4 result;\n"
            "void main() {\n"
            "    float x = gl_FragCoord.x;\n"
            "    for (int i = 0; i < rounds; i++) x = sin(x + 1.0);\n"
            "    result = color + vec4(x * 1e-9);\n"
            "}\n";
        program = glCreateProgram();
        add(GL_VERTEX_SHADER, vertex);
        add(GL_FRAGMENT_SHADER, fragment);
        glLinkProgram(program);
        glGenFramebuffers(1, &framebuffer);
    }

    ~SlowFill()
    {
        glDeleteProgram(program);
        glDeleteFramebuffers(1, &framebuffer);
    }

    void draw(const TextureImage &target, Color color)
    {
        glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
        glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D,
                               target.texture, 0);
        glViewport(0, 0, target.width, target.height);
        glUseProgram(program);
        glUniform4f(glGetUniformLocation(program, "color"), color.r / 255.0f, color.g / 255.0f,
                    color.b / 255.0f, 1.0f);
        glUniform1i(glGetUniformLocation(program, "rounds"), 20);
        glDrawArrays(GL_TRIANGLES, 0, 3);
    }

private:
    void add(GLenum type, const char *source)
    {
        GLuint shader = glCreateShader(type);
        glShaderSource(shader, 1, &source, nullptr);
        glCompileShader(shader);
        glAttachShader(program, shader);
        glDeleteShader(shader);
    }

    GLuint program = 0, framebuffer = 0;
};

/* The frame number as a colour; neighbours differ in every channel */
Color frame_color(int frame)
{
    return { static_cast<uint8_t>(frame * 37), static_cast<uint8_t>(frame * 101 + 7),
             static_cast<uint8_t>(frame * 59 + 31) };
}

/* One frame at a time goes from the drawing to the reading thread and back */
class Handover
{
public:
    struct Frame {
        int number;
        const TextureImage *image;
        GlFence fence;
    };

    void give(Frame frame)
    {
        std::unique_lock<std::mutex> lock(mutex);
        given.emplace(std::move(frame));
        changed.notify_all();
    }

    void wait_until_read()
    {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [this] { return !given; });
    }

    Frame take()
    {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [this] { return given.has_value(); });
        return std::move(*given);
    }

    void done()
    {
        std::unique_lock<std::mutex> lock(mutex);
        given.reset();
        changed.notify_all();
    }

private:
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Frame> given;
};

} // namespace

class FenceOrder: public GlTest
{
protected:
    enum Fences { WAIT_ON_GPU, WAIT_IN_THREAD, FENCE_BEFORE_DRAWING };

    void SetUp() override
    {
        GlTest::SetUp();
        ASSERT_TRUE(drawer->make_current());
        slow = std::make_unique<SlowFill>();
        for (auto &image : images) {
            image = std::make_unique<TextureImage>(*drawer, WIDTH, HEIGHT);
            ASSERT_NE(image->image, EGL_NO_IMAGE);
        }
    }

    void TearDown() override
    {
        drawer->make_current();
        slow.reset();
        images[0].reset();
        images[1].reset();
        GlTest::TearDown();
    }

    void run(Fences fences);
    void read_all(Fences fences);
    void draw(int number, Fences fences);

    std::unique_ptr<SlowFill> slow;
    std::unique_ptr<TextureImage> images[2];
    Handover handover;
    int wrong = 0, failed = 0;
};

void FenceOrder::read_all(Fences fences)
{
    GlReadback readback(*context);
    for (int i = 0; i < FRAMES; i++) {
        Handover::Frame frame = handover.take();
        const Color color = frame_color(frame.number);
        const bool waited = fences == WAIT_ON_GPU ?
            frame.fence.wait_before_later_commands(*context) :
            frame.fence.wait(UINT64_C(10000000000));
        if (fences == FENCE_BEFORE_DRAWING) {
            /* Mesa's eglClientWaitSyncKHR() waits for such a sync, but then answers 0,
             * and its eglSignalSyncKHR() still uses the sync when the waiter is awake */
            frame.fence.release();
        } else {
            failed += !waited;
        }
        const uint64_t id = frame.image == images[0].get() ? 1 : 2;
        wrong += !shows(readback, frame.image->source(id, true), { 0, 0, WIDTH, HEIGHT },
                        [&](uint32_t, uint32_t) { return color; });
        handover.done();
    }
}

void FenceOrder::draw(int number, Fences fences)
{
    const TextureImage &image = *images[number % 2];

    if (fences != FENCE_BEFORE_DRAWING) {
        slow->draw(image, frame_color(number));
        handover.give({ number, &image, GlFence::insert(display) });
        handover.wait_until_read();
        return;
    }
    EGLSync sync = eglCreateSyncKHR(display, EGL_SYNC_REUSABLE_KHR, nullptr);
    const GlFence owner(display, sync);
    handover.give({ number, &image, GlFence(display, sync) });
    slow->draw(image, frame_color(number));
    glFinish();
    eglSignalSyncKHR(display, sync, EGL_SIGNALED_KHR);
    handover.wait_until_read();
}

void FenceOrder::run(Fences fences)
{
    std::thread reader([this, fences] {
        failed += !context->make_current();
        read_all(fences);
        /* after the readback is gone: a thread that ends with a context leaks it */
        context->done_current();
    });
    for (int i = 0; i < FRAMES; i++) {
        draw(i, fences);
    }
    reader.join();
    EXPECT_EQ(wrong, 0) << "stale frames of " << FRAMES;
    EXPECT_EQ(failed, 0) << "fences that were not signalled";
}

TEST_F(FenceOrder, no_frame_is_stale_after_a_wait_on_the_gpu)
{
    run(WAIT_ON_GPU);
}

TEST_F(FenceOrder, no_frame_is_stale_after_a_wait_in_the_thread)
{
    run(WAIT_IN_THREAD);
}

/* Software rasterisers draw in the order of submission, fence or not; here the reader has
 * the frame before it is drawn, so that not waiting shows with them too */
TEST_F(FenceOrder, a_reader_that_is_early_waits_for_the_drawing)
{
    if (!epoxy_has_egl_extension(display, "EGL_KHR_reusable_sync")) {
        GTEST_SKIP() << "no EGL_KHR_reusable_sync";
    }
    run(FENCE_BEFORE_DRAWING);
}

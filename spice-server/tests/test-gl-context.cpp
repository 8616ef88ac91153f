/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-context.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <unistd.h>

#include "gl-fixture.hpp"

using namespace red;

namespace {

constexpr uint64_t SECOND_NS = 1000000000;

struct Current {
    EGLenum api = eglQueryAPI();
    EGLDisplay display = eglGetCurrentDisplay();
    EGLContext context = eglGetCurrentContext();
    EGLSurface draw = eglGetCurrentSurface(EGL_DRAW), read = eglGetCurrentSurface(EGL_READ);

    bool operator==(const Current &o) const
    {
        return api == o.api && display == o.display && context == o.context && draw == o.draw &&
            read == o.read;
    }
};

testing::AssertionResult is_refused(EGLDisplay display)
{
    int error = 0;
    std::string why;
    if (GlContext::create(display, &error, &why)) {
        return testing::AssertionFailure() << "a context was made";
    }
    if (error != -EINVAL || why.empty()) {
        return testing::AssertionFailure() << "error " << error << ", why \"" << why << "\"";
    }
    return testing::AssertionSuccess();
}

/* A display that has not been initialised: the software device's */
EGLDisplay other_display()
{
    EGLDeviceEXT device = nullptr;
    EGLint count = 0;
    if (!epoxy_has_egl_extension(EGL_NO_DISPLAY, "EGL_EXT_device_enumeration") ||
        !eglQueryDevicesEXT(1, &device, &count) || count < 1) {
        return EGL_NO_DISPLAY;
    }
    return eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT, device, nullptr);
}

} // namespace

class Context: public GlTest
{
};

TEST_F(Context, null_and_garbage_displays_are_refused)
{
    EXPECT_TRUE(is_refused(EGL_NO_DISPLAY));
    EXPECT_TRUE(is_refused(reinterpret_cast<EGLDisplay>(0x1234)));
}

TEST_F(Context, uninitialised_and_terminated_displays_are_refused)
{
    ASSERT_TRUE(context->make_current());
    EGLDisplay other = other_display();
    if (other == EGL_NO_DISPLAY || other == display) {
        GTEST_SKIP() << "this EGL has no second display: no EGL_EXT_device_enumeration";
    }
    EXPECT_TRUE(is_refused(other));
    ASSERT_TRUE(eglInitialize(other, nullptr, nullptr));
    EXPECT_TRUE(GlContext::create(other, nullptr, nullptr));
    ASSERT_TRUE(eglTerminate(other));
    EXPECT_TRUE(is_refused(other));
}

TEST_F(Context, where_to_put_errors_is_optional)
{
    EXPECT_FALSE(GlContext::create(EGL_NO_DISPLAY, nullptr, nullptr));
    EXPECT_TRUE(GlContext::create(display, nullptr, nullptr));
}

TEST_F(Context, what_was_current_stays_current)
{
    ASSERT_TRUE(drawer->make_current());
    const Current with_context;
    EXPECT_TRUE(GlContext::create(display, nullptr, nullptr));
    EXPECT_TRUE(with_context == Current());

    eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    ASSERT_TRUE(eglBindAPI(EGL_OPENGL_API));
    const Current without;
    ASSERT_EQ(without.context, EGL_NO_CONTEXT);
    EXPECT_TRUE(GlContext::create(display, nullptr, nullptr));
    EXPECT_TRUE(without == Current());
    eglBindAPI(EGL_OPENGL_ES_API);
}

TEST_F(Context, a_desktop_gl_context_with_surfaces_stays_current)
{
    ASSERT_TRUE(eglBindAPI(EGL_OPENGL_API));
    const EGLint wanted[] = { EGL_SURFACE_TYPE, EGL_PBUFFER_BIT,
                              EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_NONE };
    EGLConfig config;
    EGLint count = 0;
    if (!eglChooseConfig(display, wanted, &config, 1, &count) || count < 1) {
        GTEST_SKIP() << "no config for desktop GL with pbuffers";
    }
    const EGLint size[] = { EGL_WIDTH, 16, EGL_HEIGHT, 16, EGL_NONE };
    EGLContext gl = eglCreateContext(display, config, EGL_NO_CONTEXT, nullptr);
    EGLSurface draw = eglCreatePbufferSurface(display, config, size);
    EGLSurface read = eglCreatePbufferSurface(display, config, size);
    ASSERT_TRUE(eglMakeCurrent(display, draw, read, gl));
    const Current before;
    EXPECT_TRUE(GlContext::create(display, nullptr, nullptr));
    EXPECT_TRUE(before == Current());
    {
        GlCurrentGuard guard;
        ASSERT_TRUE(context->make_current());
    }
    EXPECT_TRUE(before == Current());
    eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    eglDestroySurface(display, draw);
    eglDestroySurface(display, read);
    eglDestroyContext(display, gl);
    eglBindAPI(EGL_OPENGL_ES_API);
}

TEST_F(Context, shares_no_objects_with_other_contexts)
{
    ASSERT_TRUE(drawer->make_current());
    TextureImage texture(*drawer, 4, 4);
    ASSERT_TRUE(glIsTexture(texture.texture));
    auto made_beside = GlContext::create(display, nullptr, nullptr);
    ASSERT_TRUE(made_beside);
    for (GlContext *other : { context.get(), made_beside.get() }) {
        ASSERT_TRUE(other->make_current());
        EXPECT_FALSE(glIsTexture(texture.texture));
    }
    ASSERT_TRUE(drawer->make_current());
}

TEST_F(Context, says_what_the_display_can)
{
    EXPECT_FALSE(context->renderer().empty());
    EXPECT_EQ(context->display(), display);
    const std::string extensions = eglQueryString(display, EGL_EXTENSIONS);
    EXPECT_EQ(context->can_export(),
              extensions.find("EGL_MESA_image_dma_buf_export") != std::string::npos);
    EXPECT_EQ(context->can_wait_on_gpu(),
              extensions.find("EGL_KHR_wait_sync") != std::string::npos);
    ASSERT_TRUE(context->make_current());
    EXPECT_EQ(context->can_read_bgra(), epoxy_has_gl_extension("GL_EXT_read_format_bgra"));
    EXPECT_EQ(epoxy_gl_version() >= 30, true);
    EXPECT_FALSE(epoxy_is_desktop_gl());
}

TEST_F(Context, is_made_in_one_thread_and_used_and_destroyed_in_another)
{
    std::thread([this] {
        EXPECT_TRUE(context->make_current());
        EXPECT_TRUE(context->make_current()) << "twice";
        EXPECT_EQ(eglGetCurrentContext(), context->handle());
        context.reset();
        EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT);
    }).join();
    EXPECT_FALSE(context);
}

TEST_F(Context, one_that_is_current_elsewhere_cannot_be_taken)
{
    ASSERT_TRUE(context->make_current());
    std::thread([this] {
        EXPECT_FALSE(context->make_current());
    }).join();
    context->done_current();
    EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT);
    std::thread([this] {
        EXPECT_TRUE(context->make_current());
        context->done_current();
    }).join();
}

TEST_F(Context, done_leaves_other_contexts_alone)
{
    ASSERT_TRUE(drawer->make_current());
    context->done_current();
    EXPECT_EQ(eglGetCurrentContext(), drawer->handle());
}

TEST_F(Context, is_destroyed_with_its_object)
{
    const EGLContext handle = context->handle();
    EGLint version = 0;
    ASSERT_TRUE(eglQueryContext(display, handle, EGL_CONTEXT_CLIENT_VERSION, &version));
    EXPECT_GE(version, 3);
    context.reset();
    EXPECT_FALSE(eglQueryContext(display, handle, EGL_CONTEXT_CLIENT_VERSION, &version));
}

TEST_F(Context, making_and_destroying_leaks_no_fds)
{
    const int before = open_fds();
    for (int i = 0; i < 30; i++) {
        auto another = GlContext::create(display, nullptr, nullptr);
        ASSERT_TRUE(another);
        ASSERT_TRUE(another->make_current());
    }
    EXPECT_EQ(open_fds(), before);
}

TEST(ErrorNames, are_there_for_every_error)
{
    for (EGLint error = EGL_SUCCESS; error <= EGL_CONTEXT_LOST; error++) {
        EXPECT_EQ(strncmp(egl_error_name(error), "EGL_", 4), 0) << error;
    }
    EXPECT_TRUE(egl_error_name(0));
    EXPECT_TRUE(egl_error_name(-1));
    EXPECT_STREQ(gl_error_name(GL_INVALID_OPERATION), "GL_INVALID_OPERATION");
    EXPECT_TRUE(gl_error_name(0xffff));
}

class Fence: public GlTest
{
protected:
    /* A sync that is signalled by hand */
    EGLSync reusable()
    {
        context->make_current();
        return epoxy_has_egl_extension(display, "EGL_KHR_reusable_sync") ?
            eglCreateSyncKHR(display, EGL_SYNC_REUSABLE_KHR, nullptr) : EGL_NO_SYNC;
    }

    bool exists(EGLSync sync)
    {
        EGLint type = 0;
        return eglGetSyncAttribKHR(display, sync, EGL_SYNC_TYPE_KHR, &type);
    }
};

TEST_F(Fence, an_empty_one_is_signalled)
{
    ASSERT_TRUE(context->make_current());
    const GlFence fence;
    EXPECT_FALSE(fence);
    EXPECT_TRUE(fence.wait(0));
    EXPECT_TRUE(fence.wait_before_later_commands(*context));
}

TEST_F(Fence, one_after_finished_commands_is_signalled)
{
    ASSERT_TRUE(context->make_current());
    const GlFence fence = GlFence::insert(display);
    EXPECT_TRUE(fence);
    EXPECT_TRUE(fence.wait(SECOND_NS));
    EXPECT_TRUE(fence.wait_before_later_commands(*context));
}

TEST_F(Fence, waiting_ends_when_the_time_is_over)
{
    const GlFence fence(display, reusable());
    if (!fence) {
        GTEST_SKIP() << "no EGL_KHR_reusable_sync";
    }
    EXPECT_FALSE(fence.wait(0));
    EXPECT_FALSE(fence.wait(1000000));
}

TEST_F(Fence, waiting_ends_when_it_is_signalled)
{
    EGLSync sync = reusable();
    const GlFence fence(display, sync);
    if (!fence) {
        GTEST_SKIP() << "no EGL_KHR_reusable_sync";
    }
    const auto start = std::chrono::steady_clock::now();
    std::atomic<bool> waited{false};
    std::thread waiter([&] {
        fence.wait(60 * SECOND_NS);
        waited = true;
    });
    /* Mesa's waiter looks at a reusable sync before it sleeps, not in one step with it, and can
     * miss the only signal */
    while (!waited) {
        eglSignalSyncKHR(display, sync, EGL_SIGNALED_KHR);
        std::this_thread::yield();
    }
    waiter.join();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
    EXPECT_TRUE(fence.wait(0));
}

TEST_F(Fence, is_destroyed_once_by_its_last_owner)
{
    ASSERT_TRUE(context->make_current());
    EGLSync sync = eglCreateSyncKHR(display, EGL_SYNC_FENCE_KHR, nullptr);
    GlFence outer;
    {
        GlFence inner(display, sync);
        outer = std::move(inner);
        EXPECT_FALSE(inner);
    }
    EXPECT_TRUE(exists(sync)) << "moved on, not destroyed";
    GlFence next(std::move(outer));
    EXPECT_TRUE(exists(sync));
    next = GlFence();
    EXPECT_FALSE(exists(sync));

    sync = eglCreateSyncKHR(display, EGL_SYNC_FENCE_KHR, nullptr);
    {
        GlFence lent(display, sync);
        EXPECT_EQ(lent.release(), sync);
        EXPECT_FALSE(lent);
    }
    EXPECT_TRUE(exists(sync)) << "given back";
    eglDestroySyncKHR(display, sync);
}

TEST_F(Fence, needs_no_current_context_to_wait_or_go)
{
    ASSERT_TRUE(context->make_current());
    GlFence fence = GlFence::insert(display);
    std::thread([&fence] {
        EXPECT_TRUE(fence.wait(SECOND_NS));
        fence = GlFence();
    }).join();
    EXPECT_FALSE(fence);
}

/* libepoxy aborts a process that makes such a call for the first time in such a thread; in
 * this process other tests have made them before, so a new one is started */
TEST_F(Fence, the_first_call_of_a_process_may_be_without_a_current_context)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT({
        context->make_current();
        GlFence fence = GlFence::insert(display);
        context->done_current();
        const bool waited = fence.wait(SECOND_NS);
        fence = GlFence();
        _exit(waited ? 0 : 1);
    }, testing::ExitedWithCode(0), "");
}

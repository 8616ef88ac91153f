/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* gl_export_dmabuf() with an EGL whose exports answer what a test wants: several planes,
 * planes without an fd, failures half way. Only these two calls are not real. */
#include <algorithm>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gl-fixture.hpp"

using namespace red;

namespace {

struct Answer {
    EGLBoolean query_ok = EGL_TRUE;
    int planes = 1;
    EGLBoolean export_ok = EGL_TRUE;
    bool has_fd[GlDmabuf::MAX_PLANES] = { true, true, true, true };
    EGLint stride = 256, offset = 0;
    bool dead_fd = false; /* a number that is no fd */
} answer;

constexpr int DEAD_FD = 1000000;

EGLBoolean EGLAPIENTRY fake_query(EGLDisplay, EGLImage, int *fourcc, int *planes,
                                  EGLuint64KHR *modifiers)
{
    *fourcc = 0x3231564e;
    *planes = answer.planes;
    if (modifiers) {
        std::fill(modifiers, modifiers + answer.planes, UINT64_C(0x0102030405060708));
    }
    return answer.query_ok;
}

EGLBoolean EGLAPIENTRY fake_export(EGLDisplay, EGLImage, int *fds, EGLint *strides,
                                   EGLint *offsets)
{
    for (int i = 0; i < answer.planes; i++) {
        /* as drivers do it: not close-on-exec */
        fds[i] = answer.dead_fd ? DEAD_FD : answer.has_fd[i] ? memfd_create("plane", 0) : -1;
        strides[i] = answer.stride;
        offsets[i] = answer.offset + i;
    }
    return answer.export_ok;
}

using Lookup = decltype(epoxy_eglGetProcAddress);
Lookup real_lookup;

__eglMustCastToProperFunctionPointerType EGLAPIENTRY fake_lookup(const char *name)
{
    if (std::string(name) == "eglExportDMABUFImageQueryMESA") {
        return reinterpret_cast<__eglMustCastToProperFunctionPointerType>(fake_query);
    }
    if (std::string(name) == "eglExportDMABUFImageMESA") {
        return reinterpret_cast<__eglMustCastToProperFunctionPointerType>(fake_export);
    }
    return real_lookup(name);
}

} // namespace

class FakeExport: public GlTest
{
protected:
    void SetUp() override
    {
        GlTest::SetUp();
        if (HasFatalFailure()) {
            return;
        }
        answer = Answer();
        before = open_fds();
    }

    static void SetUpTestSuite()
    {
        eglGetProcAddress("eglInitialize"); /* libepoxy's pointer is its resolver until then */
        real_lookup = epoxy_eglGetProcAddress;
        epoxy_eglGetProcAddress = fake_lookup;
    }

    std::optional<GlDmabuf> try_export()
    {
        why.clear();
        return gl_export_dmabuf(*context, reinterpret_cast<EGLImage>(0x1234), 64, 48, &why);
    }

    testing::AssertionResult fails_cleanly()
    {
        if (try_export()) {
            return testing::AssertionFailure() << "exported";
        }
        if (why.empty()) {
            return testing::AssertionFailure() << "no reason is given";
        }
        if (open_fds() != before) {
            return testing::AssertionFailure() << open_fds() - before << " fds leaked";
        }
        return testing::AssertionSuccess();
    }

    int before = 0;
    std::string why;
};

TEST_F(FakeExport, every_plane_is_passed_on_close_on_exec)
{
    NEED_EXPORT();
    for (int planes = 1; planes <= 4; planes++) {
        answer.planes = planes;
        auto buffer = try_export();
        ASSERT_TRUE(buffer) << why;
        EXPECT_EQ(buffer->num_planes, planes);
        EXPECT_EQ(buffer->fourcc, 0x3231564eu);
        EXPECT_EQ(buffer->modifier, UINT64_C(0x0102030405060708));
        EXPECT_EQ(open_fds(), before + planes);
        for (int i = 0; i < planes; i++) {
            EXPECT_EQ(fcntl(buffer->fd[i], F_GETFD), FD_CLOEXEC) << i;
            EXPECT_EQ(buffer->stride[i], 256u);
            EXPECT_EQ(buffer->offset[i], uint32_t(i));
        }
    }
    EXPECT_EQ(open_fds(), before);
}

TEST_F(FakeExport, planes_that_share_memory_get_an_fd_each)
{
    NEED_EXPORT();
    answer.planes = 3;
    answer.has_fd[1] = answer.has_fd[2] = false;
    auto buffer = try_export();
    ASSERT_TRUE(buffer) << why;
    EXPECT_EQ(open_fds(), before + 3);
    struct stat first;
    ASSERT_EQ(fstat(buffer->fd[0], &first), 0);
    for (int i = 1; i < 3; i++) {
        struct stat other;
        ASSERT_EQ(fstat(buffer->fd[i], &other), 0);
        EXPECT_EQ(other.st_ino, first.st_ino);
        EXPECT_NE(buffer->fd[i], buffer->fd[i - 1]);
        EXPECT_EQ(fcntl(buffer->fd[i], F_GETFD), FD_CLOEXEC);
    }
    buffer.reset();
    EXPECT_EQ(open_fds(), before);
}

TEST_F(FakeExport, plane_counts_other_than_1_to_4_are_refused)
{
    NEED_EXPORT();
    for (int planes : { 0, -1, 5, 1000000 }) {
        answer.planes = planes;
        EXPECT_TRUE(fails_cleanly()) << planes;
    }
}

TEST_F(FakeExport, failures_at_any_point_leave_no_fds)
{
    NEED_EXPORT();
    answer = Answer();
    answer.query_ok = EGL_FALSE;
    EXPECT_TRUE(fails_cleanly()) << "query";

    answer = Answer();
    answer.planes = 3;
    answer.export_ok = EGL_FALSE;
    EXPECT_TRUE(fails_cleanly()) << "export that fails after it made fds";

    answer = Answer();
    answer.planes = 2;
    answer.has_fd[0] = false;
    EXPECT_TRUE(fails_cleanly()) << "no fd for the first plane";

    answer = Answer();
    answer.planes = 2;
    answer.dead_fd = true;
    EXPECT_TRUE(fails_cleanly()) << "dead fds";

    answer = Answer();
    answer.stride = -1;
    EXPECT_TRUE(fails_cleanly()) << "negative stride";

    answer = Answer();
    answer.offset = -5;
    EXPECT_TRUE(fails_cleanly()) << "negative offset";

    answer = Answer();
    EXPECT_TRUE(try_export()) << "after all that: " << why;
}

/* egl_calls() remembers what it found: nothing may ask before SetUpTestSuite() has run */
TEST_F(FakeExport, the_fake_is_what_is_called)
{
    NEED_EXPORT();
    answer.planes = 4;
    auto buffer = try_export();
    ASSERT_TRUE(buffer) << why;
    EXPECT_EQ(buffer->num_planes, 4);
}

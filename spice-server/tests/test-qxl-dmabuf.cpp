/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Upstream's calls for dma-bufs, without and with a GL display. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spice-fixture.hpp"

class FormerCalls: public SpiceTest
{
};

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* These calls take their fds over; on a GL display they show nothing */
TEST_F(FormerCalls, the_call_there_was_before_takes_nothing_but_its_own_fds)
{
    init();
    const QXLGLScanout scanout = lend(1).scanout();
    ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, &scanout), 0);
    const int fds[] = { memfd_create("0", MFD_CLOEXEC), memfd_create("1", MFD_CLOEXEC) };
    const uint32_t offsets[] = { 0, 0 }, strides[] = { 256, 256 };
    spice_qxl_gl_scanout2(qxl, fds, 64, 48, offsets, strides, 2, 0x34325258, 0, 0);
    EXPECT_FALSE(is_open(fds[0]));
    EXPECT_FALSE(is_open(fds[1]));
    const int other = memfd_create("other", MFD_CLOEXEC);
    spice_qxl_gl_scanout(qxl, memfd_create("2", MFD_CLOEXEC), 64, 48, 256, 0x34325258, 0);
    EXPECT_TRUE(is_open(other)) << "it has the number of one that was closed before";
    close(other);
    EXPECT_EQ(spice_qxl_gl_draw_fence_async(qxl, 0, 0, 1, 1, nullptr, 1), 0);
}

TEST_F(FormerCalls, what_was_shown_before_is_closed)
{
    const int fd = memfd_create("scanout", MFD_CLOEXEC);
    spice_qxl_gl_scanout(qxl, fd, 64, 48, 256, 0x34325258, 0);
    EXPECT_TRUE(is_open(fd));
    init();
    EXPECT_FALSE(is_open(fd));
}

/* What QEMU calls with an EGL that spice-server cannot use */
TEST_F(FormerCalls, the_calls_there_were_before_still_work_without_it)
{
    const int fd = memfd_create("scanout", MFD_CLOEXEC);
    ASSERT_GE(fd, 0);
    spice_qxl_gl_scanout(qxl, fd, 64, 48, 256, 0x34325258, 0);
    spice_qxl_gl_draw_async(qxl, 0, 0, 64, 48, 42);
    EXPECT_TRUE(head->wait_for_completion(42));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Real EGL for the tests: a surfaceless display, a drawing context beside the one under
 * test, pictures whose every pixel is different, dma-bufs made of memfds. */
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gl-context.hpp"
#include "gl-dmabuf.hpp"
#include "gl-readback.hpp"

/* The display of this process, initialised; EGL_NO_DISPLAY when EGL does not work here */
EGLDisplay test_display();

/* How many fds the process has open */
int open_fds();
/* How many threads it has; 0 where /proc does not say */
int threads();

/* The 8-bit colour of a pixel of the test picture. No two neighbours, lines or channels
 * are alike, so that a shift, flip or swap by one shows. */
struct Color {
    uint8_t r, g, b;
};
Color picture_color(uint32_t x, uint32_t y);

using ColorAt = std::function<Color(uint32_t x, uint32_t y)>;

/* All that a readback of WIDTH x HEIGHT pixels has read; it is over then */
bool read_out(red::GlReadback &readback, uint32_t width, uint32_t height, uint8_t *dst,
              size_t stride, std::string *why);

/* Reads RECT of SOURCE and compares it, B, G, R, 0xff, with what EXPECTED says of the
 * picture's pixels. Also that nothing past a line's end was written. */
testing::AssertionResult shows(red::GlReadback &readback, const red::GlSource &source,
                               const red::GlRect &rect, const ColorAt &expected = picture_color,
                               int tolerance = 0);

/* All of a picture, its corners, edges and parts of it at odd places */
std::vector<red::GlRect> rectangles(uint32_t width, uint32_t height);

/* A context that stands for QEMU's: a GLES 3 context of its own on the test display */
class Drawer
{
public:
    Drawer();
    ~Drawer();
    bool make_current();
    EGLContext handle() const { return ctx; }

private:
    EGLContext ctx = EGL_NO_CONTEXT;
};

/* A texture and its EGLImage; memory line 0 is `data`'s first. The drawer must be current. */
class TextureImage
{
public:
    TextureImage(const Drawer &drawer, uint32_t width, uint32_t height,
                 GLenum internal_format = GL_RGBA8);
    ~TextureImage();
    TextureImage(const TextureImage &) = delete;
    TextureImage &operator=(const TextureImage &) = delete;

    void upload(GLenum format, GLenum type, const void *data);
    /* The test picture, its top line first in memory if TOP_FIRST */
    void upload_picture(bool top_first);
    /* One colour all over, by clearing; does not wait for it */
    void fill(Color color);
    red::GlSource source(uint64_t id, bool y0_top) const
    {
        return { id, image, width, height, y0_top };
    }

    EGLImage image = EGL_NO_IMAGE;
    GLuint texture = 0;
    uint32_t width, height;
};

/* A dma-buf made through /dev/udmabuf, mapped for writing. */
class MemoryBuffer
{
public:
    explicit MemoryBuffer(size_t bytes);
    ~MemoryBuffer();
    MemoryBuffer(const MemoryBuffer &) = delete;
    MemoryBuffer &operator=(const MemoryBuffer &) = delete;

    bool ok() const { return fd >= 0 && data; }

    int fd = -1;
    uint8_t *data = nullptr;
    size_t bytes = 0;
};

/* EGLImage of a dma-buf (EGL_EXT_image_dma_buf_import); EGL_NO_IMAGE if EGL refuses */
EGLImage import_dmabuf(const red::GlDmabuf &buffer);
bool destroy_image(EGLImage image);

/* Tests with the context under test current in the calling thread */
class GlTest: public testing::Test
{
protected:
    void SetUp() override;
    void TearDown() override;

    EGLDisplay display = EGL_NO_DISPLAY;
    std::unique_ptr<Drawer> drawer;
    std::unique_ptr<red::GlContext> context;
};

/* Skips, with the reason, where the display cannot do dma-bufs */
#define NEED_EXPORT()                                                               \
    if (!context->can_export()) {                                                   \
        GTEST_SKIP() << "no EGL_MESA_image_dma_buf_export: neither /dev/udmabuf, "  \
                        "nor its test double, nor a render node";                   \
    }

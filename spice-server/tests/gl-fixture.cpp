/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-fixture.hpp"

#include <cstdlib>
#include <filesystem>
#include <iterator>

#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace red;

EGLDisplay test_display()
{
    static const EGLDisplay display = [] {
        /* its thread opens files whenever it likes; tests count fds */
        setenv("MESA_SHADER_CACHE_DISABLE", "true", 1);
        EGLDisplay made = eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA,
                                                   EGL_DEFAULT_DISPLAY, nullptr);
        return made && eglInitialize(made, nullptr, nullptr) ? made : EGL_NO_DISPLAY;
    }();
    return display;
}

int open_fds()
{
    int count = 0;
    /* not by /proc, which a build environment may lack */
    for (int fd = 0; fd < 1024; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

int threads()
{
    std::error_code missing;
    std::filesystem::directory_iterator tasks("/proc/self/task", missing), end;
    return missing ? 0 : std::distance(tasks, end);
}

Color picture_color(uint32_t x, uint32_t y)
{
    return { static_cast<uint8_t>(x * 7 + y * 3), static_cast<uint8_t>(x * 5 + y * 11 + 50),
             static_cast<uint8_t>(255 - x * 3 - y * 17) };
}

bool read_out(GlReadback &readback, uint32_t width, uint32_t height, uint8_t *dst, size_t stride,
              std::string *why)
{
    GlPixels pixels;

    if (!readback.map(&pixels, why)) {
        return false;
    }
    pixels.copy({ 0, 0, width, height }, dst, stride);
    return readback.unmap(why);
}

testing::AssertionResult shows(GlReadback &readback, const GlSource &source, const GlRect &rect,
                               const ColorAt &expected, int tolerance)
{
    std::string why;
    const size_t stride = rect.w * 4 + 12;
    std::vector<uint8_t> pixels(stride * rect.h, 0xee);

    if (!readback.begin(source, rect, &why)) {
        return testing::AssertionFailure() << "begin: " << why;
    }
    if (!read_out(readback, rect.w, rect.h, pixels.data(), stride, &why)) {
        return testing::AssertionFailure() << "read_out: " << why;
    }
    for (uint32_t y = 0; y < rect.h; y++) {
        const uint8_t *line = pixels.data() + y * stride;
        for (uint32_t x = 0; x < rect.w; x++) {
            const Color c = expected(rect.x + x, rect.y + y);
            const uint8_t *p = line + x * 4;
            if (abs(p[0] - c.b) > tolerance || abs(p[1] - c.g) > tolerance ||
                abs(p[2] - c.r) > tolerance || p[3] != 0xff) {
                return testing::AssertionFailure() << "pixel " << x << "," << y << " of " <<
                    rect.w << "x" << rect.h << "+" << rect.x << "+" << rect.y << " is BGRx " <<
                    int(p[0]) << "," << int(p[1]) << "," << int(p[2]) << "," << int(p[3]) <<
                    ", not " << int(c.b) << "," << int(c.g) << "," << int(c.r) << ",255";
            }
        }
        for (size_t i = rect.w * 4; i < stride; i++) {
            if (line[i] != 0xee) {
                return testing::AssertionFailure() << "wrote past the end of line " << y;
            }
        }
    }
    return testing::AssertionSuccess();
}

std::vector<GlRect> rectangles(uint32_t w, uint32_t h)
{
    std::vector<GlRect> all = { { 0, 0, w, h }, { 0, 0, 1, 1 }, { w - 1, h - 1, 1, 1 },
                                { 0, h - 1, w, 1 }, { w - 1, 0, 1, h } };
    if (w > 6 && h > 6) {
        all.push_back({ 3, 1, w - 5, h - 4 });
        all.push_back({ w / 2, h / 2, w - w / 2, h - h / 2 });
    }
    return all;
}

Drawer::Drawer()
{
    GlCurrentGuard guard;
    eglBindAPI(EGL_OPENGL_ES_API);
    const EGLint attributes[] = { EGL_CONTEXT_CLIENT_VERSION, 3, EGL_NONE };
    ctx = eglCreateContext(test_display(), EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attributes);
}

Drawer::~Drawer()
{
    if (eglGetCurrentContext() == ctx) {
        eglMakeCurrent(test_display(), EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    }
    eglDestroyContext(test_display(), ctx);
}

bool Drawer::make_current()
{
    return eglBindAPI(EGL_OPENGL_ES_API) &&
        eglMakeCurrent(test_display(), EGL_NO_SURFACE, EGL_NO_SURFACE, ctx);
}

TextureImage::TextureImage(const Drawer &drawer, uint32_t w, uint32_t h, GLenum internal_format):
    width(w),
    height(h)
{
    glGenTextures(1, &texture);
    glBindTexture(GL_TEXTURE_2D, texture);
    glTexStorage2D(GL_TEXTURE_2D, 1, internal_format, width, height);
    const EGLint attributes[] = { EGL_NONE };
    image = eglCreateImageKHR(test_display(), drawer.handle(), EGL_GL_TEXTURE_2D_KHR,
                              reinterpret_cast<EGLClientBuffer>(uintptr_t(texture)), attributes);
}

TextureImage::~TextureImage()
{
    destroy_image(image);
    glDeleteTextures(1, &texture);
}

void TextureImage::upload(GLenum format, GLenum type, const void *data)
{
    glBindTexture(GL_TEXTURE_2D, texture);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, width, height, format, type, data);
    glFinish();
}

void TextureImage::upload_picture(bool top_first)
{
    std::vector<uint8_t> pixels;
    for (uint32_t line = 0; line < height; line++) {
        const uint32_t y = top_first ? line : height - 1 - line;
        for (uint32_t x = 0; x < width; x++) {
            const Color c = picture_color(x, y);
            /* an alpha that must not come through */
            pixels.insert(pixels.end(), { c.r, c.g, c.b, 0x40 });
        }
    }
    upload(GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
}

void TextureImage::fill(Color color)
{
    GLuint framebuffer = 0;
    glGenFramebuffers(1, &framebuffer);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
    glClearColor(color.r / 255.0f, color.g / 255.0f, color.b / 255.0f, 1.0f);
    glClear(GL_COLOR_BUFFER_BIT);
    glDeleteFramebuffers(1, &framebuffer);
}

MemoryBuffer::MemoryBuffer(size_t size)
{
    const size_t page = sysconf(_SC_PAGESIZE);
    bytes = (size + page - 1) / page * page;
    const int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
    const int memfd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (device >= 0 && memfd >= 0 && ftruncate(memfd, bytes) == 0 &&
        fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK) == 0) {
        udmabuf_create request = {};
        request.memfd = memfd;
        request.flags = UDMABUF_FLAGS_CLOEXEC;
        request.size = bytes;
        fd = ioctl(device, UDMABUF_CREATE, &request);
    }
    if (fd >= 0) {
        void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        data = memory == MAP_FAILED ? nullptr : static_cast<uint8_t *>(memory);
    }
    for (int helper : { device, memfd }) {
        if (helper >= 0) {
            close(helper);
        }
    }
}

MemoryBuffer::~MemoryBuffer()
{
    if (data) {
        munmap(data, bytes);
    }
    if (fd >= 0) {
        close(fd);
    }
}

EGLImage import_dmabuf(const GlDmabuf &buffer)
{
    static const EGLint names[][3] = {
        { EGL_DMA_BUF_PLANE0_FD_EXT, EGL_DMA_BUF_PLANE0_OFFSET_EXT, EGL_DMA_BUF_PLANE0_PITCH_EXT },
        { EGL_DMA_BUF_PLANE1_FD_EXT, EGL_DMA_BUF_PLANE1_OFFSET_EXT, EGL_DMA_BUF_PLANE1_PITCH_EXT },
        { EGL_DMA_BUF_PLANE2_FD_EXT, EGL_DMA_BUF_PLANE2_OFFSET_EXT, EGL_DMA_BUF_PLANE2_PITCH_EXT },
    };
    std::vector<EGLint> attributes = {
        EGL_WIDTH, EGLint(buffer.width), EGL_HEIGHT, EGLint(buffer.height),
        EGL_LINUX_DRM_FOURCC_EXT, EGLint(buffer.fourcc),
    };
    for (int i = 0; i < buffer.num_planes && i < 3; i++) {
        attributes.insert(attributes.end(), { names[i][0], buffer.fd[i],
                                              names[i][1], EGLint(buffer.offset[i]),
                                              names[i][2], EGLint(buffer.stride[i]) });
    }
    attributes.push_back(EGL_NONE);
    return eglCreateImageKHR(test_display(), EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, nullptr,
                             attributes.data());
}

bool destroy_image(EGLImage image)
{
    return image == EGL_NO_IMAGE || eglDestroyImageKHR(test_display(), image);
}

void GlTest::SetUp()
{
    display = test_display();
    ASSERT_NE(display, EGL_NO_DISPLAY) << "EGL_PLATFORM_SURFACELESS_MESA does not work: "
        "install Mesa's EGL (libegl-mesa0, libgl1-mesa-dri)";
    drawer = std::make_unique<Drawer>();
    ASSERT_NE(drawer->handle(), EGL_NO_CONTEXT);
    int error = 0;
    std::string why;
    context = GlContext::create(display, &error, &why);
    ASSERT_TRUE(context) << why;
    ASSERT_EQ(error, 0);
}

void GlTest::TearDown()
{
    if (display != EGL_NO_DISPLAY) {
        eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    }
}

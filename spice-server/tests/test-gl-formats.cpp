/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Every pixel format that a scanout may have, from dma-bufs and from textures. */
#include <cmath>
#include <cstring>

#include <drm/drm_fourcc.h>
#include <fcntl.h>

#include "gl-fixture.hpp"

using namespace red;

namespace {

/* V as an unsigned number of BITS bits, rounded */
uint32_t narrowed(uint8_t v, int bits)
{
    const uint32_t max = (1u << bits) - 1;
    return (v * max + 127) / 255;
}

/* The 8-bit value that such a number is shown as */
uint8_t shown(uint8_t v, int bits)
{
    const uint32_t max = (1u << bits) - 1;
    return (narrowed(v, bits) * 255 + max / 2) / max;
}

uint16_t half(uint8_t v)
{
    if (v == 0) {
        return 0;
    }
    int exponent;
    const double mantissa = std::frexp(v / 255.0, &exponent); /* 0.5 to 1 */
    const int bits = static_cast<int>(std::lround((mantissa * 2 - 1) * 1024));
    return static_cast<uint16_t>(((exponent - 1 + 15) << 10) + bits);
}

template <typename T> void store(uint8_t *at, T value)
{
    memcpy(at, &value, sizeof(value));
}

/* A format of one plane: how a pixel is stored, and with how many bits of each channel */
struct PackedFormat {
    const char *name;
    uint32_t fourcc;
    int bytes;
    int r_bits, g_bits, b_bits;
    void (*put)(uint8_t *at, Color c);
};

const PackedFormat packed_formats[] = {
    { "XRGB8888", DRM_FORMAT_XRGB8888, 4, 8, 8, 8, [](uint8_t *at, Color c) {
        store<uint32_t>(at, 0x11u << 24 | c.r << 16 | c.g << 8 | c.b); } },
    { "ARGB8888", DRM_FORMAT_ARGB8888, 4, 8, 8, 8, [](uint8_t *at, Color c) {
        store<uint32_t>(at, 0x80u << 24 | c.r << 16 | c.g << 8 | c.b); } },
    { "XBGR8888", DRM_FORMAT_XBGR8888, 4, 8, 8, 8, [](uint8_t *at, Color c) {
        store<uint32_t>(at, 0x11u << 24 | c.b << 16 | c.g << 8 | c.r); } },
    { "ABGR8888", DRM_FORMAT_ABGR8888, 4, 8, 8, 8, [](uint8_t *at, Color c) {
        store<uint32_t>(at, 0u << 24 | c.b << 16 | c.g << 8 | c.r); } },
    { "RGBX8888", DRM_FORMAT_RGBX8888, 4, 8, 8, 8, [](uint8_t *at, Color c) {
        store<uint32_t>(at, uint32_t(c.r) << 24 | c.g << 16 | c.b << 8 | 0x11); } },
    { "BGRX8888", DRM_FORMAT_BGRX8888, 4, 8, 8, 8, [](uint8_t *at, Color c) {
        store<uint32_t>(at, uint32_t(c.b) << 24 | c.g << 16 | c.r << 8 | 0x11); } },
    { "RGB888", DRM_FORMAT_RGB888, 3, 8, 8, 8, [](uint8_t *at, Color c) {
        at[0] = c.b; at[1] = c.g; at[2] = c.r; } },
    { "RGB565", DRM_FORMAT_RGB565, 2, 5, 6, 5, [](uint8_t *at, Color c) {
        store<uint16_t>(at, narrowed(c.r, 5) << 11 | narrowed(c.g, 6) << 5 |
                        narrowed(c.b, 5)); } },
    { "ARGB1555", DRM_FORMAT_ARGB1555, 2, 5, 5, 5, [](uint8_t *at, Color c) {
        store<uint16_t>(at, narrowed(c.r, 5) << 10 | narrowed(c.g, 5) << 5 |
                        narrowed(c.b, 5)); } },
    { "ARGB4444", DRM_FORMAT_ARGB4444, 2, 4, 4, 4, [](uint8_t *at, Color c) {
        store<uint16_t>(at, narrowed(c.r, 4) << 8 | narrowed(c.g, 4) << 4 |
                        narrowed(c.b, 4)); } },
    { "XRGB2101010", DRM_FORMAT_XRGB2101010, 4, 10, 10, 10, [](uint8_t *at, Color c) {
        store<uint32_t>(at, narrowed(c.r, 10) << 20 | narrowed(c.g, 10) << 10 |
                        narrowed(c.b, 10)); } },
    { "ARGB2101010", DRM_FORMAT_ARGB2101010, 4, 10, 10, 10, [](uint8_t *at, Color c) {
        store<uint32_t>(at, 1u << 30 | narrowed(c.r, 10) << 20 | narrowed(c.g, 10) << 10 |
                        narrowed(c.b, 10)); } },
    { "XBGR2101010", DRM_FORMAT_XBGR2101010, 4, 10, 10, 10, [](uint8_t *at, Color c) {
        store<uint32_t>(at, narrowed(c.b, 10) << 20 | narrowed(c.g, 10) << 10 |
                        narrowed(c.r, 10)); } },
    { "ABGR2101010", DRM_FORMAT_ABGR2101010, 4, 10, 10, 10, [](uint8_t *at, Color c) {
        store<uint32_t>(at, 2u << 30 | narrowed(c.b, 10) << 20 | narrowed(c.g, 10) << 10 |
                        narrowed(c.r, 10)); } },
    { "XBGR16161616", DRM_FORMAT_XBGR16161616, 8, 16, 16, 16, [](uint8_t *at, Color c) {
        store<uint16_t>(at, c.r * 257); store<uint16_t>(at + 2, c.g * 257);
        store<uint16_t>(at + 4, c.b * 257); store<uint16_t>(at + 6, 0x4444); } },
    { "XBGR16161616F", DRM_FORMAT_XBGR16161616F, 8, 16, 16, 16, [](uint8_t *at, Color c) {
        store<uint16_t>(at, half(c.r)); store<uint16_t>(at + 2, half(c.g));
        store<uint16_t>(at + 4, half(c.b)); store<uint16_t>(at + 6, half(50)); } },
};

/* BT.601, limited range: EGL_EXT_image_dma_buf_import's default */
struct Yuv {
    int y, u, v;
};

Color rgb_of(Yuv c)
{
    const double y = 1.164 * (c.y - 16), u = c.u - 128, v = c.v - 128;
    auto clamp = [](double value) {
        return static_cast<uint8_t>(std::lround(std::min(255.0, std::max(0.0, value))));
    };
    return { clamp(y + 1.596 * v), clamp(y - 0.392 * u - 0.813 * v), clamp(y + 2.017 * u) };
}

/* Brightness differs in every pixel, colour per quarter of the picture */
constexpr uint32_t YUV_WIDTH = 64, YUV_HEIGHT = 48;

Yuv yuv_picture(uint32_t x, uint32_t y)
{
    const bool right = x >= YUV_WIDTH / 2, low = y >= YUV_HEIGHT / 2;
    return { int(60 + (x * 7 + y * 13) % 120), right ? 150 : 100, low ? 90 : 160 };
}

struct YuvFormat {
    const char *name;
    uint32_t fourcc;
    int planes;
    int x_step, y_step; /* pixels per sample of colour */
    int u_plane, u_at, v_plane, v_at, chroma_bytes; /* byte in a group of chroma_bytes */
    int y_at, y_bytes;  /* of brightness */
    int sample_bytes;   /* 2: in the high bits of 16 */
};

const YuvFormat yuv_formats[] = {
    { "NV12", DRM_FORMAT_NV12, 2, 2, 2, 1, 0, 1, 1, 2, 0, 1, 1 },
    { "NV21", DRM_FORMAT_NV21, 2, 2, 2, 1, 1, 1, 0, 2, 0, 1, 1 },
    { "NV16", DRM_FORMAT_NV16, 2, 2, 1, 1, 0, 1, 1, 2, 0, 1, 1 },
    { "YUV420", DRM_FORMAT_YUV420, 3, 2, 2, 1, 0, 2, 0, 1, 0, 1, 1 },
    { "YVU420", DRM_FORMAT_YVU420, 3, 2, 2, 2, 0, 1, 0, 1, 0, 1, 1 },
    { "YUV444", DRM_FORMAT_YUV444, 3, 1, 1, 1, 0, 2, 0, 1, 0, 1, 1 },
    { "YUYV", DRM_FORMAT_YUYV, 1, 2, 1, 0, 1, 0, 3, 4, 0, 2, 1 },
    { "UYVY", DRM_FORMAT_UYVY, 1, 2, 1, 0, 0, 0, 2, 4, 1, 2, 1 },
    { "P010", DRM_FORMAT_P010, 2, 2, 2, 1, 0, 1, 2, 4, 0, 2, 2 },
    { "AYUV", DRM_FORMAT_AYUV, 1, 1, 1, 0, 1, 0, 0, 4, 2, 4, 1 },
    { "XYUV8888", DRM_FORMAT_XYUV8888, 1, 1, 1, 0, 1, 0, 0, 4, 2, 4, 1 },
};

template <typename Format> std::string format_name(const testing::TestParamInfo<Format> &info)
{
    return info.param.name;
}

} // namespace

namespace {
void PrintTo(const PackedFormat &format, std::ostream *out) { *out << format.name; }
void PrintTo(const YuvFormat &format, std::ostream *out) { *out << format.name; }
} // namespace

class PackedDmabuf: public GlTest, public testing::WithParamInterface<PackedFormat>
{
protected:
    /* A picture of an odd size in lines padded to an odd multiple of 64 bytes */
    EGLImage make(uint32_t width, uint32_t height, bool top_first, uint32_t offset)
    {
        const PackedFormat &format = GetParam();
        const uint32_t stride = (width * format.bytes + 63) / 64 * 64 + 64;
        memory = std::make_unique<MemoryBuffer>(offset + size_t(stride) * height);
        if (!memory->ok()) {
            return EGL_NO_IMAGE;
        }
        memset(memory->data, 0x99, memory->bytes);
        for (uint32_t line = 0; line < height; line++) {
            for (uint32_t x = 0; x < width; x++) {
                format.put(memory->data + offset + line * stride + x * format.bytes,
                           picture_color(x, top_first ? line : height - 1 - line));
            }
        }
        GlDmabuf buffer;
        buffer.width = width;
        buffer.height = height;
        buffer.fourcc = format.fourcc;
        buffer.num_planes = 1;
        buffer.fd[0] = fcntl(memory->fd, F_DUPFD_CLOEXEC, 0);
        buffer.offset[0] = offset;
        buffer.stride[0] = stride;
        return import_dmabuf(buffer);
    }

    std::unique_ptr<MemoryBuffer> memory;
};

TEST_P(PackedDmabuf, is_read_as_8_bit_bgr)
{
    NEED_EXPORT();
    const PackedFormat &format = GetParam();
    ASSERT_TRUE(context->make_current());
    auto expected = [&format](uint32_t x, uint32_t y) {
        const Color c = picture_color(x, y);
        return Color{ shown(c.r, format.r_bits), shown(c.g, format.g_bits),
                      shown(c.b, format.b_bits) };
    };
    const int tolerance = format.bytes == 4 && format.r_bits == 8 ? 0 : 1;
    GlReadback readback(*context);
    uint64_t id = 0;
    for (bool top_first : { true, false }) {
        for (uint32_t offset : { 0, 256 }) {
            EGLImage image = make(35, 27, top_first, offset);
            if (image == EGL_NO_IMAGE) {
                GTEST_SKIP() << "this EGL does not import " << format.name << ": " <<
                    egl_error_name(eglGetError());
            }
            const GlSource source = { ++id, image, 35, 27, top_first };
            for (const GlRect &rect : rectangles(35, 27)) {
                EXPECT_TRUE(shows(readback, source, rect, expected, tolerance)) << format.name <<
                    (top_first ? " top first" : " bottom first") << ", offset " << offset;
            }
            readback.forget(id);
            EXPECT_TRUE(destroy_image(image));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, PackedDmabuf, testing::ValuesIn(packed_formats),
                         format_name<PackedFormat>);

class YuvDmabuf: public GlTest, public testing::WithParamInterface<YuvFormat>
{
protected:
    EGLImage make(bool top_first)
    {
        const YuvFormat &f = GetParam();
        GlDmabuf buffer;
        buffer.width = YUV_WIDTH;
        buffer.height = YUV_HEIGHT;
        buffer.fourcc = f.fourcc;
        buffer.num_planes = f.planes;
        uint32_t end = 0;
        for (int i = 0; i < f.planes; i++) {
            const uint32_t bytes = i == 0 ? YUV_WIDTH * f.y_bytes :
                YUV_WIDTH / f.x_step * f.chroma_bytes;
            buffer.offset[i] = end;
            buffer.stride[i] = bytes + 64;
            end += buffer.stride[i] * (i == 0 ? YUV_HEIGHT : YUV_HEIGHT / f.y_step);
        }
        memory = std::make_unique<MemoryBuffer>(end);
        if (!memory->ok()) {
            return EGL_NO_IMAGE;
        }
        for (int i = 0; i < f.planes; i++) {
            buffer.fd[i] = fcntl(memory->fd, F_DUPFD_CLOEXEC, 0);
        }
        auto put = [&](int plane, uint32_t line, uint32_t at, int value) {
            uint8_t *p = memory->data + buffer.offset[plane] + line * buffer.stride[plane] + at;
            if (f.sample_bytes == 2) {
                store<uint16_t>(p, value << 8);
            } else {
                *p = value;
            }
        };
        for (uint32_t line = 0; line < YUV_HEIGHT; line++) {
            for (uint32_t x = 0; x < YUV_WIDTH; x++) {
                const Yuv c = yuv_picture(x, top_first ? line : YUV_HEIGHT - 1 - line);
                put(0, line, x * f.y_bytes + f.y_at, c.y);
                const uint32_t group = x / f.x_step * f.chroma_bytes;
                put(f.u_plane, line / f.y_step, group + f.u_at, c.u);
                put(f.v_plane, line / f.y_step, group + f.v_at, c.v);
            }
        }
        return import_dmabuf(buffer);
    }

    std::unique_ptr<MemoryBuffer> memory;
};

TEST_P(YuvDmabuf, is_drawn_and_read_as_8_bit_bgr)
{
    NEED_EXPORT();
    ASSERT_TRUE(context->make_current());
    GlReadback readback(*context);
    for (bool top_first : { true, false }) {
        EGLImage image = make(top_first);
        if (image == EGL_NO_IMAGE) {
            GTEST_SKIP() << "this EGL does not import " << GetParam().name << ": " <<
                egl_error_name(eglGetError());
        }
        const GlSource source = { top_first ? 1u : 2u, image, YUV_WIDTH, YUV_HEIGHT, top_first };
        /* the quarters without their common borders, where colour samples are mixed */
        const uint32_t w = YUV_WIDTH / 2 - 4, h = YUV_HEIGHT / 2 - 4;
        for (const GlRect &rect : { GlRect{ 0, 0, w, h }, GlRect{ YUV_WIDTH - w, 0, w, h },
                                    GlRect{ 0, YUV_HEIGHT - h, w, h },
                                    GlRect{ YUV_WIDTH - w, YUV_HEIGHT - h, w, h },
                                    GlRect{ 5, 3, 7, 9 } }) {
            EXPECT_TRUE(shows(readback, source, rect, [](uint32_t x, uint32_t y) {
                return rgb_of(yuv_picture(x, y));
            }, 3)) << GetParam().name << (top_first ? " top first" : " bottom first");
        }
        EXPECT_TRUE(destroy_image(image));
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, YuvDmabuf, testing::ValuesIn(yuv_formats),
                         format_name<YuvFormat>);

/* What virglrenderer makes scanouts of */
struct TextureFormat {
    const char *name;
    GLenum internal_format;
    int r_bits, g_bits, b_bits;
    const char *extension; /* that makes it one, or null */
};

static void PrintTo(const TextureFormat &format, std::ostream *out) { *out << format.name; }

static const TextureFormat texture_formats[] = {
    { "RGBA8", GL_RGBA8, 8, 8, 8, nullptr },
    { "RGB8", GL_RGB8, 8, 8, 8, nullptr },
    { "BGRA8", GL_BGRA8_EXT, 8, 8, 8, "GL_EXT_texture_format_BGRA8888" },
    { "SRGB8_ALPHA8", GL_SRGB8_ALPHA8, 8, 8, 8, nullptr },
    { "RGB565", GL_RGB565, 5, 6, 5, nullptr },
    { "RGB5_A1", GL_RGB5_A1, 5, 5, 5, nullptr },
    { "RGBA4", GL_RGBA4, 4, 4, 4, nullptr },
    { "RGB10_A2", GL_RGB10_A2, 10, 10, 10, nullptr },
    { "RGBA16F", GL_RGBA16F, 16, 16, 16, "GL_EXT_color_buffer_float" },
    { "RGBA32F", GL_RGBA32F, 16, 16, 16, "GL_EXT_color_buffer_float" },
};

class Texture: public GlTest, public testing::WithParamInterface<TextureFormat>
{
protected:
    void upload(TextureImage &texture, bool top_first)
    {
        std::vector<uint8_t> bytes;
        std::vector<float> floats;
        std::vector<uint32_t> tens;
        for (uint32_t line = 0; line < texture.height; line++) {
            for (uint32_t x = 0; x < texture.width; x++) {
                const Color c = picture_color(x, top_first ? line : texture.height - 1 - line);
                const bool bgra = GetParam().internal_format == GL_BGRA8_EXT;
                bytes.insert(bytes.end(), { bgra ? c.b : c.r, c.g, bgra ? c.r : c.b });
                if (GetParam().internal_format != GL_RGB8 &&
                    GetParam().internal_format != GL_RGB565) {
                    bytes.push_back(0x40);
                }
                floats.insert(floats.end(), { c.r / 255.f, c.g / 255.f, c.b / 255.f, 0.25f });
                tens.push_back(1u << 30 | narrowed(c.b, 10) << 20 | narrowed(c.g, 10) << 10 |
                               narrowed(c.r, 10));
            }
        }
        switch (GetParam().internal_format) {
        case GL_BGRA8_EXT:
            texture.upload(GL_BGRA_EXT, GL_UNSIGNED_BYTE, bytes.data());
            break;
        case GL_RGB8:
        case GL_RGB565:
            texture.upload(GL_RGB, GL_UNSIGNED_BYTE, bytes.data());
            break;
        case GL_RGB10_A2:
            texture.upload(GL_RGBA, GL_UNSIGNED_INT_2_10_10_10_REV, tens.data());
            break;
        case GL_RGBA16F:
        case GL_RGBA32F:
            texture.upload(GL_RGBA, GL_FLOAT, floats.data());
            break;
        default:
            texture.upload(GL_RGBA, GL_UNSIGNED_BYTE, bytes.data());
        }
    }
};

TEST_P(Texture, is_read_as_8_bit_bgr)
{
    const TextureFormat &format = GetParam();
    ASSERT_TRUE(drawer->make_current());
    if (format.extension && !epoxy_has_gl_extension(format.extension)) {
        GTEST_SKIP() << "no " << format.extension;
    }
    for (bool top_first : { true, false }) {
        ASSERT_TRUE(drawer->make_current());
        TextureImage texture(*drawer, 53, 31, format.internal_format);
        upload(texture, top_first);
        ASSERT_EQ(glGetError(), GLenum(GL_NO_ERROR));
        if (texture.image == EGL_NO_IMAGE) {
            GTEST_SKIP() << "this EGL makes no image of a texture of " << format.name;
        }
        auto expected = [&format](uint32_t x, uint32_t y) {
            const Color c = picture_color(x, y);
            return Color{ shown(c.r, format.r_bits), shown(c.g, format.g_bits),
                          shown(c.b, format.b_bits) };
        };
        /* drivers round when they narrow: one step of the format */
        const int tolerance = format.g_bits == 8 ? 0 : format.g_bits > 8 ? 1 : 255 >> format.r_bits;
        {
            GlReadback readback(*context);
            for (const GlRect &rect : rectangles(53, 31)) {
                EXPECT_TRUE(shows(readback, texture.source(1, top_first), rect, expected,
                                  tolerance)) << (top_first ? "top first" : "bottom first");
            }
        }
        ASSERT_TRUE(drawer->make_current());
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, Texture, testing::ValuesIn(texture_formats),
                         format_name<TextureFormat>);

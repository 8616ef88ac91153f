/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benchmarks use: two unshared contexts on one display, textures and images. */
#pragma once

#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "gl-context.hpp"
#include "gl-image-cache.hpp"

struct Size {
    uint32_t width, height; /* pixels */
};

/* DRAWER stands for QEMU's context, VIEWER is spice-server's */
struct Stage {
    /* False with *WHY when there are no two contexts on DISPLAY */
    bool set(EGLDisplay display, std::string *why);

    EGLDisplay display = EGL_NO_DISPLAY;
    std::unique_ptr<red::GlContext> drawer, viewer;
};

/* Owner of an EGLImage; false if EGL refused to make one */
class Image
{
public:
    Image(EGLDisplay display, EGLContext context, EGLenum target, EGLClientBuffer buffer,
          const EGLint *attributes);
    ~Image();
    Image(const Image &) = delete;
    Image &operator=(const Image &) = delete;

    explicit operator bool() const { return image != EGL_NO_IMAGE; }
    EGLImage handle() const { return image; }

private:
    const EGLDisplay display;
    const EGLImage image;
};

/* Owner of a texture of a context; the constructor and destructor make the context current */
class Texture
{
public:
    /* A name without memory */
    explicit Texture(red::GlContext &context);
    /* With a picture, which is complete when this returns */
    Texture(red::GlContext &context, Size size);
    ~Texture();
    Texture(const Texture &) = delete;
    Texture &operator=(const Texture &) = delete;

    GLuint name() const { return texture; }
    /* EGL_KHR_gl_texture_2D_image */
    Image image() const;

private:
    red::GlContext &ctx;
    GLuint texture = 0;
};

/* For drawing into a texture, while this object lives. The texture's context is current. */
class Framebuffer
{
public:
    explicit Framebuffer(const Texture &texture);
    ~Framebuffer();
    Framebuffer(const Framebuffer &) = delete;
    Framebuffer &operator=(const Framebuffer &) = delete;

    void clear() const;

private:
    GLuint framebuffer = 0;
};

/* A picture of the drawer's, and its image */
struct Picture {
    Picture(Stage &stage, Size pixels):
        size(pixels), texture(*stage.drawer, size), image(texture.image())
    {
    }
    red::GlSource source() const { return { 1, image.handle(), size.width, size.height, true }; }

    const Size size;
    const Texture texture;
    const Image image;
};

/* False: the display lacks what the benchmark needs, which has ended it with the reason */
bool need_texture_images(benchmark::State &state, const Stage &stage);
bool need_export(benchmark::State &state, const Stage &stage);
bool need_import(benchmark::State &state, const Stage &stage);
bool need_fences(benchmark::State &state, const Stage &stage);

/* The benchmark went wrong; the caller must return */
void fail(benchmark::State &state, const std::string &why);
/* Was there one? */
bool any_failed();

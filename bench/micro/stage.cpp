/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage.hpp"

using namespace red;

bool Stage::set(EGLDisplay on, std::string *why)
{
    display = on;
    drawer = GlContext::create(display, nullptr, why);
    viewer = GlContext::create(display, nullptr, why);
    return drawer && viewer;
}

Image::Image(EGLDisplay on, EGLContext context, EGLenum target, EGLClientBuffer buffer,
             const EGLint *attributes):
    display(on),
    image(eglCreateImageKHR(display, context, target, buffer, attributes))
{
}

Image::~Image()
{
    if (image != EGL_NO_IMAGE) {
        eglDestroyImageKHR(display, image);
    }
}

Texture::Texture(GlContext &context):
    ctx(context)
{
    ctx.make_current();
    glGenTextures(1, &texture);
}

Texture::~Texture()
{
    ctx.make_current();
    glDeleteTextures(1, &texture);
}

Texture::Texture(GlContext &context, Size size):
    Texture(context)
{
    glBindTexture(GL_TEXTURE_2D, texture);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, size.width, size.height);
    Framebuffer(*this).clear();
    glFinish();
}

Image Texture::image() const
{
    static const EGLint none[] = { EGL_NONE };
    return { ctx.display(), ctx.handle(), EGL_GL_TEXTURE_2D_KHR,
             reinterpret_cast<EGLClientBuffer>(uintptr_t(texture)), none };
}

Framebuffer::Framebuffer(const Texture &texture)
{
    glGenFramebuffers(1, &framebuffer);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture.name(), 0);
}

Framebuffer::~Framebuffer()
{
    glDeleteFramebuffers(1, &framebuffer);
}

void Framebuffer::clear() const
{
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glClearColor(0.2f, 0.4f, 0.6f, 1.0f);
    glClear(GL_COLOR_BUFFER_BIT);
}

namespace {

bool have(benchmark::State &state, bool there, const std::string &what)
{
    if (!there) {
        state.SkipWithMessage("no " + what);
    }
    return there;
}

bool failed = false;

} // namespace

bool need_texture_images(benchmark::State &state, const Stage &stage)
{
    return have(state, epoxy_has_egl_extension(stage.display, "EGL_KHR_gl_texture_2D_image"),
                "EGL_KHR_gl_texture_2D_image");
}

bool need_export(benchmark::State &state, const Stage &stage)
{
    return need_texture_images(state, stage) &&
        have(state, stage.viewer->can_export(), "EGL_MESA_image_dma_buf_export");
}

bool need_import(benchmark::State &state, const Stage &stage)
{
    return need_export(state, stage) &&
        have(state, epoxy_has_egl_extension(stage.display, "EGL_EXT_image_dma_buf_import"),
             "EGL_EXT_image_dma_buf_import");
}

bool need_fences(benchmark::State &state, const Stage &stage)
{
    return have(state, epoxy_has_egl_extension(stage.display, "EGL_KHR_fence_sync") ||
                egl_display_version(stage.display) >= 15, "EGL_KHR_fence_sync");
}

void fail(benchmark::State &state, const std::string &why)
{
    failed = true;
    state.SkipWithError(why);
}

bool any_failed()
{
    return failed;
}

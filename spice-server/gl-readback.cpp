/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-readback.hpp"

#include "gl-sampler.hpp"

namespace red {

namespace {

constexpr uint32_t MAX_SIDE = 32768;          /* pixels */
constexpr size_t PIXEL_BYTES = GlPixels::BYTES;
/* A GPU that takes longer than this for a copy has hung; map() must not hang with it */
constexpr uint64_t MAP_LIMIT_NS = 5000000000;

std::string text(const GlRect &rect)
{
    return std::to_string(rect.w) + "x" + std::to_string(rect.h) + "+" +
        std::to_string(rect.x) + "+" + std::to_string(rect.y);
}

bool check(const GlSource &source, const GlRect &rect, std::string *why)
{
    if (source.image == EGL_NO_IMAGE || source.image_id == 0) {
        *why = "there is no image to read";
        return false;
    }
    if (source.width == 0 || source.height == 0 ||
        source.width > MAX_SIDE || source.height > MAX_SIDE) {
        *why = "image size " + std::to_string(source.width) + "x" +
            std::to_string(source.height) + " is out of range: sides must be 1 to " +
            std::to_string(MAX_SIDE) + " pixels";
        return false;
    }
    if (rect.empty() || !(rect == rect.clipped(source.width, source.height))) {
        *why = "rectangle " + text(rect) + " is empty or not within the image of " +
            std::to_string(source.width) + "x" + std::to_string(source.height);
        return false;
    }
    return true;
}

} // namespace

struct GlReadback::Private {
    explicit Private(GlContext &context): ctx(context), images(context) {}

    GLenum read_pixels(GLuint framebuffer, const GlRect &rect, GLenum format);
    bool start_read(GlBoundImage &bound, const GlRect &memory_rect, std::string *why);
    bool reserve(size_t bytes, std::string *why);
    bool map(GlPixels *pixels, std::string *why);
    bool unmap(std::string *why);
    bool wait(uint64_t timeout_ns) const;

    GlContext &ctx;
    GlImageCache images;
    GlSampler sampler;
    GLuint buffer = 0;       /* pixel buffer object */
    size_t buffer_bytes = 0;
    GLsync fence = nullptr;  /* set while a read is in flight */
    GlRect rect;             /* the one in flight */
    bool flip = false;       /* its first line in the buffer is the bottom line of the picture */
    bool bgra = false;       /* byte order in the buffer */
    bool mapped = false;
};

bool GlReadback::Private::reserve(size_t bytes, std::string *why)
{
    if (!buffer) {
        glGenBuffers(1, &buffer);
    }
    glBindBuffer(GL_PIXEL_PACK_BUFFER, buffer);
    if (bytes > buffer_bytes) {
        gl_clear_errors();
        glBufferData(GL_PIXEL_PACK_BUFFER, bytes, nullptr, GL_STREAM_READ);
        const GLenum error = glGetError();
        if (error != GL_NO_ERROR) {
            *why = "cannot allocate a pixel buffer of " + std::to_string(bytes) + " bytes: " +
                gl_error_name(error);
            glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
            buffer_bytes = 0;
            return false;
        }
        buffer_bytes = bytes;
    }
    return true;
}

/* Reads into the bound pixel buffer */
GLenum GlReadback::Private::read_pixels(GLuint framebuffer, const GlRect &area, GLenum format)
{
    gl_clear_errors();
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glReadPixels(area.x, area.y, area.w, area.h, format, GL_UNSIGNED_BYTE, nullptr);
    const GLenum error = glGetError();
    glBindFramebuffer(GL_FRAMEBUFFER, 0);
    return error;
}

/* How a framebuffer can be read depends on its format, and on the driver. The ways are tried in
 * order of cost; one that was refused is not tried again for this image. */
bool GlReadback::Private::start_read(GlBoundImage &bound, const GlRect &memory_rect,
                                     std::string *why)
{
    if (bound.framebuffer && bound.read_bgra) {
        if (read_pixels(bound.framebuffer, memory_rect, GL_BGRA_EXT) == GL_NO_ERROR) {
            bgra = true;
            return true;
        }
        bound.read_bgra = false;
    }
    bgra = false;
    if (bound.framebuffer) {
        if (read_pixels(bound.framebuffer, memory_rect, GL_RGBA) == GL_NO_ERROR) {
            return true;
        }
        glDeleteFramebuffers(1, &bound.framebuffer);
        bound.framebuffer = 0;
    }
    const GLuint drawn = sampler.draw(bound, memory_rect, why);
    if (!drawn) {
        return false;
    }
    const GlRect drawn_rect = { 0, 0, memory_rect.w, memory_rect.h };
    const GLenum error = read_pixels(drawn, drawn_rect, GL_RGBA);
    if (error != GL_NO_ERROR) {
        *why = std::string("glReadPixels: ") + gl_error_name(error);
        return false;
    }
    return true;
}

bool GlReadback::Private::wait(uint64_t timeout_ns) const
{
    if (!fence) {
        return false;
    }
    const GLenum result = glClientWaitSync(fence, GL_SYNC_FLUSH_COMMANDS_BIT, timeout_ns);
    return result == GL_ALREADY_SIGNALED || result == GL_CONDITION_SATISFIED;
}

bool GlReadback::Private::map(GlPixels *pixels, std::string *why)
{
    const size_t line_bytes = rect.w * PIXEL_BYTES;

    gl_clear_errors();
    glBindBuffer(GL_PIXEL_PACK_BUFFER, buffer);
    auto memory = static_cast<const uint8_t *>(
        glMapBufferRange(GL_PIXEL_PACK_BUFFER, 0, line_bytes * rect.h, GL_MAP_READ_BIT));
    if (!memory) {
        *why = std::string("cannot map the pixel buffer: ") + gl_error_name(glGetError());
    }
    glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    pixels->top = flip && memory ? memory + line_bytes * (rect.h - 1) : memory;
    pixels->stride = flip ? -ptrdiff_t(line_bytes) : ptrdiff_t(line_bytes);
    pixels->bgra = bgra;
    mapped = memory;
    return memory;
}

bool GlReadback::Private::unmap(std::string *why)
{
    glBindBuffer(GL_PIXEL_PACK_BUFFER, buffer);
    const bool good = glUnmapBuffer(GL_PIXEL_PACK_BUFFER) == GL_TRUE;
    glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    mapped = false;
    if (!good) {
        *why = "the pixel buffer was lost while it was mapped";
    }
    return good;
}

GlReadback::GlReadback(GlContext &context):
    priv(std::make_unique<Private>(context))
{
}

GlReadback::~GlReadback()
{
    if (!priv->ctx.make_current()) {
        /* without the context its objects cannot be deleted one by one; they go with it, and only
         * the memory of PRIV is leaked */
        priv.release();
        return;
    }
    cancel();
    if (priv->buffer) {
        glDeleteBuffers(1, &priv->buffer);
    }
}

bool GlReadback::begin(const GlSource &source, const GlRect &rect, std::string *why)
{
    std::string ignored;
    if (!why) {
        why = &ignored;
    }
    if (priv->fence) {
        *why = "a readback is already in flight";
        return false;
    }
    if (!check(source, rect, why)) {
        return false;
    }
    if (!priv->ctx.make_current()) {
        *why = std::string("eglMakeCurrent: ") + egl_error_name(eglGetError());
        return false;
    }
    GlBoundImage *bound = priv->images.get(source, why);
    if (!bound || !priv->reserve(PIXEL_BYTES * rect.w * rect.h, why)) {
        return false;
    }
    GlRect memory_rect = rect;
    if (!source.y0_top) {
        memory_rect.y = source.height - rect.y - rect.h;
    }
    const bool started = priv->start_read(*bound, memory_rect, why);
    glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    if (!started) {
        return false;
    }
    priv->fence = glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    glFlush();
    if (!priv->fence) {
        *why = std::string("glFenceSync: ") + gl_error_name(glGetError());
        return false;
    }
    priv->rect = rect;
    priv->flip = !source.y0_top;
    return true;
}

bool GlReadback::in_flight() const
{
    return priv->fence != nullptr;
}

bool GlReadback::ready() const
{
    return priv->wait(0);
}

bool GlReadback::wait(uint64_t timeout_ns) const
{
    return priv->wait(timeout_ns);
}

bool GlReadback::map(GlPixels *pixels, std::string *why)
{
    std::string ignored;
    if (!why) {
        why = &ignored;
    }
    if (!priv->fence || priv->mapped) {
        *why = priv->mapped ? "the pixel buffer is already mapped" : "no readback is in flight";
        return false;
    }
    bool ok = false;
    if (!priv->ctx.make_current()) {
        *why = std::string("eglMakeCurrent: ") + egl_error_name(eglGetError());
    } else if (!priv->wait(MAP_LIMIT_NS)) {
        *why = "the GPU did not finish reading within 5 seconds";
    } else {
        ok = priv->map(pixels, why);
    }
    if (!ok) {
        cancel();
    }
    return ok;
}

bool GlReadback::unmap(std::string *why)
{
    std::string ignored;
    if (!priv->mapped) {
        (why ? *why : ignored) = "the pixel buffer is not mapped";
        return false;
    }
    const bool ok = priv->ctx.make_current() && priv->unmap(why ? why : &ignored);
    cancel();
    return ok;
}

void GlReadback::cancel()
{
    std::string ignored;
    if (priv->mapped && priv->ctx.make_current()) {
        priv->unmap(&ignored);
    }
    /* the buffer may still be written to; GL orders the next read after that */
    if (priv->fence) {
        glDeleteSync(priv->fence);
        priv->fence = nullptr;
    }
}

void GlReadback::forget(uint64_t image_id)
{
    if (priv->ctx.make_current()) {
        priv->images.forget(image_id);
    }
}

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-dmabuf.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "gl-egl-calls.hpp"

namespace red {

namespace {

constexpr uint32_t MAX_SIDE = 32768; /* pixels; anything larger is a mistake */

bool set_close_on_exec(int fd)
{
    const int flags = fcntl(fd, F_GETFD);
    return flags >= 0 && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == 0;
}

/* EGL returns no fd for planes that share the previous plane's memory */
bool complete_fds(GlDmabuf &buffer, std::string *why)
{
    for (int i = 0; i < buffer.num_planes; i++) {
        if (buffer.fd[i] < 0) {
            if (i == 0) {
                *why = "eglExportDMABUFImageMESA returned no file descriptor";
                return false;
            }
            buffer.fd[i] = fcntl(buffer.fd[i - 1], F_DUPFD_CLOEXEC, 0);
        } else if (!set_close_on_exec(buffer.fd[i])) {
            *why = std::string("cannot set FD_CLOEXEC on an exported dma-buf: ") + strerror(errno);
            return false;
        }
        if (buffer.fd[i] < 0) {
            *why = std::string("cannot duplicate an exported dma-buf's fd: ") + strerror(errno);
            return false;
        }
    }
    return true;
}

std::string egl_failure(const char *call)
{
    return std::string(call) + ": " + egl_error_name(eglGetError());
}

bool export_planes(EGLDisplay display, EGLImage image, GlDmabuf &buffer, std::string *why)
{
    int fourcc = 0, planes = 0;
    EGLuint64KHR modifiers[GlDmabuf::MAX_PLANES] = {};

    /* the number of planes first, which the array of modifiers must have room for */
    if (!egl_calls().export_query(display, image, &fourcc, &planes, nullptr)) {
        *why = egl_failure("eglExportDMABUFImageQueryMESA");
        return false;
    }
    if (planes < 1 || planes > GlDmabuf::MAX_PLANES) {
        *why = "the image has " + std::to_string(planes) + " planes, expected 1 to 4";
        return false;
    }
    if (!egl_calls().export_query(display, image, &fourcc, &planes, modifiers)) {
        *why = egl_failure("eglExportDMABUFImageQueryMESA");
        return false;
    }
    EGLint strides[GlDmabuf::MAX_PLANES] = {}, offsets[GlDmabuf::MAX_PLANES] = {};
    /* ~GlDmabuf closes the fds that a failing call may leave */
    buffer.num_planes = planes;
    if (!egl_calls().export_image(display, image, buffer.fd, strides, offsets)) {
        *why = egl_failure("eglExportDMABUFImageMESA");
        return false;
    }
    if (!complete_fds(buffer, why)) {
        return false;
    }
    buffer.fourcc = fourcc;
    buffer.modifier = modifiers[0];
    for (int i = 0; i < planes; i++) {
        if (strides[i] < 0 || offsets[i] < 0) {
            *why = "the image's stride or offset is negative";
            return false;
        }
        buffer.stride[i] = strides[i];
        buffer.offset[i] = offsets[i];
    }
    return true;
}

} // namespace

GlDmabuf::~GlDmabuf()
{
    for (int plane_fd : fd) {
        if (plane_fd >= 0) {
            close(plane_fd);
        }
    }
}

GlDmabuf::GlDmabuf(GlDmabuf &&other) noexcept
{
    *this = std::move(other);
}

GlDmabuf &GlDmabuf::operator=(GlDmabuf &&other) noexcept
{
    if (this == &other) {
        return *this;
    }
    width = other.width;
    height = other.height;
    fourcc = other.fourcc;
    modifier = other.modifier;
    num_planes = std::exchange(other.num_planes, 0);
    for (int i = 0; i < MAX_PLANES; i++) {
        if (fd[i] >= 0) {
            close(fd[i]);
        }
        fd[i] = std::exchange(other.fd[i], -1);
        offset[i] = other.offset[i];
        stride[i] = other.stride[i];
    }
    return *this;
}

std::optional<GlDmabuf> GlDmabuf::dup() const
{
    if (num_planes < 1 || num_planes > MAX_PLANES) {
        return {};
    }
    GlDmabuf copy;
    copy.width = width;
    copy.height = height;
    copy.fourcc = fourcc;
    copy.modifier = modifier;
    copy.num_planes = num_planes;
    for (int i = 0; i < num_planes; i++) {
        copy.fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 0);
        if (copy.fd[i] < 0) {
            return {};
        }
        copy.offset[i] = offset[i];
        copy.stride[i] = stride[i];
    }
    return copy;
}

std::optional<GlDmabuf> gl_export_dmabuf(const GlContext &context, EGLImage image,
                                         uint32_t width, uint32_t height, std::string *why)
{
    std::string ignored;
    if (!why) {
        why = &ignored;
    }
    if (!context.can_export()) {
        *why = "the EGLDisplay lacks EGL_MESA_image_dma_buf_export";
        return {};
    }
    if (image == EGL_NO_IMAGE) {
        *why = "there is no image to export";
        return {};
    }
    if (width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE) {
        *why = "image size " + std::to_string(width) + "x" + std::to_string(height) +
            " is out of range: sides must be 1 to " + std::to_string(MAX_SIDE) + " pixels";
        return {};
    }
    GlDmabuf buffer;
    buffer.width = width;
    buffer.height = height;
    if (!export_planes(context.display(), image, buffer, why)) {
        return {};
    }
    return buffer;
}

} // namespace red

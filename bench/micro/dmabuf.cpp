/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dma-bufs: what a flip costs with file descriptors, from the export to the client's import. */
#include "benchmarks.hpp"

#include <cerrno>
#include <cstring>
#include <vector>

#include <drm/drm_fourcc.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gl-dmabuf.hpp"
#include "gl-egl-calls.hpp"
#include "samples.hpp"

using namespace red;

namespace {

std::string egl_failure(const char *call)
{
    return std::string(call) + ": " + egl_error_name(eglGetError());
}

/* A picture's dma-buf; false after failing the benchmark */
struct Exported {
    Exported(benchmark::State &state, Stage &stage, Size size): picture(stage, size)
    {
        std::string why;
        auto made = gl_export_dmabuf(*stage.viewer, picture.image.handle(), size.width, size.height,
                                     &why);
        if (made) {
            buffer = std::move(*made);
        } else {
            fail(state, why);
        }
    }
    explicit operator bool() const { return buffer.num_planes > 0; }

    const Picture picture;
    GlDmabuf buffer;
};

class SocketPair
{
public:
    SocketPair() { made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0; }
    ~SocketPair()
    {
        if (made) {
            close(ends[0]);
            close(ends[1]);
        }
    }
    SocketPair(const SocketPair &) = delete;
    SocketPair &operator=(const SocketPair &) = delete;

    explicit operator bool() const { return made; }
    /* With a byte, as spice sends it */
    bool send(int fd);
    /* The caller owns the fd; -1 if none came */
    int receive();

private:
    struct Message {
        Message()
        {
            header.msg_iov = &data;
            header.msg_iovlen = 1;
            header.msg_control = control;
            header.msg_controllen = sizeof(control);
        }
        char byte = 0;
        iovec data = { &byte, 1 };
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
        msghdr header = {};
    };

    bool made;
    int ends[2];
};

bool SocketPair::send(int fd)
{
    Message message;
    cmsghdr *const rights = CMSG_FIRSTHDR(&message.header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
    return sendmsg(ends[0], &message.header, MSG_NOSIGNAL) == 1;
}

int SocketPair::receive()
{
    Message message;
    int fd = -1;
    if (recvmsg(ends[1], &message.header, MSG_CMSG_CLOEXEC) == 1) {
        const cmsghdr *const rights = CMSG_FIRSTHDR(&message.header);
        if (rights && rights->cmsg_type == SCM_RIGHTS) {
            memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
        }
    }
    return fd;
}

/* EGL_EXT_image_dma_buf_import; the modifier, which tiled images need, where it can be said */
std::vector<EGLint> import_attributes(EGLDisplay display, const GlDmabuf &buffer)
{
    static const EGLint names[GlDmabuf::MAX_PLANES][5] = {
        { EGL_DMA_BUF_PLANE0_FD_EXT, EGL_DMA_BUF_PLANE0_OFFSET_EXT, EGL_DMA_BUF_PLANE0_PITCH_EXT,
          EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT },
        { EGL_DMA_BUF_PLANE1_FD_EXT, EGL_DMA_BUF_PLANE1_OFFSET_EXT, EGL_DMA_BUF_PLANE1_PITCH_EXT,
          EGL_DMA_BUF_PLANE1_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE1_MODIFIER_HI_EXT },
        { EGL_DMA_BUF_PLANE2_FD_EXT, EGL_DMA_BUF_PLANE2_OFFSET_EXT, EGL_DMA_BUF_PLANE2_PITCH_EXT,
          EGL_DMA_BUF_PLANE2_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE2_MODIFIER_HI_EXT },
        { EGL_DMA_BUF_PLANE3_FD_EXT, EGL_DMA_BUF_PLANE3_OFFSET_EXT, EGL_DMA_BUF_PLANE3_PITCH_EXT,
          EGL_DMA_BUF_PLANE3_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE3_MODIFIER_HI_EXT },
    };
    const bool with_modifier = buffer.modifier != DRM_FORMAT_MOD_INVALID &&
        epoxy_has_egl_extension(display, "EGL_EXT_image_dma_buf_import_modifiers");
    std::vector<EGLint> attributes = {
        EGL_WIDTH, EGLint(buffer.width), EGL_HEIGHT, EGLint(buffer.height),
        EGL_LINUX_DRM_FOURCC_EXT, EGLint(buffer.fourcc),
    };
    for (int i = 0; i < buffer.num_planes; i++) {
        attributes.insert(attributes.end(), { names[i][0], buffer.fd[i],
                                              names[i][1], EGLint(buffer.offset[i]),
                                              names[i][2], EGLint(buffer.stride[i]) });
        if (with_modifier) {
            attributes.insert(attributes.end(), { names[i][3], EGLint(buffer.modifier),
                                                  names[i][4], EGLint(buffer.modifier >> 32) });
        }
    }
    attributes.push_back(EGL_NONE);
    return attributes;
}

} // namespace

void export_query(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_export(state, stage)) {
        return;
    }
    const Picture picture(stage, size);
    Samples samples(state);
    for (auto _ : state) {
        int fourcc, planes;
        if (!samples.time([&] {
                return egl_calls().export_query(stage.display, picture.image.handle(), &fourcc,
                                                &planes, nullptr);
            })) {
            return fail(state, egl_failure("eglExportDMABUFImageQueryMESA"));
        }
    }
}

/* An image that was exported before: the cost of each flip if the fd is not kept */
void export_again(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_export(state, stage)) {
        return;
    }
    const Exported known(state, stage, size);
    if (!known) {
        return;
    }
    Samples samples(state);
    for (auto _ : state) {
        EGLint strides[GlDmabuf::MAX_PLANES], offsets[GlDmabuf::MAX_PLANES];
        GlDmabuf owner;
        const bool exported = samples.time([&] {
            return egl_calls().export_image(stage.display, known.picture.image.handle(), owner.fd,
                                            strides, offsets);
        });
        /* Mesa says yes, and gives no fd, when the process has too many */
        if (!exported || owner.fd[0] < 0) {
            return fail(state, egl_failure("eglExportDMABUFImageMESA"));
        }
    }
}

/* As spice-server does it, once for a backing image. Drivers may move the image for it. */
void export_first(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_export(state, stage)) {
        return;
    }
    Samples samples(state);
    for (auto _ : state) {
        const Picture picture(stage, size);
        std::string why;
        if (!samples.time([&] {
                return gl_export_dmabuf(*stage.viewer, picture.image.handle(), size.width,
                                        size.height, &why);
            })) {
            return fail(state, why);
        }
    }
}

void dup_close(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_export(state, stage)) {
        return;
    }
    const Exported exported(state, stage, size);
    if (!exported) {
        return;
    }
    Samples samples(state);
    for (auto _ : state) {
        if (!samples.time([&] { return exported.buffer.dup().has_value(); })) {
            return fail(state, std::string("duplicating the fd: ") + strerror(errno));
        }
    }
}

/* Both in this thread: the time does not include a switch to another process */
void send_receive(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_export(state, stage)) {
        return;
    }
    const Exported exported(state, stage, size);
    if (!exported) {
        return;
    }
    SocketPair sockets;
    if (!sockets) {
        return fail(state, std::string("socketpair: ") + strerror(errno));
    }
    Samples samples(state);
    for (auto _ : state) {
        GlDmabuf received;
        received.fd[0] = samples.time([&] {
            return sockets.send(exported.buffer.fd[0]) ? sockets.receive() : -1;
        });
        if (received.fd[0] < 0) {
            return fail(state, std::string("SCM_RIGHTS: ") + strerror(errno));
        }
    }
}

/* On the display that exported: a driver that recognises its own buffers may be quicker here than
 * in a client's process */
void import_dmabuf(benchmark::State &state, Stage &stage, Size size)
{
    if (!need_import(state, stage)) {
        return;
    }
    const Exported exported(state, stage, size);
    if (!exported) {
        return;
    }
    const std::vector<EGLint> attributes = import_attributes(stage.display, exported.buffer);
    Samples samples(state);
    for (auto _ : state) {
        if (!samples.time([&] {
                return bool(Image(stage.display, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, nullptr,
                                  attributes.data()));
            })) {
            return fail(state, egl_failure("eglCreateImageKHR(EGL_LINUX_DMA_BUF_EXT)"));
        }
    }
}

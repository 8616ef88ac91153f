/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A dma-buf ("DRM prime" fds), and its export from an EGLImage. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gl-context.hpp"

namespace red {

/* Owns its fds, and closes them when destroyed. Move only. */
struct GlDmabuf {
    static constexpr int MAX_PLANES = 4;

    uint32_t width = 0, height = 0;  /* pixels */
    uint32_t fourcc = 0;             /* DRM_FORMAT_* */
    uint64_t modifier = 0;           /* DRM_FORMAT_MOD_* */
    int num_planes = 0;              /* 1 to 4 */
    int fd[MAX_PLANES] = { -1, -1, -1, -1 };
    uint32_t offset[MAX_PLANES] = {}; /* bytes */
    uint32_t stride[MAX_PLANES] = {}; /* bytes */

    GlDmabuf() = default;
    ~GlDmabuf();
    GlDmabuf(GlDmabuf &&other) noexcept;
    GlDmabuf &operator=(GlDmabuf &&other) noexcept;

    /* A copy with fds of its own (F_DUPFD_CLOEXEC); nothing if one cannot be duplicated. */
    std::optional<GlDmabuf> dup() const;
};

/* Exports IMAGE (EGL_MESA_image_dma_buf_export). All fds are close-on-exec; planes that share
 * memory get an fd each. Returns nothing on failure, with the reason in *why. Needs no current
 * context. */
std::optional<GlDmabuf> gl_export_dmabuf(const GlContext &context, EGLImage image,
                                         uint32_t width, uint32_t height, std::string *why);

} // namespace red

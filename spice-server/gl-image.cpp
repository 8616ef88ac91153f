/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-image.hpp"

#include <cerrno>
#include <cstddef>

#include "spice-wrapped.h"

namespace red {

GlImage::GlImage(QXLInstance *qxl_, uint64_t id, EGLImage image_, uint32_t width, uint32_t height,
                 Release release_, void *opaque_):
    qxl(qxl_), image_id(id), image(image_), w(width), h(height), release(release_), opaque(opaque_)
{
}

GlImage::~GlImage()
{
    if (release) {
        release(qxl, image, opaque);
    }
}

const GlDmabuf *GlImage::dmabuf(const GlContext &context, bool *exported, std::string *why)
{
    std::lock_guard<std::mutex> guard(export_lock);

    *exported = false;
    if (!tried) {
        tried = true;
        exported_dmabuf = gl_export_dmabuf(context, image, w, h, &export_error);
        *exported = exported_dmabuf.has_value();
    }
    if (!exported_dmabuf) {
        *why = export_error;
        return nullptr;
    }
    return &*exported_dmabuf;
}

bool GlImage::export_tried() const
{
    std::lock_guard<std::mutex> guard(export_lock);
    return tried;
}

static bool is_valid(const QXLGLScanout *s)
{
    constexpr uint32_t max = GlImageTable::MAX_SIZE;
    constexpr uint32_t known_flags = QXL_GL_SCANOUT_Y0TOP;
    /* The first version of the struct ended here; its callers pass this size */
    constexpr size_t first_size = offsetof(QXLGLScanout, opaque) + sizeof(s->opaque);

    return s->size >= first_size && s->image_id != 0 && s->egl_image &&
           (s->flags & ~known_flags) == 0 &&
           s->backing_width >= 1 && s->backing_width <= max &&
           s->backing_height >= 1 && s->backing_height <= max &&
           s->width >= 1 && s->height >= 1 &&
           s->x < s->backing_width && s->width <= s->backing_width - s->x &&
           s->y < s->backing_height && s->height <= s->backing_height - s->y;
}

int GlImageTable::scanout(QXLInstance *qxl, const QXLGLScanout *request, GlScanout *scanout,
                          bool *imported)
{
    *imported = false;
    if (!is_valid(request)) {
        return -EINVAL;
    }

    auto found = images.find(request->image_id);
    if (found == images.end()) {
        if (images.size() >= MAX_IMAGES) {
            return -ENOSPC;
        }
        auto image = std::make_shared<GlImage>(qxl, request->image_id, request->egl_image,
                                               request->backing_width, request->backing_height,
                                               request->release, request->opaque);
        found = images.emplace(request->image_id, std::move(image)).first;
        *imported = true;
    } else if (found->second->width() != request->backing_width ||
               found->second->height() != request->backing_height) {
        return -EINVAL; // an id stands for one image forever
    }

    scanout->image = found->second;
    scanout->visible = { request->x, request->y, request->width, request->height };
    scanout->y0_top = request->flags & QXL_GL_SCANOUT_Y0TOP;
    return 0;
}

std::shared_ptr<GlImage> GlImageTable::take(uint64_t id)
{
    auto found = images.find(id);
    if (found == images.end()) {
        return {};
    }
    auto image = std::move(found->second);
    images.erase(found);
    return image;
}

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Backing images lent by the owner of the display, and the scanout that shows part of one. */
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gl-context.hpp"
#include "gl-dmabuf.hpp"
#include "gl-rect.hpp"

struct QXLInstance;
struct QXLGLScanout;

namespace red {

/* One backing image. Holders of a reference may use the EGLImage; dropping the last reference
 * returns it to its owner, in whatever thread that happens. */
class GlImage
{
public:
    using Release = void (*)(QXLInstance *qxl, void *egl_image, void *opaque);

    GlImage(QXLInstance *qxl, uint64_t id, EGLImage image, uint32_t width, uint32_t height,
            Release release, void *opaque);
    ~GlImage();
    GlImage(const GlImage &) = delete;
    GlImage &operator=(const GlImage &) = delete;

    uint64_t id() const { return image_id; }
    EGLImage handle() const { return image; }
    uint32_t width() const { return w; }
    uint32_t height() const { return h; }

    /* The image as a dma-buf, which the first call exports, and which is kept with the image. Null,
     * with the reason in *why, if it cannot be exported (tried once only). *EXPORTED: whether this
     * call exported it. Any thread, but nothing may be drawing into the image: drivers may move it
     * into other memory to export it (llvmpipe does, radeonsi may). */
    const GlDmabuf *dmabuf(const GlContext &context, bool *exported, std::string *why);
    /* Has dmabuf() been called? */
    bool export_tried() const;

private:
    QXLInstance *const qxl;
    const uint64_t image_id;
    const EGLImage image;
    const uint32_t w, h;
    const Release release;
    void *const opaque;
    mutable std::mutex export_lock;
    bool tried = false; /* this and below: under the lock until TRIED is true, then constant */
    std::optional<GlDmabuf> exported_dmabuf;
    std::string export_error;
};

/* What is on the screen. Empty: nothing. */
struct GlScanout {
    std::shared_ptr<GlImage> image;
    GlRect visible;      /* part of the image, pixels from the picture's top left corner */
    bool y0_top = false;

    /* The visible part in memory, where the first line is the picture's last one if y0_top */
    GlRect in_memory() const
    {
        const uint32_t y = y0_top ? image->height() - visible.y - visible.h : visible.y;
        return { visible.x, y, visible.w, visible.h };
    }

    bool same_view(const GlScanout &o) const
    {
        return image == o.image && visible == o.visible && y0_top == o.y0_top;
    }
};

/* The images that may be scanned out again, by id. Bounded, since ids come from the caller. */
class GlImageTable
{
public:
    static constexpr size_t MAX_IMAGES = 64;
    static constexpr uint32_t MAX_SIZE = 32768; /* pixels, each way */

    /* Fills in *SCANOUT, and imports the image if its id is new (*IMPORTED). Returns 0, or a
     * negative errno, in which case nothing has changed. */
    int scanout(QXLInstance *qxl, const QXLGLScanout *request, GlScanout *scanout, bool *imported);
    /* Removes an image, which the caller must drop outside its locks: that may call the image's
     * owner back. Null: ID is unknown. */
    std::shared_ptr<GlImage> take(uint64_t id);
    bool contains(uint64_t id) const { return images.count(id); }
    size_t size() const { return images.size(); }

private:
    std::map<uint64_t, std::shared_ptr<GlImage>> images;
};

} // namespace red

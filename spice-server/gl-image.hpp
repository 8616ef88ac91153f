/* SPDX-License-Identifier: LGPL-2.1-or-later */
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

/* One backing image. Whoever holds a reference may use the EGLImage; the last one to go gives
 * it back to its owner, in whatever thread that is. */
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

    /* The image as dma-buf: exported by the first call, kept with the image. Null if it
     * cannot be (asked once only), with the reason in *why. *EXPORTED tells whether this
     * call was the first. Any thread, but drivers may move the image into other memory when
     * they export it (llvmpipe does, radeonsi may): nobody may be drawing into it. */
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
    bool tried = false; /* and below: under the lock until it is true, then constant */
    std::optional<GlDmabuf> exported_dmabuf;
    std::string export_error;
};

/* What is on the screen. Empty: nothing. */
struct GlScanout {
    std::shared_ptr<GlImage> image;
    GlRect visible;      /* pixels of the image, picture's top left origin */
    bool y0_top = false;

    /* The visible part's place among the lines in memory, of which the first is the picture's
     * last with y0_top */
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

/* The images that may be scanned out again, by id. Bounded: ids come from outside. */
class GlImageTable
{
public:
    static constexpr size_t MAX_IMAGES = 64;
    static constexpr uint32_t MAX_SIZE = 32768; /* pixels, each way */

    /* 0 and *scanout filled in (importing the image if its id is new: *imported), or a
     * negative errno and nothing changed. */
    int scanout(QXLInstance *qxl, const QXLGLScanout *request, GlScanout *scanout, bool *imported);
    /* The image, for the caller to drop outside of its locks: that may call its owner back. */
    std::shared_ptr<GlImage> take(uint64_t id);
    bool contains(uint64_t id) const { return images.count(id); }
    size_t size() const { return images.size(); }

private:
    std::map<uint64_t, std::shared_ptr<GlImage>> images;
};

} // namespace red

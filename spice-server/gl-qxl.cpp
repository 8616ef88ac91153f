/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* The public functions of spice-qxl-gl.h; in builds without EGL they return -ENOTSUP. */
#include <config.h>

#include <cerrno>

#include "red-qxl.h"
#include "spice-wrapped.h"

/* As in VERSION and CHANGELOG.md of the project */
SPICE_GNUC_VISIBLE
const char *spice_qxl_gl_version(void)
{
    return "0.1.0";
}

#ifdef HAVE_EGL

#include "gl-codecs.hpp"
#include "gl-display.hpp"
#include "reds.h"
#include "video-encoder.h"

using red::GlDisplay;

static GlDisplay *initialised(QXLInstance *qxl, int *error)
{
    if (!qxl || !qxl->st) {
        *error = -EINVAL;
        return nullptr;
    }
    auto gl = red::gl_display(qxl);
    if (!gl) {
        *error = -ENOTSUP;
    }
    return gl;
}

/* The codecs for which the server may use GStreamer, bits. MJPEG is one of them only if GStreamer's
 * encoder precedes spice's own, and is then used by 2D displays only. */
static uint32_t codecs_of(SpiceServer *server)
{
    const auto list = reds_get_video_codecs(server);
    uint32_t codecs = 0;
    bool jpeg = false;

    if (reds_get_streaming_video(server) == SPICE_STREAM_VIDEO_OFF) {
        return 0;
    }
    for (guint i = 0; i < list->len; i++) {
        const auto &codec = g_array_index(list, RedVideoCodec, i);
        const bool own = codec.create == mjpeg_encoder_new;
        if (!own && !(jpeg && codec.type == SPICE_VIDEO_CODEC_TYPE_MJPEG)) {
            codecs |= 1u << codec.type;
        }
        jpeg = jpeg || own;
    }
    return codecs;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_init(QXLInstance *qxl, void *egl_display)
{
    if (!qxl || !qxl->st || !egl_display) {
        return -EINVAL;
    }
    if (red::gl_display(qxl)) {
        return -EALREADY;
    }

    int error;
    std::string why;
    auto context = red::GlContext::create(egl_display, &error, &why);
    if (!context) {
        spice_warning("display %d: cannot create a GL context on the given EGLDisplay: %s", qxl->id,
                      why.c_str());
        return error;
    }
    g_message("display %d: created a GL context on %s, dma-buf export %s", qxl->id,
              context->renderer().c_str(), context->can_export() ? "yes" : "no");
    red::gl_codecs_load(codecs_of(red_qxl_get_server(qxl->st)));
    red_qxl_set_gl(qxl, new GlDisplay(qxl, std::move(context)));
    return 0;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_scanout_texture(QXLInstance *qxl, const QXLGLScanout *scanout)
{
    int error;
    auto gl = initialised(qxl, &error);
    return gl ? gl->scanout(scanout) : error;
}

SPICE_GNUC_VISIBLE
void spice_qxl_gl_release_texture(QXLInstance *qxl, uint64_t image_id)
{
    int error;
    if (auto gl = initialised(qxl, &error)) {
        gl->release(image_id);
    }
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_draw_fence_async(QXLInstance *qxl, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
                                  void *egl_sync, uint64_t cookie)
{
    int error;
    auto gl = initialised(qxl, &error);
    return gl ? gl->draw({ x, y, w, h }, egl_sync, cookie) : error;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_get_stats(QXLInstance *qxl, QXLGLStats *stats, QXLGLClientStats *clients,
                           uint32_t *num_clients)
{
    int error;
    auto gl = initialised(qxl, &error);
    if (!gl) {
        return error;
    }
    if (!stats || stats->size < sizeof(stats->size) || (clients && !num_clients) ||
        (clients && *num_clients && clients->size < sizeof(clients->size))) {
        return -EINVAL;
    }
    gl->get_stats(stats, clients, num_clients);
    return 0;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_set_path_callback(QXLInstance *qxl, QXLGLPathFunc func, void *opaque)
{
    int error = 0;
    if (auto gl = initialised(qxl, &error)) {
        gl->paths().set_callback(qxl, func, opaque);
    }
    return error;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_set_max_rate(QXLInstance *qxl, uint32_t frames_per_second)
{
    int error;
    auto gl = initialised(qxl, &error);
    if (!gl) {
        return error;
    }
    if (frames_per_second < 1 || frames_per_second > 240) {
        return -EINVAL;
    }
    gl->set_max_rate(frames_per_second);
    return 0;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_set_dmabufs(QXLInstance *qxl, int allowed)
{
    int error = 0;
    if (auto gl = initialised(qxl, &error)) {
        gl->paths().allow_dmabufs(allowed);
    }
    return error;
}

#else

SPICE_GNUC_VISIBLE
int spice_qxl_gl_set_dmabufs(QXLInstance *, int)
{
    return -ENOTSUP;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_set_max_rate(QXLInstance *, uint32_t)
{
    return -ENOTSUP;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_set_path_callback(QXLInstance *, QXLGLPathFunc, void *)
{
    return -ENOTSUP;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_init(QXLInstance *, void *)
{
    return -ENOTSUP;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_scanout_texture(QXLInstance *, const QXLGLScanout *)
{
    return -ENOTSUP;
}

SPICE_GNUC_VISIBLE
void spice_qxl_gl_release_texture(QXLInstance *, uint64_t)
{
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_draw_fence_async(QXLInstance *, uint32_t, uint32_t, uint32_t, uint32_t, void *,
                                  uint64_t)
{
    return -ENOTSUP;
}

SPICE_GNUC_VISIBLE
int spice_qxl_gl_get_stats(QXLInstance *, QXLGLStats *, QXLGLClientStats *, uint32_t *)
{
    return -ENOTSUP;
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* GlDisplay in its owner's thread and in the reader's. gl-display-worker.cpp has the worker's. */
#include <config.h>

#include "gl-display.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-thread.hpp"
#include "red-qxl.h"
#include "red-worker.h"
#include "reds.h"

namespace red {

/* How many different reasons for failed reads are logged */
static constexpr size_t MAX_READ_FAILURES = 16;

GlDisplay::GlDisplay(QXLInstance *qxl_, std::unique_ptr<GlContext> &&context):
    qxl(qxl_),
    reader(*this, std::move(context)),
    wake_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
    path(reader.gl()),
    local(path),
    hardware(*this, path, reader.gl())
{
    screen.display_id = qxl->id;
    hardware.open(qxl->id);
}

GlDisplay::~GlDisplay()
{
    spice_warn_if_fail(!wake_watch);
    if (wake_fd >= 0) {
        close(wake_fd);
    }
}

/* Never blocks, and no wake-up is lost: the eventfd counts until the worker reads it */
void GlDisplay::wake_worker()
{
    const uint64_t one = 1;
    if (write(wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN) {
        spice_warning("display %d: cannot wake the worker: %s", qxl->id, strerror(errno));
    }
}

/* ---- the owner's thread ---- */

int GlDisplay::scanout(const QXLGLScanout *request)
{
    GlScanout previous, shown;
    bool notify, released = false;
    {
        Lock guard(lock);
        bool imported = false;
        if (request) {
            const int error = images.scanout(qxl, request, &shown, &imported);
            if (error) {
                return error;
            }
        }
        stats.scanouts++;
        stats.images_imported += imported;
        previous = std::move(current); // dropped after the lock: may call the owner back
        current = shown;
        serial++;
        /* If all clients are served by readback, a flip concerns only the reader */
        const bool flip = previous.image && shown.image && previous.visible == shown.visible;
        notify = num_local > 0 || draws_announced || (num_remote > 0 && !flip);
        active_ns = spice_get_monotonic_time_ns();
        if (previous.image && previous.image != shown.image) {
            released = !images.contains(previous.image->id());
        }
        notify |= released && num_remote > 0; // the worker has to drop its reference
    }

    reader.show(shown);
    if (released) { // by release(), while it was on the screen
        reader.forget(previous.image->id());
    }
    if (notify) {
        wake_worker();
    }
    if (shown.visible.w != previous.visible.w || shown.visible.h != previous.visible.h) {
        reds_update_client_mouse_allowed(red_qxl_get_server(qxl->st));
    }
    return 0;
}

void GlDisplay::release(uint64_t image_id)
{
    std::shared_ptr<GlImage> image; // dropped after the lock
    bool notify;
    {
        Lock guard(lock);
        image = images.take(image_id);
        notify = image && num_remote > 0;
    }
    if (image) {
        reader.forget(image_id);
    }
    if (notify) { // flips do not wake the worker, which may still hold this image
        wake_worker();
    }
}

int GlDisplay::draw(const GlRect &drawn, EGLSync sync, uint64_t cookie)
{
    auto fence = std::make_shared<GlFence>();
    GlRect rect;
    Draw draw;
    bool announced;
    {
        Lock guard(lock);
        if (!current.image) {
            return -ENOENT;
        }
        if (draw_state.active) {
            return -EBUSY;
        }
        *fence = GlFence(reader.gl().display(), sync);
        draw.for_local = num_local > 0;
        announced = draws_announced || (draw.for_local && !current.image->export_tried());
        draw.for_reader = num_remote > 0 || announced;
        draw.active = draw.for_local || draw.for_reader;
        draw.cookie = cookie;
        draw.start_ns = spice_get_monotonic_time_ns();
        active_ns = draw.start_ns;
        draw_state = draw;
        rect = drawn.clipped(current.visible.w, current.visible.h);
        if (draw.for_local) {
            local_damage = local_damage.united(rect);
        }
        stats.draws++;
        stats.draws_unseen += !draw.active;
    }

    hardware.note_guest_draw(uint64_t{rect.w} * rect.h);
    reader.queue_draw(rect, std::move(fence), announced, draw.for_reader,
                      draw.for_local ? draw.start_ns + GlPatience::LONGEST_NS : 0);
    if (!draw.active) {
        red_qxl_async_complete(qxl, cookie);
    } else if (draw.for_local) {
        wake_worker();
    }
    return 0;
}

bool GlDisplay::size(int *width, int *height)
{
    Lock guard(lock);
    if (!current.image) {
        return false;
    }
    *width = current.visible.w;
    *height = current.visible.h;
    return true;
}

void GlDisplay::get_stats(QXLGLStats *out, QXLGLClientStats *clients, uint32_t *num_clients_io)
{
    {
        Lock guard(lock);
        stats.images = images.size();
        stats.size = std::min<uint32_t>(out->size, sizeof(stats));
        memcpy(out, &stats, stats.size);
    }
    if (num_clients_io) {
        path.get_stats(clients, num_clients_io);
    }
}

/* ---- any thread: completing a draw ---- */

void GlDisplay::complete_if_done(Lock &&guard)
{
    Draw &draw = draw_state;

    if (!draw.active || draw.for_reader || draw.for_local) {
        return;
    }
    draw.active = false;
    stats.longest_draw_ns = std::max<uint64_t>(stats.longest_draw_ns,
        spice_get_monotonic_time_ns() - draw.start_ns);
    const uint64_t cookie = draw.cookie;
    guard.unlock();
    red_qxl_async_complete(qxl, cookie);
}

/* ---- the reader's thread ---- */

void GlDisplay::reading_over()
{
    Lock guard(lock);
    draw_state.for_reader = false;
    complete_if_done(std::move(guard));
}

void GlDisplay::deadline_passed()
{
    Lock guard(lock);
    if (spice_get_monotonic_time_ns() >= draw_state.start_ns + GlPatience::LONGEST_NS) {
        stats.draws_late += draw_state.active && draw_state.for_local;
        draw_state.for_local = false;
        complete_if_done(std::move(guard));
    }
}

void GlDisplay::picture_ready()
{
    wake_worker();
}

void GlDisplay::counted_readback(uint64_t bytes)
{
    Lock guard(lock);
    stats.readbacks++;
    stats.readback_bytes += bytes;
}

void GlDisplay::read_failed(const std::string &why)
{
    /* Each reason is logged once: a read that fails is retried again and again */
    if (read_failures.size() < MAX_READ_FAILURES && read_failures.insert(why).second) {
        spice_warning("display %d: cannot read the scanout for remote clients: %s", qxl->id,
                      why.c_str());
    }
}

void GlDisplay::context_lost(const char *reset, const std::string &now)
{
    spice_warning("display %d: GL context lost (%s): %s", qxl->id, reset, now.c_str());
}

void GlDisplay::context_back()
{
    g_message("display %d: GL context restored", qxl->id);
}

/* The GPU has finished, and the guest waits for its answer: nothing draws into the image now */
void GlDisplay::on_fence_signalled()
{
    std::shared_ptr<GlImage> to_export; // dropped after the lock
    {
        Lock guard(lock);
        gpu_finished = true;
        if (num_local > 0 || dmabufs_wanted) {
            to_export = current.image;
        }
    }
    if (to_export) {
        export_image(*to_export);
    }
    wake_worker();
}

/* Users of the dma-buf learn from the image whether this has worked */
void GlDisplay::export_image(GlImage &image)
{
    bool exported;
    std::string why;

    image.dmabuf(reader.gl(), &exported, &why);
    if (exported) {
        Lock guard(lock);
        stats.prime_exports++;
    }
}

/* ---- any thread ---- */

void GlDisplay::hardware_has_news()
{
    wake_worker();
}

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "gl-display.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "red-qxl.h"
#include "red-worker.h"
#include "reds.h"

namespace red {

/* How long a guest waits for local clients that still read its buffer. A client that draws at
 * all answers within one or two frames, on a busy machine within some more; one that is
 * stopped must not be noticed by the guest. */
static constexpr uint32_t LOCAL_WAIT_MS = 80;
/* The readback's fence is asked this often */
static constexpr uint32_t READBACK_POLL_MS = 1;
/* A GPU that takes longer than this to read a picture does not work */
static constexpr uint64_t READBACK_TIMEOUT_NS = NSEC_PER_SEC;
/* Pictures are read at most this often, whatever the guest's rate; the last one always is */
static constexpr uint64_t READBACK_INTERVAL_NS = NSEC_PER_SEC / 125;
static constexpr uint32_t CATCH_UP_MS = 10;

GlDisplay::GlDisplay(QXLInstance *qxl_, std::unique_ptr<GlContext> &&context_):
    qxl(qxl_),
    context(std::move(context_)),
    path(*context)
{
}

GlDisplay::~GlDisplay()
{
    spice_warn_if_fail(!readback);
}

/* ---- the owner's thread ---- */

int GlDisplay::scanout(const QXLGLScanout *request)
{
    GlScanout previous;
    GlScanout next;
    bool notify;
    bool resized;
    {
        std::lock_guard<std::mutex> guard(lock);
        bool imported = false;
        if (request) {
            const int error = images.scanout(qxl, request, &next, &imported);
            if (error) {
                return error;
            }
        }
        stats.scanouts++;
        stats.images_imported += imported;
        resized = next.visible.w != current.visible.w || next.visible.h != current.visible.h;
        previous = std::move(current); // dropped after the lock: may call the owner back
        current = std::move(next);
        serial++;
        notify = num_clients > 0;
    }

    if (notify) {
        RedWorkerMessageGlScanout message = {};
        red_qxl_get_dispatcher(qxl)->send_message(message.MESSAGE_NUM, &message);
    }
    if (resized) {
        reds_update_client_mouse_allowed(red_qxl_get_server(qxl->st));
    }
    return 0;
}

void GlDisplay::release(uint64_t image_id)
{
    std::shared_ptr<GlImage> image; // dropped after the lock
    bool worker_has_it;
    {
        std::lock_guard<std::mutex> guard(lock);
        image = images.take(image_id);
        if (!image) {
            return;
        }
        worker_has_it = read_ids.count(image_id);
        if (worker_has_it) {
            forgotten.push_back(image_id);
        }
    }
    if (worker_has_it) {
        RedWorkerMessageGlScanout message = {};
        red_qxl_get_dispatcher(qxl)->send_message(message.MESSAGE_NUM, &message);
    }
}

int GlDisplay::draw(const GlRect &drawn, EGLSync sync, uint64_t cookie)
{
    std::shared_ptr<GlFence> previous;
    bool unseen;
    {
        std::lock_guard<std::mutex> guard(lock);
        if (!current.image) {
            return -ENOENT;
        }
        if (draw_state.active) {
            return -EBUSY;
        }
        stats.draws++;
        previous = std::move(fence);
        fence = std::make_shared<GlFence>(context->display(), sync);
        unseen = num_clients == 0;
        if (unseen) {
            stats.draws_unseen++;
        } else {
            draw_state.active = true;
            draw_state.cookie = cookie;
            draw_state.start_ns = spice_get_monotonic_time_ns();
        }
    }

    if (unseen) {
        red_qxl_async_complete(qxl, cookie);
    } else {
        RedWorkerMessageGlDraw message = {};
        message.draw.x = drawn.x;
        message.draw.y = drawn.y;
        message.draw.w = drawn.w;
        message.draw.h = drawn.h;
        red_qxl_get_dispatcher(qxl)->send_message(message.MESSAGE_NUM, &message);
    }
    return 0;
}

bool GlDisplay::size(int *width, int *height)
{
    std::lock_guard<std::mutex> guard(lock);
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
        std::lock_guard<std::mutex> guard(lock);
        stats.images = images.size();
        stats.size = std::min<uint32_t>(out->size, sizeof(stats));
        memcpy(out, &stats, stats.size);
    }
    if (num_clients_io) {
        path.get_stats(clients, num_clients_io);
    }
}

/* ---- the display worker's thread ---- */

void GlDisplay::set_num_clients()
{
    std::lock_guard<std::mutex> guard(lock);
    num_clients = path.all().size();
}

void GlDisplay::start_timer(SpiceTimer **timer, void (*func)(GlDisplay *), uint32_t ms)
{
    if (!*timer) {
        *timer = channel->get_core_interface()->timer_new(func, this);
    }
    red_timer_start(*timer, ms);
}

void GlDisplay::scanout_changed(DisplayChannel *display)
{
    channel = display;
    apply_scanout();
    forget_images();
    if (!remote_damage.empty()) {
        start_timer(&catch_up_timer, catch_up, CATCH_UP_MS);
    }
}

/* Takes over what the owner set since, and tells clients about it */
void GlDisplay::apply_scanout()
{
    GlScanout previous = applied;
    {
        std::lock_guard<std::mutex> guard(lock);
        if (serial == applied_serial) {
            return;
        }
        applied_serial = serial;
        applied = current;
        if (previous.image && previous.image != applied.image &&
            !images.contains(previous.image->id()) && read_ids.count(previous.image->id())) {
            forgotten.push_back(previous.image->id()); // released while it was on the screen
        }
    }

    if (applied.same_view(previous)) {
        return;
    }
    if (!(applied.visible == previous.visible)) {
        QXLMonitorsConfig *config = static_cast<QXLMonitorsConfig *>(
            g_malloc0(sizeof(QXLMonitorsConfig) + sizeof(QXLHead)));
        config->heads[0].x = applied.visible.x;
        config->heads[0].y = applied.visible.y;
        config->heads[0].width = applied.visible.w;
        config->heads[0].height = applied.visible.h;
        display_channel_update_monitors_config(channel, config, 1, 1);
        g_free(config);
    }

    if (path.any_local()) {
        publish_dmabuf();
        for (auto &client : path.all()) {
            if (GlPath::is_local(client.dcc)) {
                client.dcc->pipe_add(dcc_gl_scanout_item_new(client.dcc, nullptr, 0));
            }
        }
    } else {
        red_qxl_set_gl_scanout(channel->priv->qxl, nullptr);
    }
    remote_damage = { 0, 0, applied.visible.w, applied.visible.h };
    if (!applied.image) {
        primary.destroy(channel);
    }
}

/* Exports the current image, if it has not been, to where messages for local clients are made
 * from. If that fails, local clients become remote ones. */
void GlDisplay::publish_dmabuf()
{
    RedGLScanout scanout{};
    const GlDmabuf *dmabuf = nullptr;

    if (applied.image) {
        bool first;
        std::string why;
        dmabuf = applied.image->dmabuf(*context, &first, &why);
        if (!dmabuf) {
            red_qxl_set_gl_scanout(channel->priv->qxl, nullptr);
            local_failed(why);
            return;
        }
        if (first) {
            std::lock_guard<std::mutex> guard(lock);
            stats.prime_exports++;
        }
        scanout.width = applied.image->width();
        scanout.height = applied.image->height();
        scanout.fourcc = dmabuf->fourcc;
        scanout.modifier = dmabuf->modifier;
        scanout.num_planes = dmabuf->num_planes;
        scanout.flags = applied.y0_top ? SPICE_GL_SCANOUT_FLAGS_Y0TOP : 0;
        std::copy_n(dmabuf->fd, GlDmabuf::MAX_PLANES, scanout.fd);
        std::copy_n(dmabuf->offset, GlDmabuf::MAX_PLANES, scanout.offset);
        std::copy_n(dmabuf->stride, GlDmabuf::MAX_PLANES, scanout.stride);
    }
    red_qxl_set_gl_scanout(channel->priv->qxl, dmabuf ? &scanout : nullptr);
}

void GlDisplay::local_failed(const std::string &why)
{
    spice_warning("display %d: no dma-buf for local clients, they are served as remote ones: %s",
                  channel->priv->qxl->id, why.c_str());

    std::list<DisplayChannelClient *> former;
    for (auto &client : path.all()) {
        if (GlPath::is_local(client.dcc)) {
            former.push_back(client.dcc);
            client.late = client.missed = false;
            client.dcc->priv->gl_draw_ongoing = false;
        }
    }
    path.local_failed();
    refresh_primary();
    for (auto dcc : former) {
        auto surface = channel->priv->surfaces[0];
        if (surface) {
            dcc_create_surface(dcc, surface);
            dcc_push_surface_image(dcc, surface);
            dcc_push_monitors_config(dcc);
            dcc->pipe_add_empty_msg(SPICE_MSG_DISPLAY_MARK);
        }
    }
}

void GlDisplay::draw_requested(DisplayChannel *display, const GlRect &drawn)
{
    channel = display;
    apply_scanout();
    forget_images();

    const GlRect clipped = drawn.clipped(applied.visible.w, applied.visible.h);
    for (auto &client : path.all()) {
        if (!GlPath::is_local(client.dcc)) {
            continue;
        }
        if (client.dcc->priv->gl_draw_ongoing) {
            client.missed = true;
        } else {
            push_local_draw(client, clipped);
            start_timer(&local_timer, local_timeout, LOCAL_WAIT_MS);
        }
    }
    remote_damage = remote_damage.united(clipped);
    read_for_remote_clients();
    complete_if_done();
}

void GlDisplay::push_local_draw(GlClient &client, const GlRect &drawn)
{
    auto item = red::make_shared<RedGlDrawItem>();
    item->draw.x = applied.visible.x + drawn.x;
    item->draw.y = applied.visible.y + drawn.y;
    item->draw.w = drawn.w;
    item->draw.h = drawn.h;
    client.late = client.missed = false;
    client.dcc->priv->gl_draw_ongoing = true;
    client.dcc->pipe_add(std::move(item));
}

/* One of the local clients has answered */
void GlDisplay::local_client_done(DisplayChannel *display)
{
    channel = display;
    for (auto &client : path.all()) {
        if (!client.dcc->priv->gl_draw_ongoing) {
            client.late = false;
        }
    }
    complete_if_done();
    send_missed_draws();
}

/* Local clients that were busy when the picture changed, or have come since, get it now. The
 * guest does not wait for these. */
void GlDisplay::send_missed_draws()
{
    if (!applied.image) {
        return;
    }
    for (auto &client : path.all()) {
        if (client.missed && !client.dcc->priv->gl_draw_ongoing && GlPath::is_local(client.dcc)) {
            push_local_draw(client, { 0, 0, applied.visible.w, applied.visible.h });
            client.late = true;
        }
    }
}

void GlDisplay::local_timeout(GlDisplay *gl)
{
    for (auto &client : gl->path.all()) {
        client.late = client.dcc->priv->gl_draw_ongoing;
    }
    gl->complete_if_done();
}

void GlDisplay::complete_if_done()
{
    const auto reads = [](const GlClient &c) { return c.dcc->priv->gl_draw_ongoing && !c.late; };
    if (!reading_image && std::none_of(path.all().begin(), path.all().end(), reads)) {
        complete_draw();
    }
}

void GlDisplay::complete_draw()
{
    uint64_t cookie;
    {
        std::lock_guard<std::mutex> guard(lock);
        if (!draw_state.active) {
            return;
        }
        draw_state.active = false;
        cookie = draw_state.cookie;
        stats.longest_draw_ns = std::max<uint64_t>(stats.longest_draw_ns,
            spice_get_monotonic_time_ns() - draw_state.start_ns);
    }
    red_qxl_async_complete(qxl, cookie);
}

/* ---- remote clients ---- */

GlSource GlDisplay::source() const
{
    GlSource s;
    s.image_id = applied.image->id();
    s.image = applied.image->handle();
    s.width = applied.image->width();
    s.height = applied.image->height();
    /* SPICE's flag says that y = 0 is at the top in GL's sense, where y grows upwards: the
     * first line in memory is the lowest */
    s.y0_top = !applied.y0_top;
    return s;
}

GlRect GlDisplay::in_image(const GlRect &rect) const
{
    return { applied.visible.x + rect.x, applied.visible.y + rect.y, rect.w, rect.h };
}

void GlDisplay::read_failed(const std::string &why)
{
    remote_damage = {};
    if (!read_warned) {
        spice_warning("display %d: cannot read the scanout for remote clients: %s",
                      channel->priv->qxl->id, why.c_str());
        read_warned = true;
    }
}

/* Everything that a readback needs: context, surface, the guest's drawing behind a fence */
bool GlDisplay::prepare_read()
{
    std::string why;

    if (!context->make_current()) {
        read_failed("the GL context cannot be made current");
        return false;
    }
    if (!readback) {
        readback = std::make_unique<GlReadback>(*context);
    }
    if (!primary.fits(applied.visible.w, applied.visible.h)) {
        if (!primary.create(channel, applied.visible.w, applied.visible.h)) {
            read_failed("no surface of its size");
            return false;
        }
        damage.reset(applied.visible.w, applied.visible.h);
    }

    std::shared_ptr<GlFence> drawn;
    {
        std::lock_guard<std::mutex> guard(lock);
        drawn = fence;
        read_ids.insert(applied.image->id());
    }
    if (drawn && !drawn->wait_before_later_commands(*context)) {
        spice_warning("display %d: the guest's drawing takes more than a second",
                      channel->priv->qxl->id);
    }
    return true;
}

/* Starts to read what is damaged, unless it is too early for another picture */
void GlDisplay::read_for_remote_clients()
{
    if (reading_image || remote_damage.empty()) {
        return;
    }
    if (!applied.image || !path.any_remote()) {
        remote_damage = {};
        return;
    }
    const uint64_t now = spice_get_monotonic_time_ns();
    if (now < last_read_ns + READBACK_INTERVAL_NS) {
        const uint64_t left = last_read_ns + READBACK_INTERVAL_NS - now;
        start_timer(&catch_up_timer, catch_up, left / NSEC_PER_MILLISEC + 1);
        return;
    }
    if (!prepare_read()) {
        return;
    }

    std::string why;
    if (!readback->begin(source(), in_image(remote_damage), &why)) {
        read_failed(why);
        return;
    }
    last_read_ns = now;
    reading = remote_damage;
    reading_image = applied.image;
    remote_damage = {};
    poll_readback(this);
}

void GlDisplay::poll_readback(GlDisplay *gl)
{
    if (!gl->reading_image) {
        return;
    }
    if (gl->readback->ready()) {
        gl->readback_done();
    } else if (spice_get_monotonic_time_ns() > gl->last_read_ns + READBACK_TIMEOUT_NS) {
        gl->readback->cancel();
        gl->reading_image.reset();
        gl->read_failed("the GPU does not finish");
        gl->complete_if_done();
    } else {
        gl->start_timer(&gl->readback_timer, poll_readback, READBACK_POLL_MS);
    }
}

/* The part of PIXELS, which are RECT, in the same memory */
static uint8_t *cropped(uint8_t *pixels, const GlRect &rect, const GlRect &part)
{
    if (part == rect) {
        return pixels;
    }
    const size_t from_line = size_t{rect.w} * 4, to_line = size_t{part.w} * 4;
    const uint8_t *from = pixels + (part.y - rect.y) * from_line + (part.x - rect.x) * size_t{4};
    for (uint32_t y = 0; y < part.h; y++) {
        memmove(pixels + y * to_line, from + y * from_line, to_line);
    }
    auto smaller = static_cast<uint8_t *>(realloc(pixels, to_line * part.h));
    return smaller ? smaller : pixels;
}

/* The pixels are in the buffer object: the guest may go on, clients get the frame */
void GlDisplay::readback_done()
{
    reading_image.reset();
    complete_if_done();

    const size_t stride = size_t{reading.w} * 4;
    const size_t size = stride * reading.h;
    auto pixels = static_cast<uint8_t *>(malloc(size));
    std::string why;
    if (!pixels || !readback->finish(pixels, stride, &why)) {
        free(pixels);
        readback->cancel();
        read_failed(pixels ? why : "no memory");
        return;
    }
    count_readback(size);

    /* The scanout may have been resized while this frame was on its way */
    const GlRect all = reading.clipped(primary.width(), primary.height());
    const GlRect changed = reading == all ?
        damage.changed(reading, pixels, spice_get_monotonic_time_ns()) : GlRect{};
    if (changed.empty()) {
        free(pixels);
        return;
    }
    primary.draw(channel, changed, cropped(pixels, reading, changed));
    if (path.catch_up(channel)) {
        start_timer(&catch_up_timer, catch_up, CATCH_UP_MS);
    }
}

void GlDisplay::count_readback(uint64_t bytes)
{
    std::lock_guard<std::mutex> guard(lock);
    stats.readbacks++;
    stats.readback_bytes += bytes;
}

/* What was put off: damage that came too early, draws for busy clients, clients that lagged */
void GlDisplay::catch_up(GlDisplay *gl)
{
    gl->send_missed_draws();
    gl->read_for_remote_clients();
    if (gl->path.catch_up(gl->channel)) {
        gl->start_timer(&gl->catch_up_timer, catch_up, CATCH_UP_MS);
    }
}

/* The whole picture, at once, into the primary surface: for the first remote client, which
 * then gets the surface as any client of a 2D display does. */
void GlDisplay::refresh_primary()
{
    if (!applied.image || reading_image || !prepare_read()) {
        return;
    }

    const GlRect whole = { 0, 0, applied.visible.w, applied.visible.h };
    std::string why;
    if (!readback->begin(source(), in_image(whole), &why) ||
        !readback->wait(READBACK_TIMEOUT_NS) ||
        !readback->finish(primary.pixels(channel), primary.stride(), &why)) {
        readback->cancel();
        read_failed(why.empty() ? "the GPU does not finish" : why);
        return;
    }
    count_readback(primary.stride() * whole.h);
    damage.reset(whole.w, whole.h);
    remote_damage = {};
}

/* Textures made from images that their owner has released */
void GlDisplay::forget_images()
{
    std::vector<uint64_t> ids;
    {
        std::lock_guard<std::mutex> guard(lock);
        ids.swap(forgotten);
        for (auto id : ids) {
            read_ids.erase(id);
        }
    }
    if (!ids.empty() && readback && context->make_current()) {
        for (auto id : ids) {
            readback->forget(id);
        }
    }
}

/* ---- clients come and go ---- */

void GlDisplay::client_started(DisplayChannelClient *dcc)
{
    channel = DCC_TO_DC(dcc);
    const bool had_remote = path.any_remote();

    path.add(dcc);
    set_num_clients();
    apply_scanout();

    if (GlPath::is_local(dcc)) {
        publish_dmabuf();
        /* what is on the screen now, behind the scanout message */
        path.find(dcc)->missed = true;
        start_timer(&catch_up_timer, catch_up, 0);
    } else if (!had_remote) {
        refresh_primary();
    }
}

void GlDisplay::client_stopped(DisplayChannelClient *dcc)
{
    channel = DCC_TO_DC(dcc);
    if (!path.find(dcc)) {
        return;
    }
    path.remove(dcc);
    set_num_clients();
    if (!path.any_remote()) {
        primary.destroy(channel);
        remote_damage = {};
    }
    complete_if_done();
}

void GlDisplay::worker_stopping()
{
    for (auto timer : { &readback_timer, &local_timer, &catch_up_timer }) {
        if (*timer) {
            red_timer_remove(*timer);
            *timer = nullptr;
        }
    }
    if (readback) {
        context->make_current();
        readback.reset();
        context->done_current();
    }
    reading_image.reset();
    applied = {};
}

} // namespace red

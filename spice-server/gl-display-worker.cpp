/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* GlDisplay in the display worker's thread: what clients are shown, and the end of the threads. */
#include <config.h>

#include "gl-display.hpp"

#include <algorithm>

#include <unistd.h>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-thread.hpp"
#include "red-qxl.h"
#include "reds.h"

namespace red {

static constexpr uint32_t CATCH_UP_MS = 10;
/* Longest wait for threads that compress images and encode video to end */
static constexpr uint32_t END_WAIT_MS = 3000;
/* This long after its owner's last scanout or draw, nothing is assumed to draw into an image */
static constexpr uint64_t ACTIVE_NS = 100 * NSEC_PER_MILLISEC;

void GlDisplay::worker_woken(int fd, int, GlDisplay *gl)
{
    uint64_t times;
    if (read(fd, &times, sizeof(times)) < 0) {
        return;
    }
    gl->apply_scanout();
    gl->publish_late();
    gl->send_draw();
    gl->show_picture();
    gl->show_moving();
    gl->feed();
}

bool GlDisplay::start_threads(DisplayChannel *display)
{
    channel = display;
    if (wake_watch) {
        return true;
    }
    std::string why = "eventfd() failed";
    if (wake_fd < 0 || !reader.start(&why)) {
        spice_warning("display %d: cannot serve clients: %s", qxl->id, why.c_str());
        return false;
    }
    gl_let_wakers_go_on();
    wake_watch = channel->get_core_interface()->watch_new(wake_fd, SPICE_WATCH_EVENT_READ,
                                                          worker_woken, this);
    return true;
}

/* Updates which clients a draw waits for, and whether frames are read at all */
void GlDisplay::clients_changed()
{
    const auto &all = path.all();
    const unsigned int locals = std::count_if(all.begin(), all.end(), [](const GlClient &client) {
        return GlPath::is_local(client.dcc);
    });
    const unsigned int pictured = all.size() - locals - hardware.num_moving();
    bool first_remote;
    {
        Lock guard(lock);
        first_remote = num_remote == 0 && pictured > 0;
        num_local = locals;
        num_remote = pictured;
        draws_announced = hardware.any();
        dmabufs_wanted = dmabufs_wanted && draws_announced;
    }
    reader.want(pictured > 0);
    if (first_remote) {
        reader.refresh();
    }
    if (!path.any_remote()) { // no client needs this memory
        screen.frame.reset();
        screen.jpegs->clear();
    }
    local_clients_answered();
    if (all.empty()) {
        /* no client needs an image */
        local.publish_nothing(channel);
        applied = {};
        applied_serial = UINT64_MAX;
    }
}

void GlDisplay::start_catch_up(uint32_t ms)
{
    if (!catch_up_timer) {
        catch_up_timer = channel->get_core_interface()->timer_new(catch_up, this);
    }
    red_timer_start(catch_up_timer, ms);
}

/* Does what was put off: exports, and draws for busy local clients */
void GlDisplay::catch_up(GlDisplay *gl)
{
    gl->publish_late(); // or starts the timer again
    gl->send_missed();
}

/* Sends remote clients what there is room for */
void GlDisplay::feed()
{
    const uint64_t now = spice_get_monotonic_time_ns();
    uint64_t again = GlRemote::NEVER;

    for (auto &client : path.all()) {
        if (client.remote) {
            again = std::min(again, client.remote->work(now));
        }
    }
    path.note_links(now);
    if (again == GlRemote::NEVER) {
        return;
    }
    if (!feed_timer) {
        feed_timer = channel->get_core_interface()->timer_new(feed_again, this);
    }
    const uint64_t ms = again > now ? (again - now + NSEC_PER_MILLISEC - 1) / NSEC_PER_MILLISEC : 1;
    red_timer_start(feed_timer, ms);
}

void GlDisplay::feed_again(GlDisplay *gl)
{
    gl->feed();
}

/* Remote clients get a screen of the new size with the next picture, or a dark one */
void GlDisplay::resize_screen()
{
    screen.frame.reset();
    screen.dark = !applied.image;
    for (auto &client : path.all()) {
        if (client.remote) {
            client.remote->resized();
        }
    }
}

/* Applies the owner's latest scanout, and sends it to clients */
void GlDisplay::apply_scanout()
{
    const GlScanout previous = applied;
    {
        Lock guard(lock);
        if (serial == applied_serial) {
            return;
        }
        applied_serial = serial;
        applied = current;
    }

    if (applied.same_view(previous)) {
        return;
    }
    if (!applied.image || applied.visible.w != previous.visible.w ||
        applied.visible.h != previous.visible.h) {
        hardware.scanout_changes();
        clients_changed();
    }
    if (!applied.image || applied.visible.w != previous.visible.w ||
        applied.visible.h != previous.visible.h) {
        resize_screen();
    }
    if (!(applied.visible == previous.visible)) {
        path.forget_monitors();
        QXLMonitorsConfig *config = static_cast<QXLMonitorsConfig *>(
            g_malloc0(sizeof(QXLMonitorsConfig) + sizeof(QXLHead)));
        config->heads[0].x = applied.visible.x;
        config->heads[0].y = applied.visible.y;
        config->heads[0].width = applied.visible.w;
        config->heads[0].height = applied.visible.h;
        display_channel_update_monitors_config(channel, config, 1, 1);
        g_free(config);
    }
    if (publish()) {
        local.announce();
    }
}

bool GlDisplay::may_be_drawn_into(const GlImage &image) const
{
    return !image.export_tried() &&
        spice_get_monotonic_time_ns() < active_ns + ACTIVE_NS;
}

void GlDisplay::publish_late()
{
    if (publish_pending && publish()) {
        local.announce();
    }
}

/* Publishes the scanout for local clients. False: this must wait, and the former one stays
 * published, until the image is exported with its next draw, or the guest has been quiet. */
bool GlDisplay::publish()
{
    const bool for_some = applied.image && path.any_local();

    publish_pending = for_some && may_be_drawn_into(*applied.image);
    if (publish_pending) {
        start_catch_up(CATCH_UP_MS);
        return false;
    }
    if (!for_some) {
        local.publish_nothing(channel);
        return true;
    }
    bool exported;
    std::string why;
    if (!local.publish(channel, reader.gl(), applied, &exported, &why)) {
        local_failed(why);
        return true;
    }
    if (exported) {
        Lock guard(lock);
        stats.prime_exports++;
    }
    dismiss_local(true);
    return true;
}

/* Local clients become remote ones */
void GlDisplay::local_failed(const std::string &why)
{
    spice_warning("display %d: cannot export a dma-buf, serving local clients as remote ones: %s",
                  qxl->id, why.c_str());

    dismiss_local(false);
}

/* Makes all local clients remote ones, or only those that cannot take what is published */
void GlDisplay::dismiss_local(bool only_incapable)
{
    const auto former = local.dismiss(only_incapable);

    for (auto dcc : former) {
        serve_remotely(path.find(dcc));
    }
    if (!former.empty()) {
        clients_changed();
    }
}

/* Sends the draw in progress to local clients */
void GlDisplay::send_draw()
{
    GlRect rect;
    bool waits;

    if (publish_pending) {
        return;
    }
    {
        Lock guard(lock);
        if (serial != applied_serial) {
            return; // drawn on a scanout that clients do not know yet: left to the next wake-up
        }
        std::swap(rect, local_damage);
        waits = draw_state.for_local;
    }
    rect = rect.clipped(applied.visible.w, applied.visible.h);
    if (!rect.empty()) {
        local.draw(applied, rect);
    }
    if (waits) {
        local_clients_answered();
    } else {
        local.give_up();
    }
}

void GlDisplay::local_clients_answered()
{
    if (!local.in_use()) {
        Lock guard(lock);
        if (local_damage.empty() || num_local == 0) {
            draw_state.for_local = false;
            complete_if_done(std::move(guard));
        }
    }
}

/* A local client has answered */
void GlDisplay::local_client_done(DisplayChannel *)
{
    local.answered();
    local_clients_answered();
    send_missed();
}

void GlDisplay::send_missed()
{
    if (!publish_pending) {
        local.send_missed(applied);
    }
}

/* Takes the reader's newest frame, for remote clients */
void GlDisplay::show_picture()
{
    auto picture = reader.take();
    if (!picture || !path.any_remote()) {
        return;
    }
    const uint32_t w = picture->frame->width(), h = picture->frame->height();
    if (!applied.image || w != applied.visible.w || h != applied.visible.h) {
        /* The scanout has changed since apply_scanout(), or between two reads. This may be the
         * only frame of a scanout that is yet to be applied, so it has to be read again. */
        reader.refresh();
        return;
    }
    const uint64_t now = picture->frame->time_ns;
    if (!screen.frame || screen.frame->width() != w || screen.frame->height() != h) {
        screen.motion.reset(w, h);
        picture->changed = picture->frame->all();
    } else {
        screen.motion.changed(picture->changed, now);
    }
    screen.frame = picture->frame;
    hardware.changed(picture->changed.area());
    for (auto &client : path.all()) {
        if (client.remote) {
            client.remote->changed(picture->changed);
        }
    }
}

/* Passes what the GPU has finished drawing to the hardware path */
void GlDisplay::show_moving()
{
    bool drawn = false;
    {
        Lock guard(lock);
        if (serial == applied_serial) { // else as in send_draw()
            std::swap(drawn, gpu_finished);
        }
    }
    if (drawn) {
        hardware.frame_rendered(applied);
    }
    hardware.send_encoded();
}

void GlDisplay::hardware_exported()
{
    Lock guard(lock);
    stats.prime_exports++;
}

void GlDisplay::hardware_wants_dmabufs(bool wants)
{
    Lock guard(lock);
    dmabufs_wanted = wants;
}

void GlDisplay::hardware_took_over(DisplayChannelClient *dcc)
{
    path.find(dcc)->remote->set_shown_by_other(true);
    clients_changed();
}

/* Clients whose stream has ended, for now or for good, get the whole present frame */
void GlDisplay::hardware_gave_back(const std::list<DisplayChannelClient *> &clients)
{
    bool is_current; // screen.frame is: it has been read for other clients
    {
        Lock guard(lock);
        is_current = num_remote > 0;
    }
    if (!is_current) {
        screen.frame.reset();
    }
    for (auto dcc : clients) {
        auto &client = *path.find(dcc);
        client.remote->expect_other(hardware.serves(client));
        client.remote->set_shown_by_other(false);
    }
    clients_changed();
}

void GlDisplay::worker_stopping()
{
    reader.stop();
    hardware.stop();
    if (wake_watch) {
        red_watch_remove(wake_watch);
        wake_watch = nullptr;
    }
    for (auto timer : { &catch_up_timer, &feed_timer }) {
        if (*timer) {
            red_timer_remove(*timer);
            *timer = nullptr;
        }
    }
    for (auto &client : path.all()) {
        client.remote.reset();
    }
    screen.frame.reset();
    if (!GlSwEncoder::wait_ended(END_WAIT_MS)) { // waits for hardware encoders, too
        spice_warning("display %d: a video encoder does not stop, leaking its memory", qxl->id);
    }
    if (!GlMaker::wait_ended(END_WAIT_MS)) {
        spice_warning("display %d: an image compression thread does not stop", qxl->id);
    }
    if (channel) {
        local.publish_nothing(channel);
    }
    applied = {};
}

} // namespace red

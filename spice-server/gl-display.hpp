/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * The GL display of one QXL instance: the scanout, the clients that see it, and the draw in
 * progress. Three threads meet here: the owner's (QEMU's main loop), which never waits; the
 * reader's (gl-reader), for which the guest waits; and the display worker's, which serves the
 * clients, and for which the guest waits no longer than local clients may take.
 *
 * gl-path lists which client is served on which path.
 */
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "display-channel.h"
#include "gl-hardware.hpp"
#include "gl-image.hpp"
#include "gl-local.hpp"
#include "gl-path.hpp"
#include "gl-reader.hpp"
#include "gl-remote.hpp"

namespace red {

class GlDisplay final: private GlReader::User, private GlHardware::User
{
public:
    GlDisplay(QXLInstance *qxl, std::unique_ptr<GlContext> &&context);
    ~GlDisplay();
    GlDisplay(const GlDisplay &) = delete;
    GlDisplay &operator=(const GlDisplay &) = delete;

    /* For the owner of the display; errors as in spice-qxl-gl.h. Main thread. */
    int scanout(const QXLGLScanout *request);
    void release(uint64_t image_id);
    int draw(const GlRect &drawn, EGLSync sync, uint64_t cookie);
    bool size(int *width, int *height);
    /* Any thread */
    void get_stats(QXLGLStats *stats, QXLGLClientStats *clients, uint32_t *num_clients);

    /* Display worker's thread */
    void local_client_done(DisplayChannel *display);
    void client_started(DisplayChannelClient *dcc);
    void client_stopped(DisplayChannelClient *dcc);
    void client_leaves(DisplayChannelClient *dcc);
    void client_acknowledged(DisplayChannelClient *dcc);
    /* A client answers a draw. True: it was sent the draw while it was a local client, and is a
     * remote one now. */
    bool client_answers_late(DisplayChannelClient *dcc);
    bool client_pong(DisplayChannelClient *dcc, uint32_t id);
    bool client_report(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport &report);
    void worker_stopping();
    GlPath &paths() { return path; }
    /* Any thread */
    void set_max_rate(uint32_t frames_per_second)
    {
        screen.max_rate = std::min(frames_per_second, GlScreen::READ_RATE);
    }

private:
    struct Draw {
        bool active = false;
        bool for_reader = false; /* waits for the reader */
        bool for_local = false;  /* waits for local clients */
        uint64_t cookie = 0;
        uint64_t start_ns = 0;
    };
    using Lock = std::unique_lock<std::mutex>;

    void wake_worker();
    void export_image(GlImage &image);
    void complete_if_done(Lock &&lock);

    /* GlReader::User */
    void reading_over() override;
    void deadline_passed() override;
    void picture_ready() override;
    void counted_readback(uint64_t bytes) override;
    void read_failed(const std::string &why) override;
    void context_lost(const char *reset, const std::string &now) override;
    void context_back() override;
    void on_fence_signalled() override;

    /* GlHardware::User */
    void hardware_has_news() override;
    void hardware_gave_back(const std::list<DisplayChannelClient *> &clients) override;
    void hardware_took_over(DisplayChannelClient *dcc) override;
    void hardware_exported() override;
    void hardware_wants_dmabufs(bool wants) override;

    static void worker_woken(int fd, int event, GlDisplay *gl);
    bool start_threads(DisplayChannel *display);
    void clients_changed();
    void apply_scanout();
    bool may_be_drawn_into(const GlImage &image) const;
    bool publish();
    void publish_late();
    void local_failed(const std::string &why);
    void dismiss_local(bool only_incapable);
    void send_draw();
    void send_missed();
    void show_picture();
    void show_moving();
    void serve_remotely(GlClient *client);
    void resize_screen();
    void feed();
    static void feed_again(GlDisplay *gl);
    void local_clients_answered();
    void start_catch_up(uint32_t ms);
    static void catch_up(GlDisplay *gl);

    QXLInstance *const qxl;
    GlReader reader;
    const int wake_fd; /* eventfd that wakes the worker */

    /* Used in all threads, under the lock */
    std::mutex lock;
    GlImageTable images;
    GlScanout current;
    uint64_t serial = 0;             /* of current */
    Draw draw_state;
    GlRect local_damage;             /* not yet sent to local clients */
    unsigned int num_local = 0;
    unsigned int num_remote = 0;     /* those for which frames are read back */
    bool draws_announced = false;    /* the GPU may encode for some client */
    bool dmabufs_wanted = false;     /* by the GPU's encoder */
    bool gpu_finished = false;       /* the GPU has finished a draw since the worker last looked */
    QXLGLStats stats = {};

    /* Time of the owner's last scanout or draw, monotonic */
    std::atomic<uint64_t> active_ns{0};

    /* Reader's thread */
    std::set<std::string> read_failures;

    /* Worker's thread */
    GlPath path;
    GlLocal local;
    GlScreen screen;                 /* shown to remote clients */
    GlHardware hardware;
    GlScanout applied;               /* the scanout that clients have been told of */
    uint64_t applied_serial = 0;
    bool publish_pending = false;    /* its dma-buf has not been exported yet */
    DisplayChannel *channel = nullptr;
    SpiceWatch *wake_watch = nullptr;
    SpiceTimer *catch_up_timer = nullptr; /* local clients */
    SpiceTimer *feed_timer = nullptr;     /* remote clients */
};

/* The GL display of an instance, or null. Any thread. */
GlDisplay *gl_display(QXLInstance *qxl);

} // namespace red

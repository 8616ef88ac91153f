/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The GL display of one QXL instance: what is on the screen, who looks at it, and the draw in
 * progress. Which client gets it how is gl-path's business, the picture for remote clients
 * gl-primary's.
 */
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "display-channel.h"
#include "gl-context.hpp"
#include "gl-damage.hpp"
#include "gl-image.hpp"
#include "gl-path.hpp"
#include "gl-primary.hpp"
#include "gl-readback.hpp"

namespace red {

class GlDisplay
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
    void scanout_changed(DisplayChannel *display);
    void draw_requested(DisplayChannel *display, const GlRect &drawn);
    void local_client_done(DisplayChannel *display);
    void client_started(DisplayChannelClient *dcc);
    void client_stopped(DisplayChannelClient *dcc);
    void worker_stopping();
    GlPath &paths() { return path; }
    const GlScanout &shown() const { return applied; }

private:
    struct Draw {
        bool active = false;
        uint64_t cookie = 0;
        uint64_t start_ns = 0;
    };

    void start_timer(SpiceTimer **timer, void (*func)(GlDisplay *), uint32_t ms);
    void set_num_clients();
    void apply_scanout();
    void publish_dmabuf();
    void local_failed(const std::string &why);
    void push_local_draw(GlClient &client, const GlRect &drawn);
    void send_missed_draws();
    static void local_timeout(GlDisplay *gl);
    void complete_if_done();
    void complete_draw();

    GlSource source() const;
    GlRect in_image(const GlRect &rect) const;
    bool prepare_read();
    void read_failed(const std::string &why);
    void read_for_remote_clients();
    static void poll_readback(GlDisplay *gl);
    void readback_done();
    void count_readback(uint64_t bytes);
    static void catch_up(GlDisplay *gl);
    void refresh_primary();
    void forget_images();

    QXLInstance *const qxl;

    /* Both threads; under the lock */
    std::mutex lock;
    GlImageTable images;
    GlScanout current;
    uint64_t serial = 0;             /* of current */
    std::shared_ptr<GlFence> fence;  /* after the last drawing into current */
    Draw draw_state;
    unsigned int num_clients = 0;
    std::set<uint64_t> read_ids;     /* images that the readback may have a texture of */
    std::vector<uint64_t> forgotten; /* those of them that their owner has released */
    QXLGLStats stats = {};

    /* Worker's thread */
    std::unique_ptr<GlContext> context;
    std::unique_ptr<GlReadback> readback;
    GlPath path;
    GlPrimary primary;
    GlDamage damage;
    GlScanout applied;               /* what clients have been told */
    uint64_t applied_serial = 0;
    DisplayChannel *channel = nullptr;
    std::shared_ptr<GlImage> reading_image; /* of the readback in flight */
    GlRect reading;                  /* the same; relative to the visible part */
    GlRect remote_damage;            /* not read yet */
    uint64_t last_read_ns = 0;
    bool read_warned = false;
    SpiceTimer *readback_timer = nullptr;
    SpiceTimer *local_timer = nullptr;
    SpiceTimer *catch_up_timer = nullptr;
};

/* The GL display of an instance, or null. Any thread. */
GlDisplay *gl_display(QXLInstance *qxl);

} // namespace red

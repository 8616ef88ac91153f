/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "spice-fixture.hpp"

#include <algorithm>
#include <random>

#include <glib-unix.h>

/* ---- the core interface ---- */

struct SpiceTimer {
    SpiceTimerFunc func;
    void *opaque;
    guint source;
};

struct SpiceWatch {
    int fd;
    SpiceWatchFunc func;
    void *opaque;
    guint source;
};

static SpiceTimer *timer_add(SpiceTimerFunc func, void *opaque)
{
    return new SpiceTimer { func, opaque, 0 };
}

static void timer_cancel(SpiceTimer *timer)
{
    if (timer->source) {
        g_source_remove(timer->source);
        timer->source = 0;
    }
}

static gboolean timer_fired(gpointer data)
{
    auto timer = static_cast<SpiceTimer *>(data);
    timer->source = 0;
    timer->func(timer->opaque); /* may remove the timer */
    return G_SOURCE_REMOVE;
}

static void timer_start(SpiceTimer *timer, uint32_t ms)
{
    timer_cancel(timer);
    timer->source = g_timeout_add(ms, timer_fired, timer);
}

static void timer_remove(SpiceTimer *timer)
{
    timer_cancel(timer);
    delete timer;
}

static gboolean watch_fired(gint, GIOCondition condition, gpointer data)
{
    auto watch = static_cast<SpiceWatch *>(data);
    int event = 0;
    event |= condition & (G_IO_IN | G_IO_HUP | G_IO_ERR) ? SPICE_WATCH_EVENT_READ : 0;
    event |= condition & G_IO_OUT ? SPICE_WATCH_EVENT_WRITE : 0;
    watch->func(watch->fd, event, watch->opaque); /* may remove the watch */
    return G_SOURCE_CONTINUE;
}

static void watch_update_mask(SpiceWatch *watch, int mask)
{
    if (watch->source) {
        g_source_remove(watch->source);
        watch->source = 0;
    }
    int condition = 0;
    condition |= mask & SPICE_WATCH_EVENT_READ ? G_IO_IN | G_IO_HUP | G_IO_ERR : 0;
    condition |= mask & SPICE_WATCH_EVENT_WRITE ? G_IO_OUT : 0;
    if (condition) {
        watch->source = g_unix_fd_add(watch->fd, GIOCondition(condition), watch_fired, watch);
    }
}

static SpiceWatch *watch_add(int fd, int mask, SpiceWatchFunc func, void *opaque)
{
    auto watch = new SpiceWatch { fd, func, opaque, 0 };
    watch_update_mask(watch, mask);
    return watch;
}

static void watch_remove(SpiceWatch *watch)
{
    watch_update_mask(watch, 0);
    delete watch;
}

static int connections;

int channels_connected()
{
    return connections;
}

static void channel_event(int event, SpiceChannelEventInfo *)
{
    connections += event == SPICE_CHANNEL_EVENT_CONNECTED;
    connections -= event == SPICE_CHANNEL_EVENT_DISCONNECTED;
}

SpiceCoreInterface *glib_core()
{
    static SpiceCoreInterface core = [] {
        SpiceCoreInterface made = {};
        made.base.type = SPICE_INTERFACE_CORE;
        made.base.description = "test";
        made.base.major_version = SPICE_INTERFACE_CORE_MAJOR;
        made.base.minor_version = SPICE_INTERFACE_CORE_MINOR;
        made.timer_add = timer_add;
        made.timer_start = timer_start;
        made.timer_cancel = timer_cancel;
        made.timer_remove = timer_remove;
        made.watch_add = watch_add;
        made.watch_update_mask = watch_update_mask;
        made.watch_remove = watch_remove;
        made.channel_event = channel_event;
        return made;
    }();
    return &core;
}

/* ---- the QXL instance ---- */

void Display::async_complete(QXLInstance *qxl, uint64_t cookie)
{
    Display *self = reinterpret_cast<Device *>(qxl)->display;
    std::lock_guard<std::mutex> guard(self->lock);
    self->cookies.push_back(cookie);
    self->last_thread = std::this_thread::get_id();
    self->changed.notify_all();
}

bool Display::wait_for_completion(uint64_t cookie)
{
    std::unique_lock<std::mutex> guard(lock);
    return changed.wait_for(guard, std::chrono::seconds(10), [&] {
        return std::find(cookies.begin(), cookies.end(), cookie) != cookies.end();
    });
}

int Display::get_command(QXLInstance *qxl, QXLCommandExt *)
{
    Display *self = reinterpret_cast<Device *>(qxl)->display;
    std::unique_lock<std::mutex> guard(self->lock);

    self->held = self->hold;
    self->changed.notify_all();
    self->changed.wait(guard, [self] { return !self->hold; });
    self->held = false;
    return 0;
}

Display::HeldWorker::HeldWorker(Display &d): display(d)
{
    {
        std::lock_guard<std::mutex> guard(display.lock);
        display.hold = true;
    }
    spice_qxl_wakeup(display.qxl());
    std::unique_lock<std::mutex> guard(display.lock);
    EXPECT_TRUE(display.changed.wait_for(guard, std::chrono::seconds(10), [this] { return display.held; }))
        << "the worker goes on";
}

Display::HeldWorker::~HeldWorker()
{
    {
        std::lock_guard<std::mutex> guard(display.lock);
        display.hold = false;
    }
    display.changed.notify_all();
}

const QXLInterface Display::interface = [] {
    QXLInterface made = {};
    made.base.type = SPICE_INTERFACE_QXL;
    made.base.description = "test display";
    made.base.major_version = SPICE_INTERFACE_QXL_MAJOR;
    made.base.minor_version = SPICE_INTERFACE_QXL_MINOR;
    made.attached_worker = [](QXLInstance *) {};
    made.set_compression_level = [](QXLInstance *, int) {};
    made.get_init_info = [](QXLInstance *, QXLDevInitInfo *info) {
        *info = {};
        info->num_memslots_groups = 1;
        info->num_memslots = 1;
        info->memslot_gen_bits = 1;
        info->memslot_id_bits = 1;
        info->n_surfaces = 16;
    };
    made.get_command = get_command;
    made.req_cmd_notification = [](QXLInstance *) { return 1; };
    made.release_resource = [](QXLInstance *, QXLReleaseInfoExt) {};
    made.get_cursor_command = [](QXLInstance *, QXLCommandExt *) { return 0; };
    made.req_cursor_notification = [](QXLInstance *) { return 1; };
    made.notify_update = [](QXLInstance *, uint32_t) {};
    made.flush_resources = [](QXLInstance *) { return 0; };
    made.async_complete = async_complete;
    made.update_area_complete = [](QXLInstance *, uint32_t, QXLRect *, uint32_t) {};
    made.set_client_capabilities = [](QXLInstance *, uint8_t, uint8_t *) {};
    made.client_monitors_config = [](QXLInstance *, VDAgentMonitorsConfig *) { return 0; };
    return made;
}();

Display::Display(int id)
{
    device.instance.base.sif = &interface.base;
    device.instance.id = id;
    device.display = this;
}

std::vector<uint64_t> Display::completed()
{
    std::lock_guard<std::mutex> guard(lock);
    return cookies;
}

bool Display::completed_in(std::thread::id thread)
{
    std::lock_guard<std::mutex> guard(lock);
    return last_thread == thread;
}

/* ---- images ---- */

LentImage::LentImage(const Drawer &drawer, uint64_t image_id, uint32_t width, uint32_t height):
    id(image_id),
    texture(drawer, width, height)
{
}

void LentImage::release(QXLInstance *, void *egl_image, void *opaque)
{
    auto self = static_cast<LentImage *>(opaque);
    EXPECT_EQ(egl_image, self->texture.image);
    self->times_released++;
}

void LentImage::fill_with_noise(uint32_t seed)
{
    std::mt19937 random(seed);
    std::vector<uint32_t> pixels(size_t{texture.width} * texture.height);
    std::generate(pixels.begin(), pixels.end(), random);
    texture.upload(GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
    glFinish();
}

QXLGLScanout LentImage::scanout()
{
    QXLGLScanout made = {};
    made.size = sizeof(made);
    made.image_id = id;
    made.egl_image = texture.image;
    made.backing_width = made.width = texture.width;
    made.backing_height = made.height = texture.height;
    made.release = release;
    made.opaque = this;
    return made;
}

/* ---- the server ---- */

void SpiceTest::SetUp()
{
    display = test_display();
    ASSERT_NE(display, EGL_NO_DISPLAY) << "EGL_PLATFORM_SURFACELESS_MESA does not work: "
        "install Mesa's EGL (libegl-mesa0, libgl1-mesa-dri)";
    drawer = std::make_unique<Drawer>();
    ASSERT_TRUE(drawer->make_current());
    server = spice_server_new();
    ASSERT_TRUE(server);
    spice_server_set_noauth(server);
    ASSERT_EQ(spice_server_init(server, glib_core()), 0);
    head = std::make_unique<Display>(0);
    qxl = head->qxl();
    ASSERT_EQ(spice_server_add_interface(server, &qxl->base), 0);
    spice_server_vm_start(server);
}

void SpiceTest::TearDown()
{
    if (server) {
        spice_server_destroy(server);
    }
    if (drawer) {
        drawer->make_current();
        lent.clear();
    }
    if (display != EGL_NO_DISPLAY) {
        eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    }
}

void SpiceTest::init()
{
    ASSERT_EQ(spice_qxl_gl_init(qxl, display), 0);
}

QXLGLStats SpiceTest::stats()
{
    QXLGLStats got = {};
    got.size = sizeof(got);
    EXPECT_EQ(spice_qxl_gl_get_stats(qxl, &got, nullptr, nullptr), 0);
    return got;
}

LentImage &SpiceTest::lend(uint64_t id, uint32_t width, uint32_t height)
{
    lent.push_back(std::make_unique<LentImage>(*drawer, id, width, height));
    return *lent.back();
}

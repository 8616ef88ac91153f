/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "display.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/dma-buf.h>
#include <map>
#include <spice/enums.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static constexpr uint32_t fourcc(char a, char b, char c, char d)
{
    return uint32_t(a) | uint32_t(b) << 8 | uint32_t(c) << 16 | uint32_t(d) << 24;
}

Display::Display(SpiceDisplayChannel *channel, std::function<void(Display &)> changed):
    channel(channel), changed(std::move(changed)), watch([this](uint32_t lines) {
        std::string why;
        return picture(&why, lines);
    })
{
    g_object_ref(channel);
    g_object_get(channel, "channel-id", &channel_id, nullptr);
    g_signal_connect(channel, "display-primary-create", G_CALLBACK(on_create), this);
    g_signal_connect(channel, "display-primary-destroy", G_CALLBACK(on_destroy), this);
    g_signal_connect(channel, "display-invalidate", G_CALLBACK(on_invalidate), this);
    g_signal_connect(channel, "notify::gl-scanout", G_CALLBACK(on_scanout), this);
    g_signal_connect(channel, "gl-draw", G_CALLBACK(on_draw), this);
}

Display::~Display()
{
    if (answer_source) {
        g_source_remove(answer_source);
    }
    g_signal_handlers_disconnect_by_data(channel, this);
    g_object_unref(channel);
}

void Display::on_create(SpiceChannel *, int, int, int, int, int, void *, Display *self)
{
    self->gl = false;
    self->primary = true;
    self->primaries++;
}

void Display::on_destroy(SpiceChannel *, Display *self)
{
    self->primary = false;
}

void Display::on_invalidate(SpiceChannel *, int, int, int w, int h, Display *self)
{
    const uint64_t pixels = uint64_t(std::max(w, 0)) * std::max(h, 0);
    self->invalidates++;
    self->invalidated_pixels += pixels;
    self->smallest_update = std::min(self->smallest_update, pixels);
    self->updated();
}

void Display::on_scanout(SpiceDisplayChannel *, GParamSpec *, Display *self)
{
    const SpiceGlScanout *scanout = spice_display_channel_get_gl_scanout(self->channel);
    self->gl = scanout && scanout->fd >= 0;
    self->scanouts += self->gl;
}

void Display::on_draw(SpiceDisplayChannel *, unsigned, unsigned, unsigned, unsigned, Display *self)
{
    self->draws++;
    self->updated();
    if (self->withheld) {
        self->unanswered = true;
    } else if (self->answer_after_ms == 0) {
        self->answer();
    } else if (!self->answer_source) {
        self->answer_source = g_timeout_add(self->answer_after_ms, [](gpointer data) -> gboolean {
            auto display = static_cast<Display *>(data);
            display->answer_source = 0;
            display->answer();
            return G_SOURCE_REMOVE;
        }, self);
    }
}

void Display::answer()
{
    spice_display_channel_gl_draw_done(channel);
}

void Display::withhold_answers(bool withhold)
{
    withheld = withhold;
    if (!withheld && unanswered) {
        unanswered = false;
        answer();
    }
}

void Display::updated()
{
    updated_at = g_get_monotonic_time();
    watch.updated(updated_at);
    changed(*this);
}

/* spice-gtk may have no surface before it reports that: between two sizes it has closed the old one */
const SpiceGlScanout *Display::gl_scanout() const
{
    return gl ? spice_display_channel_get_gl_scanout(channel) : nullptr;
}

uint32_t Display::width() const
{
    SpiceDisplayPrimary surface;
    if (const SpiceGlScanout *scanout = gl_scanout()) {
        return gl_area(*scanout).width;
    }
    return primary && spice_display_channel_get_primary(SPICE_CHANNEL(channel), 0, &surface)
               ? surface.width : 0;
}

uint32_t Display::height() const
{
    SpiceDisplayPrimary surface;
    if (const SpiceGlScanout *scanout = gl_scanout()) {
        return gl_area(*scanout).height;
    }
    return primary && spice_display_channel_get_primary(SPICE_CHANNEL(channel), 0, &surface)
               ? surface.height : 0;
}

/* As spice-gtk's widget does: the channel's monitor says which part of the scanout it shows */
Display::Area Display::gl_area(const SpiceGlScanout &scanout) const
{
    Area area = {0, 0, scanout.width, scanout.height};
    GArray *monitors = nullptr;
    g_object_get(channel, "monitors", &monitors, nullptr);
    if (!monitors) {
        return area;
    }
    if (monitors->len > 0) {
        const auto &monitor = g_array_index(monitors, SpiceDisplayMonitorConfig, 0);
        /* It comes ahead of a scanout of another size */
        if (monitor.x + monitor.width <= scanout.width &&
            monitor.y + monitor.height <= scanout.height) {
            area = {monitor.x, monitor.y, monitor.width, monitor.height};
        }
    }
    g_array_unref(monitors);
    return area;
}

Picture Display::gl_picture(const SpiceGlScanout &scanout, uint32_t lines,
                            std::string *why) const
{
    const bool bgr = scanout.format == fourcc('X', 'R', '2', '4') ||
                     scanout.format == fourcc('A', 'R', '2', '4');
    const bool rgb = scanout.format == fourcc('X', 'B', '2', '4') ||
                     scanout.format == fourcc('A', 'B', '2', '4');
    if (!bgr && !rgb) {
        *why = "unsupported fourcc of a dma-buf";
        return {};
    }
    const size_t length = size_t{scanout.stride} * scanout.height;
    void *memory = mmap(nullptr, length, PROT_READ, MAP_SHARED, scanout.fd, 0);
    if (memory == MAP_FAILED) {
        *why = std::string("cannot map the dma-buf: ") + strerror(errno);
        return {};
    }
    /* Fails with the udmabuf double, whose fds are plain memory: it needs no sync */
    struct dma_buf_sync sync = {DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ};
    ioctl(scanout.fd, DMA_BUF_IOCTL_SYNC, &sync);
    /* Y0TOP has GL's meaning, where y grows upwards: the first line is the lowest */
    const auto convert = bgr ? picture_from_bgrx : picture_from_rgbx;
    const Area area = gl_area(scanout);
    const uint32_t height = std::min(lines, area.height);
    /* Bottom up, the upper lines are the last in memory */
    const uint32_t line = scanout.y0top ? scanout.height - area.y - height : area.y;
    const size_t skipped = size_t{line} * scanout.stride + size_t{area.x} * 4;
    Picture picture = convert(static_cast<const uint8_t *>(memory) + skipped, area.width,
                              height, scanout.stride, scanout.y0top);
    sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
    ioctl(scanout.fd, DMA_BUF_IOCTL_SYNC, &sync);
    munmap(memory, length);
    return picture;
}

Picture Display::picture(std::string *why, uint32_t lines) const
{
    if (const SpiceGlScanout *scanout = gl_scanout()) {
        return gl_picture(*scanout, lines, why);
    }
    SpiceDisplayPrimary surface;
    if (!primary || !spice_display_channel_get_primary(SPICE_CHANNEL(channel), 0, &surface)) {
        *why = "no picture has been received yet";
        return {};
    }
    const auto *data = static_cast<const uint8_t *>(surface.data);
    const uint32_t height = std::min<uint32_t>(lines, surface.height);
    switch (surface.format) {
    case SPICE_SURFACE_FMT_32_xRGB:
    case SPICE_SURFACE_FMT_32_ARGB:
        return picture_from_bgrx(data, surface.width, height, surface.stride, false);
    case SPICE_SURFACE_FMT_16_555:
        return picture_from_16(data, surface.width, height, surface.stride, 5);
    case SPICE_SURFACE_FMT_16_565:
        return picture_from_16(data, surface.width, height, surface.stride, 6);
    default:
        *why = "unsupported format of the primary surface";
        return {};
    }
}

static void add_number(JsonBuilder *builder, const char *name, int64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void add_gl(JsonBuilder *builder, const SpiceGlScanout &scanout)
{
    const char name[5] = {char(scanout.format), char(scanout.format >> 8),
                          char(scanout.format >> 16), char(scanout.format >> 24), 0};
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "fourcc");
    json_builder_add_string_value(builder, name);
    /* spice-gtk does not expose it */
    json_builder_set_member_name(builder, "modifier");
    json_builder_add_null_value(builder);
    add_number(builder, "width", scanout.width);
    add_number(builder, "height", scanout.height);
    add_number(builder, "stride", scanout.stride);
    json_builder_set_member_name(builder, "y0top");
    json_builder_add_boolean_value(builder, scanout.y0top);
    json_builder_end_object(builder);
}

static const char *codec_name(int codec)
{
    static const char *const names[] = {nullptr, "mjpeg", "vp8", "h264", "vp9", "h265"};
    return codec > 0 && codec < int(G_N_ELEMENTS(names)) ? names[codec] : nullptr;
}

static const char *message_name(unsigned type)
{
    static const std::map<unsigned, const char *> names = {
        {SPICE_MSG_SET_ACK, "set-ack"}, {SPICE_MSG_PING, "ping"},
        {SPICE_MSG_DISPLAY_STREAM_CREATE, "stream-create"},
        {SPICE_MSG_DISPLAY_STREAM_DATA, "stream-data"},
        {SPICE_MSG_DISPLAY_STREAM_CLIP, "stream-clip"},
        {SPICE_MSG_DISPLAY_STREAM_DESTROY, "stream-destroy"},
        {SPICE_MSG_DISPLAY_STREAM_DATA_SIZED, "stream-data-sized"},
        {SPICE_MSG_DISPLAY_STREAM_ACTIVATE_REPORT, "stream-activate-report"},
        {SPICE_MSG_DISPLAY_DRAW_FILL, "draw-fill"}, {SPICE_MSG_DISPLAY_DRAW_COPY, "draw-copy"},
        {SPICE_MSG_DISPLAY_SURFACE_CREATE, "surface-create"},
        {SPICE_MSG_DISPLAY_SURFACE_DESTROY, "surface-destroy"},
        {SPICE_MSG_DISPLAY_MARK, "mark"},
        {SPICE_MSG_DISPLAY_MONITORS_CONFIG, "monitors-config"},
        {SPICE_MSG_DISPLAY_GL_SCANOUT_UNIX, "gl-scanout-unix"},
        {SPICE_MSG_DISPLAY_GL_DRAW, "gl-draw"},
    };
    const auto found = names.find(type);
    return found == names.end() ? nullptr : found->second;
}

/* {"stream-data": [messages, bytes], …}; types without a name by their number */
static void add_messages(JsonBuilder *builder, const WireReader::Counts &wire)
{
    json_builder_set_member_name(builder, "messages");
    json_builder_begin_object(builder);
    for (size_t type = 0; type < wire.messages.size(); type++) {
        const uint64_t count = wire.messages[type];
        if (!count) {
            continue;
        }
        const char *name = message_name(type);
        json_builder_set_member_name(builder, name ? name : std::to_string(type).c_str());
        json_builder_begin_array(builder);
        json_builder_add_int_value(builder, count);
        json_builder_add_int_value(builder, wire.message_bytes[type]);
        json_builder_end_array(builder);
    }
    json_builder_end_object(builder);
}

static void add_client_messages(JsonBuilder *builder, const ClientReader::Counts &wire)
{
    add_number(builder, "acks", wire.messages[SPICE_MSGC_ACK]);
    add_number(builder, "reports", wire.messages[SPICE_MSGC_DISPLAY_STREAM_REPORT]);
    add_number(builder, "reported_frames", wire.reported_frames);
    add_number(builder, "reported_late", wire.reported_late);
    add_number(builder, "undecodable", wire.undecodable);
    add_number(builder, "last_margin", wire.last_margin);
}

void Display::report_wire(JsonBuilder *builder) const
{
    static const WireReader::Counts nothing;
    static const ClientReader::Counts nothing_sent;
    const WireReader::Counts &counts = wire ? *wire : nothing;
    const char *codec = codec_name(counts.codec);
    const uint64_t frames = counts.video_frames(), draws = counts.draws();
    add_number(builder, "bytes", counts.bytes);
    add_number(builder, "streams", counts.streams());
    add_number(builder, "video_frames", frames);
    /* Anything else that draws on the primary surface invalidates it once */
    add_number(builder, "video_shown", wire && invalidates > draws ? invalidates - draws : 0);
    add_number(builder, "images", counts.images());
    add_number(builder, "video_to_image", counts.video_to_image);
    json_builder_set_member_name(builder, "codec");
    if (codec) {
        json_builder_add_string_value(builder, codec);
    } else {
        json_builder_add_null_value(builder);
    }
    add_messages(builder, counts);
    add_client_messages(builder, client_wire ? *client_wire : nothing_sent);
}

void Display::report(JsonBuilder *builder) const
{
    json_builder_begin_object(builder);
    add_number(builder, "channel", channel_id);
    add_number(builder, "width", width());
    add_number(builder, "height", height());
    add_number(builder, "frames", frames());
    add_number(builder, "scanouts", scanouts);
    add_number(builder, "draws", draws);
    add_number(builder, "invalidates", invalidates);
    add_number(builder, "invalidated_pixels", invalidated_pixels);
    add_number(builder, "smallest_update", invalidates ? smallest_update : 0);
    add_number(builder, "primaries", primaries);
    add_number(builder, "updated_at", updated_at);
    report_wire(builder);
    add_number(builder, "counter", watch.number());
    add_number(builder, "counter_newest", watch.highest_number());
    add_number(builder, "counter_changes", watch.changes());
    add_number(builder, "counter_backwards", watch.backwards());
    json_builder_set_member_name(builder, "gl");
    if (const SpiceGlScanout *scanout = gl_scanout()) {
        add_gl(builder, *scanout);
    } else {
        json_builder_add_null_value(builder);
    }
    json_builder_end_object(builder);
}

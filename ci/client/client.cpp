/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.hpp"

#include <cstdlib>
#include <sstream>
#include <zlib.h>

bool parse_codecs(const std::string &text, std::vector<int> *codecs)
{
    static const std::map<std::string, int> names = {
        {"mjpeg", SPICE_VIDEO_CODEC_TYPE_MJPEG}, {"vp8", SPICE_VIDEO_CODEC_TYPE_VP8},
        {"h264", SPICE_VIDEO_CODEC_TYPE_H264},   {"vp9", SPICE_VIDEO_CODEC_TYPE_VP9},
        {"h265", SPICE_VIDEO_CODEC_TYPE_H265},
    };
    std::istringstream words(text);
    std::string word;
    codecs->clear();
    while (std::getline(words, word, ',')) {
        const auto found = names.find(word);
        if (found == names.end()) {
            return false;
        }
        codecs->push_back(found->second);
    }
    return !codecs->empty();
}

Client::Client(const Address &address, Callbacks callbacks):
    address(address), session(spice_session_new()), callbacks(std::move(callbacks))
{
    g_object_set(session, "enable-audio", FALSE, "enable-usbredir", FALSE,
                 "enable-smartcard", FALSE, nullptr);
    g_signal_connect(session, "channel-new", G_CALLBACK(on_channel), this);
    g_signal_connect(session, "channel-destroy", G_CALLBACK(on_channel_gone), this);
    g_signal_connect(session, "notify::migration-state", G_CALLBACK(on_migration), this);
}

Client::~Client()
{
    disconnect();
    g_signal_handlers_disconnect_by_data(session, this);
    displays.clear();
    taps.clear();
    g_object_unref(session);
}

void Client::authenticate(const std::string &user, const std::string &password,
                          const std::string &ca_file)
{
    const auto set = [this](const char *property, const std::string &value) {
        if (!value.empty()) {
            g_object_set(session, property, value.c_str(), nullptr);
        }
    };
    sasl = !user.empty();
    set("username", user);
    set("password", password);
    set("ca-file", ca_file);
}

void Client::prefer_codecs(std::vector<int> wanted)
{
    codecs = std::move(wanted);
}

void Client::watch_counter()
{
    counting = true;
}

void Client::answer_after(int ms)
{
    answer_after_ms = ms;
    for (auto &entry : displays) {
        entry.second->answer_after(ms);
    }
}

void Client::withhold_answers(bool withhold)
{
    withheld = withhold;
    for (auto &entry : displays) {
        entry.second->withhold_answers(withhold);
    }
}

bool Client::connect()
{
    if (direct) {
        return open_session();
    }
    /* Each channel then asks for its socket, see on_open_fd() */
    return spice_session_open_fd(session, -1);
}

bool Client::open_session()
{
    const auto value = [](const std::string &text) { return text.empty() ? nullptr : text.c_str(); };
    if (!address.path.empty()) {
        g_object_set(session, "unix-path", address.path.c_str(), nullptr);
    } else {
        g_object_set(session, "host", address.host.c_str(), "port", value(address.port),
                     "tls-port", value(address.tls_port), nullptr);
    }
    return spice_session_connect(session);
}

void Client::disconnect()
{
    closing = true;
    spice_session_disconnect(session);
}

Display *Client::display(int id)
{
    for (auto &entry : displays) {
        if (entry.second->id() == id) {
            return entry.second.get();
        }
    }
    return nullptr;
}

void Client::add_display(SpiceDisplayChannel *channel)
{
    auto display = std::make_unique<Display>(channel, callbacks.changed);
    display->withhold_answers(withheld);
    display->answer_after(answer_after_ms);
    if (counting) {
        display->frames_shown().count();
    }
    if (!compared.empty()) {
        display->frames_shown().compare_with(compared);
    }
    displays[SPICE_CHANNEL(channel)] = std::move(display);
}

void Client::on_channel(SpiceSession *, SpiceChannel *channel, Client *self)
{
    self->inputs.take(channel);
    if (SPICE_IS_DISPLAY_CHANNEL(channel)) {
        self->add_display(SPICE_DISPLAY_CHANNEL(channel));
    } else if (SPICE_IS_CURSOR_CHANNEL(channel)) {
        g_object_get(channel, "channel-id", &self->cursors[channel].channel_id, nullptr);
        g_signal_connect(channel, "notify::cursor", G_CALLBACK(on_cursor_shape), self);
        g_signal_connect(channel, "cursor-move", G_CALLBACK(on_cursor_move), self);
        g_signal_connect(channel, "cursor-hide", G_CALLBACK(on_cursor_hide), self);
    }
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_event), self);
    g_signal_connect(channel, "open-fd", G_CALLBACK(on_open_fd), self);
    /* The session connects the main channel itself. A session that migrates must keep the
     * channels that it has been offered. */
    if (SPICE_IS_DISPLAY_CHANNEL(channel) || SPICE_IS_CURSOR_CHANNEL(channel) ||
        (self->direct && !SPICE_IS_MAIN_CHANNEL(channel))) {
        spice_channel_connect(channel);
    }
}

void Client::on_open_fd(SpiceChannel *channel, int with_tls, Client *self)
{
    /* otherwise spice-gtk would ask again and again */
    if (with_tls) {
        self->fail("the server requires TLS");
        return;
    }
    std::string why;
    const int server = self->address.connect(&why);
    if (server < 0) {
        self->fail(why);
        return;
    }
    const auto kind = self->sasl ? WireTap::ENCRYPTED :
                      SPICE_IS_DISPLAY_CHANNEL(channel) ? WireTap::DISPLAY : WireTap::OTHER;
    auto tap = std::make_unique<WireTap>(server, kind, self->claimed, self->acks);
    spice_channel_open_fd(channel, tap->take_client_fd());
    const auto display = self->displays.find(channel);
    if (display != self->displays.end()) {
        display->second->watch_wire(&tap->counts(), &tap->client_counts());
    }
    self->taps[channel] = std::move(tap);
}

void Client::on_migration(SpiceSession *session, GParamSpec *, Client *self)
{
    g_object_get(session, "migration-state", &self->migration, nullptr);
}

void Client::on_channel_gone(SpiceSession *, SpiceChannel *channel, Client *self)
{
    /* The other server's channels take its place */
    if (self->migration == SPICE_SESSION_MIGRATION_SWITCHING) {
        g_signal_handlers_disconnect_by_data(channel, self);
        self->displays.erase(channel);
        return;
    }
    /* A client that has lost its connection still reports these numbers */
    if (self->closing) {
        g_signal_handlers_disconnect_by_data(channel, self);
    }
}

void Client::on_event(SpiceChannel *channel, SpiceChannelEvent event, Client *self)
{
    if (event == SPICE_CHANNEL_OPENED) {
        self->connected = true;
        if (SPICE_IS_DISPLAY_CHANNEL(channel) && !self->codecs.empty()) {
            spice_display_channel_change_preferred_video_codec_types(
                channel, self->codecs.data(), self->codecs.size(), nullptr);
        }
        return;
    }
    if (event == SPICE_CHANNEL_SWITCHING || self->closing) {
        return;
    }
    const GError *error = spice_channel_get_error(channel);
    self->fail(error ? error->message
               : event == SPICE_CHANNEL_CLOSED ? "the server closed the connection"
                                               : "cannot connect");
}

void Client::fail(const std::string &why)
{
    if (error.empty()) {
        error = why;
        callbacks.over(error);
    }
}

void Client::on_cursor_move(SpiceCursorChannel *channel, int x, int y, Client *self)
{
    Cursor &cursor = self->cursors[SPICE_CHANNEL(channel)];
    cursor.moves++;
    cursor.x = x;
    cursor.y = y;
}

void Client::on_cursor_hide(SpiceCursorChannel *channel, Client *self)
{
    self->cursors[SPICE_CHANNEL(channel)].visible = false;
}

void Client::on_cursor_shape(SpiceCursorChannel *channel, GParamSpec *, Client *self)
{
    SpiceCursorShape *shape = nullptr;
    g_object_get(channel, "cursor", &shape, nullptr);
    if (shape) {
        self->cursors[SPICE_CHANNEL(channel)].take_shape(*shape);
        g_boxed_free(SPICE_TYPE_CURSOR_SHAPE, shape);
    }
}

void Cursor::take_shape(const SpiceCursorShape &shape)
{
    shapes++;
    visible = true;
    width = shape.width;
    height = shape.height;
    hot_x = shape.hot_spot_x;
    hot_y = shape.hot_spot_y;
    opaque = colour = 0;
    /* spice-gtk makes every cursor R G B A in memory */
    const auto *pixel = static_cast<const uint8_t *>(shape.data);
    for (int i = 0; pixel && i < width * height; i++, pixel += 4) {
        if (pixel[3] == 0) {
            continue;
        }
        if (opaque++ == 0) {
            colour = pixel[0] << 16 | pixel[1] << 8 | pixel[2];
        }
    }
    crc = shape.data ? crc32(0, static_cast<const uint8_t *>(shape.data), width * height * 4) : 0;
}

static void add_number(JsonBuilder *builder, const char *name, int64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

void Cursor::report(JsonBuilder *builder) const
{
    json_builder_begin_object(builder);
    add_number(builder, "channel", channel_id);
    json_builder_set_member_name(builder, "visible");
    json_builder_add_boolean_value(builder, visible);
    add_number(builder, "shapes", shapes);
    add_number(builder, "moves", moves);
    add_number(builder, "x", x);
    add_number(builder, "y", y);
    add_number(builder, "width", width);
    add_number(builder, "height", height);
    add_number(builder, "hot_x", hot_x);
    add_number(builder, "hot_y", hot_y);
    add_number(builder, "opaque", opaque);
    add_number(builder, "colour", colour);
    add_number(builder, "crc", crc);
    json_builder_end_object(builder);
}

std::string take_text(JsonBuilder *builder)
{
    JsonNode *root = json_builder_get_root(builder);
    gchar *text = json_to_string(root, FALSE);
    std::string result = text;
    g_free(text);
    json_node_unref(root);
    g_object_unref(builder);
    return result;
}

/* Which one it is, after migrations; the port is 0 for a Unix socket */
void Client::report_server(JsonBuilder *builder) const
{
    gchar *port = nullptr;
    g_object_get(session, "port", &port, nullptr);
    add_number(builder, "port", port ? atoi(port) : 0);
    json_builder_set_member_name(builder, "migrating");
    json_builder_add_boolean_value(builder, migration != SPICE_SESSION_MIGRATION_NONE);
    g_free(port);
}

std::string Client::report() const
{
    JsonBuilder *builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "connected");
    json_builder_add_boolean_value(builder, connected && error.empty());
    json_builder_set_member_name(builder, "error");
    if (error.empty()) {
        json_builder_add_null_value(builder);
    } else {
        json_builder_add_string_value(builder, error.c_str());
    }
    report_server(builder);
    inputs.report(builder);
    json_builder_set_member_name(builder, "displays");
    json_builder_begin_array(builder);
    for (const auto &entry : displays) {
        entry.second->report(builder);
    }
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "cursors");
    json_builder_begin_array(builder);
    for (const auto &entry : cursors) {
        entry.second.report(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);

    return take_text(builder);
}

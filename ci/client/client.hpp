/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SPICE session without a window. */
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <memory>
#include <string>
#include <vector>

#include <json-glib/json-glib.h>
#include <spice-client.h>

#include "address.hpp"
#include "display.hpp"
#include "inputs.hpp"
#include "wire-tap.hpp"

/* "mjpeg", "vp8", "h264", "vp9", "h265" separated by commas; false if one is not known */
bool parse_codecs(const std::string &text, std::vector<int> *codecs);

/* The pointer of one display */
struct Cursor {
    int channel_id = 0;
    uint64_t shapes = 0, moves = 0;
    bool visible = false;
    int x = 0, y = 0, width = 0, height = 0, hot_x = 0, hot_y = 0;
    uint32_t opaque = 0;         /* pixels that are not transparent */
    uint32_t crc = 0;            /* zlib's, of its pixels: R G B A, the top line first */
    uint32_t colour = 0;         /* of the first of them, 0xRRGGBB */

    void take_shape(const SpiceCursorShape &shape);
    void report(JsonBuilder *builder) const;
};

/* BUILDER's JSON, in one line; frees BUILDER */
std::string take_text(JsonBuilder *builder);

class Client
{
public:
    struct Callbacks {
        std::function<void(Display &)> changed;         /* a display's picture */
        std::function<void(const std::string &)> over;  /* the connection was lost or refused; the reason */
    };

    Client(const Address &address, Callbacks callbacks);
    ~Client();
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    /* Credentials; empty: none. USER is for SASL, CA_FILE (PEM) for TLS. */
    void authenticate(const std::string &user, const std::string &password,
                      const std::string &ca_file);
    /* spice-gtk opens the connections, as TLS and migration require. Nothing is known from the wire
     * then. */
    void connect_directly() { direct = true; }
    void prefer_codecs(std::vector<int> codecs);
    void watch_counter();
    void compare_with(const std::string &pattern) { compared = pattern; }
    /* On display channels */
    void acknowledge(const AckHabit::Settings &habit) { acks = habit; }
    /* Tells the server that this client supports only these video codecs */
    void claim_codecs(std::vector<int> known) { claimed = std::move(known); }
    void withhold_answers(bool withhold);
    /* For gl-draws from now on; milliseconds */
    void answer_after(int ms);
    bool connect();
    void disconnect();

    Display *display(int id);
    Inputs &keyboard_and_pointer() { return inputs; }
    /* Everything that is known, as a JSON object in one line */
    std::string report() const;

private:
    static void on_channel(SpiceSession *, SpiceChannel *channel, Client *self);
    static void on_migration(SpiceSession *, GParamSpec *, Client *self);
    static void on_channel_gone(SpiceSession *, SpiceChannel *channel, Client *self);
    static void on_open_fd(SpiceChannel *channel, int with_tls, Client *self);
    static void on_event(SpiceChannel *channel, SpiceChannelEvent event, Client *self);
    static void on_cursor_move(SpiceCursorChannel *channel, int x, int y, Client *self);
    static void on_cursor_hide(SpiceCursorChannel *channel, Client *self);
    static void on_cursor_shape(SpiceCursorChannel *channel, GParamSpec *, Client *self);

    bool open_session();
    void report_server(JsonBuilder *builder) const;
    void fail(const std::string &why);
    void add_display(SpiceDisplayChannel *channel);

    Address address;
    SpiceSession *session;
    Callbacks callbacks;
    std::vector<int> codecs;
    std::optional<std::vector<int>> claimed; /* unless these are spice-gtk's own */
    bool sasl = false, direct = false, counting = false, withheld = false;
    int answer_after_ms = 0;
    std::string compared;                    /* a pattern; empty: none */
    AckHabit::Settings acks;
    bool closing = false, connected = false;
    SpiceSessionMigration migration = SPICE_SESSION_MIGRATION_NONE;
    std::map<SpiceChannel *, std::unique_ptr<Display>> displays;
    std::map<SpiceChannel *, std::unique_ptr<WireTap>> taps;
    std::string error;

    std::map<SpiceChannel *, Cursor> cursors;
    Inputs inputs;
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * A SPICE client of one channel, byte by byte: the real link handshake over a real socket, after
 * which its user sends what it likes. It lives in the server's main thread, whose main loop it
 * runs whenever it waits.
 */
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <spice.h>
#include <spice/enums.h>
#include <spice/protocol.h>

using Bytes = std::vector<uint8_t>;

/* Runs GLib's main loop until DONE, at most MS milliseconds; false if it did not come true */
bool run_main_loop(unsigned ms, const std::function<bool()> &done);

class RawChannel
{
public:
    /* local: on a Unix socket; else on TCP */
    RawChannel(SpiceServer *server, uint8_t type, uint8_t id, uint32_t channel_caps,
               uint32_t connection_id, bool local);
    ~RawChannel();
    RawChannel(const RawChannel &) = delete;
    RawChannel &operator=(const RawChannel &) = delete;

    /* The link handshake went well */
    bool linked() const { return is_linked; }
    /* The server has not closed the connection */
    bool connected() const { return fd >= 0; }
    /* Does not wait: what the socket does not accept at once is lost */
    void send_raw(const void *data, size_t size);
    void send(uint16_t type, const Bytes &body = {});
    /* Reads what has come, and answers it as well-behaved clients do */
    void receive();
    void close();

    /* Messages received, by type */
    unsigned count(uint16_t type) const;
    /* Images, video frames and the like: every message that shows something of the guest */
    unsigned pictures() const;
    /* Is there a surface of this size, and has something been drawn on it? */
    bool shows(uint32_t width, uint32_t height) const;
    uint32_t session() const { return session_id; }
    size_t bytes() const { return bytes_received; }
    /* Streams that it has been told of and that have not ended */
    const std::set<uint32_t> &streams() const { return open_streams; }

    /* Each message, before it is answered: type and body */
    std::function<void(uint16_t, const uint8_t *, size_t)> heard;
    bool answers_draws = true;
    bool answers_pings = true;
    /* Number of messages that it acknowledges at a time; 0: it never acknowledges any */
    static constexpr uint32_t AS_ASKED = UINT32_MAX;
    uint32_t acknowledges = AS_ASKED;
    /* Number of messages that it does not acknowledge from now on */
    unsigned forgets = 0;

private:
    bool link(uint8_t type, uint8_t id, uint32_t channel_caps, uint32_t connection_id);
    bool read_exactly(void *data, size_t size);
    void handle(uint16_t type, const uint8_t *body, size_t size);

    int fd = -1;
    bool is_linked = false;
    Bytes received;
    bool with_fds = false; /* the message before had some */
    std::map<uint16_t, unsigned> counts;
    uint32_t surface_width = 0, surface_height = 0; /* pixels; 0: there is none */
    unsigned pictures_before = 0;                   /* the surface came */
    uint32_t session_id = 0;
    uint32_t ack_window = 0, since_ack = 0;
    size_t bytes_received = 0;
    std::set<uint32_t> open_streams;
};

/* The display capabilities of a client that supports everything */
uint32_t all_display_caps();
/* The body of SPICE_MSGC_DISPLAY_INIT */
Bytes display_init();

/* The body of SPICE_MSGC_DISPLAY_STREAM_REPORT that says that this stream cannot be shown */
Bytes stream_refusal(uint32_t id);

/* A main and a display channel */
class RawClient
{
public:
    RawClient(SpiceServer *server, bool local, uint32_t display_caps = all_display_caps(),
              uint8_t display_id = 0);

    bool ok() const { return display && display->linked(); }
    /* Sends INIT: from now on the server sends it pictures */
    void init();
    /* Runs the main loop and receives until DONE; false after ten seconds without */
    bool run_until(const std::function<bool()> &done, unsigned ms = 10000);

    std::unique_ptr<RawChannel> main, display;
};

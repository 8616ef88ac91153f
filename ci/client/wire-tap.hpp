/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sits between spice-gtk and the server, on one channel's connection: spice-gtk does not expose a
 * stream's codec, and cannot be made to do without video.
 */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ack-habit.hpp"
#include "wire-reader.hpp"

class WireTap
{
public:
    enum Kind {
        DISPLAY,   /* messages are counted */
        OTHER,     /* bytes are */
        ENCRYPTED, /* by SASL: the same */
    };

    /* SERVER: a connected socket, owned from now on. KNOWN: tells the server that the
     * client knows these codecs (SPICE_VIDEO_CODEC_TYPE_*) alone. */
    WireTap(int server, Kind kind, const std::optional<std::vector<int>> &known,
            const AckHabit::Settings &acks);
    ~WireTap();
    WireTap(const WireTap &) = delete;
    WireTap &operator=(const WireTap &) = delete;

    /* The socket for spice-gtk, to be taken once; -1 if there is none */
    int take_client_fd();
    const WireReader::Counts &counts() const { return reader.counts(); }
    const ClientReader::Counts &client_counts() const { return client_reader.counts(); }

private:
    void run();
    bool forward_to_client();
    bool send_slowly(const uint8_t *data, size_t length);
    void wait_until_read();
    bool forward_to_server();
    bool pass_to_server(const uint8_t *data, size_t length);

    int server, client = -1, ours = -1;
    int slowly = -1;               /* the client's end again, while sending slowly */
    size_t sent_slowly = 0;
    bool rewrite;                  /* the client's link message has yet to be changed */
    const std::vector<int> known;
    std::vector<uint8_t> link;     /* as much as there is of it */
    const bool plain_display;      /* its messages can be read both ways */
    WireReader reader;
    ClientReader client_reader;
    AckHabit acks;
    const bool hold_acks;
    std::thread thread;
};

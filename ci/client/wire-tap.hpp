/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sits between spice-gtk and the server, on one channel's connection. spice-gtk does not
 * tell which codec a stream has, nor can it be told to do without video; the wire does, and can.
 */
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <optional>
#include <thread>
#include <vector>

/* Reads a channel's byte stream from the server and counts display messages. */
class WireReader
{
public:
    struct Counts {
        std::atomic<uint64_t> bytes{0};
        std::atomic<uint64_t> streams{0};       /* video streams opened */
        std::atomic<uint64_t> video_frames{0};
        std::atomic<uint64_t> images{0};        /* draw-copy messages */
        std::atomic<int> codec{0};              /* SpiceVideoCodecType of the last stream */
        /* Milliseconds from the last video frame to the first image after it; -1: none yet,
         * or video goes on */
        std::atomic<int64_t> video_to_image{-1};
    };

    /* DISPLAY: whether the channel's messages are a display channel's */
    explicit WireReader(bool display): display(display) {}
    void read(const uint8_t *data, size_t length);
    const Counts &counts() const { return total; }

private:
    enum State { LINK_HEADER, LINK_REPLY, LINK_RESULT, HEADER, BODY, FD_BYTE };

    void expect(State next, uint64_t length);
    void complete();
    void message_ends();

    bool display;
    State state = LINK_HEADER;
    uint64_t left = 16;            /* bytes until complete() */
    std::vector<uint8_t> head;     /* the first bytes of what is being read */
    uint16_t type = 0;
    int64_t last_video = 0;        /* monotonic milliseconds; 0: an image has followed */
    Counts total;
};

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
    WireTap(int server, Kind kind, const std::optional<std::vector<int>> &known);
    ~WireTap();
    WireTap(const WireTap &) = delete;
    WireTap &operator=(const WireTap &) = delete;

    /* The socket for spice-gtk, to be taken once; -1 if there is none */
    int take_client_fd();
    const WireReader::Counts &counts() const { return reader.counts(); }

private:
    void run();
    bool forward_to_client();
    bool send_slowly(const uint8_t *data, size_t length);
    void wait_until_read();
    bool forward_to_server();

    int server, client = -1, ours = -1;
    int slowly = -1;               /* the client's end once more, while sending slowly */
    size_t sent_slowly = 0;
    bool rewrite;                  /* the client's link message has yet to be changed */
    const std::vector<int> known;
    std::vector<uint8_t> link;     /* as much as there is of it */
    WireReader reader;
    std::thread thread;
};

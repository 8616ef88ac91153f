/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads one channel's byte streams, without delaying them, and counts what they contain. */
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

/* A stream's own beginning, and then messages: 2 bytes of type, 4 of size, both little-endian, and
 * the body. Both sides have had SPICE_COMMON_CAP_MINI_HEADER for many years. */
static constexpr size_t MESSAGE_HEADER = 6;

uint32_t read_le32(const uint8_t *data);
void write_le32(uint8_t *data, uint32_t value);

/* From the server. Counts may be read in any thread. */
class WireReader
{
public:
    static constexpr size_t TYPES = 512;

    struct Counts {
        std::atomic<uint64_t> bytes{0};
        std::array<std::atomic<uint64_t>, TYPES> messages{};      /* by type: how many, */
        std::array<std::atomic<uint64_t>, TYPES> message_bytes{}; /* and their bytes */
        /* Stream data too short for a frame: it makes a parser pass the previous frame on */
        std::atomic<uint64_t> delimiters{0};
        std::atomic<int> codec{0};              /* SpiceVideoCodecType of the last stream */
        /* Milliseconds from the last video frame to the first image after it; -1: none yet,
         * or video goes on */
        std::atomic<int64_t> video_to_image{-1};

        uint64_t streams() const;               /* video streams opened */
        uint64_t video_frames() const;
        uint64_t images() const;                /* draw-copy messages */
        uint64_t draws() const;                 /* all that draw at once: images and the like */
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

/* To the server, on a display channel without SASL */
class ClientReader
{
public:
    struct Counts {
        std::array<std::atomic<uint64_t>, WireReader::TYPES> messages{};
        /* From the client's reports about streams: frames, frames that came too late for their time
         * (some decoders show these nevertheless), and streams that it cannot decode any more */
        std::atomic<uint64_t> reported_frames{0}, reported_late{0}, undecodable{0};
        std::atomic<int> last_margin{0};        /* ms that the last frame came early */
    };

    /* PASS gets what has been read: the beginning as it comes, then whole messages one by one */
    using Pass = std::function<void(const uint8_t *data, size_t length)>;

    void read(const uint8_t *data, size_t length, const Pass &pass);
    const Counts &counts() const { return total; }
    /* What pass() gets is a message, no longer the beginning */
    bool linked() const { return begun; }

private:
    void message(const uint8_t *data, size_t length);

    std::vector<uint8_t> buffer;
    bool begun = false;            /* the link message and the ticket are through */
    Counts total;
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire-reader.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <spice/enums.h>
#include <spice/protocol.h>

namespace {

using Bytes = std::vector<uint8_t>;

void append(Bytes *to, const Bytes &more)
{
    to->insert(to->end(), more.begin(), more.end());
}

Bytes numbers(const std::vector<uint32_t> &values)
{
    Bytes bytes(values.size() * 4);
    for (size_t i = 0; i < values.size(); i++) {
        write_le32(&bytes[i * 4], values[i]);
    }
    return bytes;
}

Bytes message(uint16_t type, const Bytes &body)
{
    Bytes bytes = {uint8_t(type), uint8_t(type >> 8)};
    append(&bytes, numbers({uint32_t(body.size())}));
    append(&bytes, body);
    return bytes;
}

/* A header whose last word is the length of what follows */
Bytes link(uint32_t length)
{
    Bytes bytes = numbers({SPICE_MAGIC, 2, 2, length});
    bytes.resize(bytes.size() + length);
    return bytes;
}

} // namespace

TEST(WireReader, counts_messages_by_type_however_they_are_cut)
{
    Bytes stream = link(178);
    append(&stream, numbers({0})); /* the result */
    append(&stream, message(SPICE_MSG_DISPLAY_DRAW_COPY, Bytes(1000)));
    append(&stream, message(SPICE_MSG_DISPLAY_STREAM_CREATE,
                            {0, 0, 0, 0, 0, 0, 0, 0, 1, SPICE_VIDEO_CODEC_TYPE_H264}));
    append(&stream, message(SPICE_MSG_DISPLAY_STREAM_DATA, Bytes(50)));
    append(&stream, message(SPICE_MSG_DISPLAY_STREAM_DATA, Bytes(70)));
    append(&stream, message(SPICE_MSG_DISPLAY_MARK, {}));
    for (const size_t piece : {size_t{1}, size_t{7}, stream.size()}) {
        WireReader reader(true);
        for (size_t at = 0; at < stream.size(); at += piece) {
            reader.read(&stream[at], std::min(piece, stream.size() - at));
        }
        const auto &counts = reader.counts();
        EXPECT_EQ(counts.bytes, stream.size());
        EXPECT_EQ(counts.images(), 1u);
        EXPECT_EQ(counts.draws(), 1u);
        EXPECT_EQ(counts.streams(), 1u);
        EXPECT_EQ(counts.video_frames(), 2u);
        EXPECT_EQ(counts.codec, SPICE_VIDEO_CODEC_TYPE_H264);
        EXPECT_EQ(counts.messages[SPICE_MSG_DISPLAY_MARK], 1u);
        EXPECT_EQ(counts.message_bytes[SPICE_MSG_DISPLAY_STREAM_DATA], 2 * 6 + 50 + 70u);
    }
}

TEST(ClientReader, passes_all_on_and_reads_reports)
{
    Bytes stream = link(30);
    stream.resize(stream.size() + 4 + 128); /* the ticket */
    const size_t beginning = stream.size();
    append(&stream, message(SPICE_MSGC_ACK, {}));
    append(&stream, message(SPICE_MSGC_DISPLAY_STREAM_REPORT,
                            numbers({0, 1, 100, 200, 5, 2, uint32_t(-7), 0})));
    append(&stream, message(SPICE_MSGC_DISPLAY_STREAM_REPORT,
                            numbers({0, 0, 0, 0, 0, UINT32_MAX, 0, 0})));
    for (const size_t piece : {size_t{1}, size_t{10}, beginning + 3, stream.size()}) {
        ClientReader reader;
        Bytes passed;
        size_t messages = 0;
        for (size_t at = 0; at < stream.size(); at += piece) {
            reader.read(&stream[at], std::min(piece, stream.size() - at),
                        [&](const uint8_t *data, size_t length) {
                            append(&passed, Bytes(data, data + length));
                            messages += reader.linked();
                        });
            /* The server waits for the rest of the beginning */
            EXPECT_GE(passed.size(), std::min(at + piece, beginning));
        }
        EXPECT_EQ(passed, stream);
        EXPECT_EQ(messages, 3u);
        const auto &counts = reader.counts();
        EXPECT_EQ(counts.messages[SPICE_MSGC_ACK], 1u);
        EXPECT_EQ(counts.reported_frames, 5u);
        EXPECT_EQ(counts.reported_late, 2u);
        EXPECT_EQ(counts.last_margin, -7);
        EXPECT_EQ(counts.undecodable, 1u);
    }
}

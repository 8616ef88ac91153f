/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire-reader.hpp"

#include <algorithm>
#include <chrono>
#include <spice/enums.h>
#include <spice/protocol.h>

/* The longest part of a message that is read here */
static constexpr size_t HEAD_BYTES = 32;
/* Bytes of the longest access units without a picture */
static constexpr uint32_t DELIMITERS = 16;

uint32_t read_le32(const uint8_t *data)
{
    return data[0] | data[1] << 8 | data[2] << 16 | uint32_t{data[3]} << 24;
}

void write_le32(uint8_t *data, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        data[i] = value >> (8 * i);
    }
}

static int64_t milliseconds()
{
    using namespace std::chrono;
    return duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count();
}

uint64_t WireReader::Counts::streams() const
{
    return messages[SPICE_MSG_DISPLAY_STREAM_CREATE];
}

uint64_t WireReader::Counts::video_frames() const
{
    return messages[SPICE_MSG_DISPLAY_STREAM_DATA] + messages[SPICE_MSG_DISPLAY_STREAM_DATA_SIZED] -
        delimiters;
}

uint64_t WireReader::Counts::images() const
{
    return messages[SPICE_MSG_DISPLAY_DRAW_COPY];
}

uint64_t WireReader::Counts::draws() const
{
    uint64_t sum = messages[SPICE_MSG_DISPLAY_COPY_BITS] + messages[SPICE_MSG_DISPLAY_DRAW_COMPOSITE];
    for (int type = SPICE_MSG_DISPLAY_DRAW_FILL; type <= SPICE_MSG_DISPLAY_DRAW_ALPHA_BLEND; type++) {
        sum += messages[type];
    }
    return sum;
}

void WireReader::expect(State next, uint64_t length)
{
    state = next;
    left = length;
    head.clear();
    if (left == 0) {
        complete();
    }
}

void WireReader::read(const uint8_t *data, size_t length)
{
    total.bytes += length;
    while (display && length) {
        const size_t take = std::min<uint64_t>(length, left);
        if (head.size() < HEAD_BYTES) {
            head.insert(head.end(), data, data + std::min(take, HEAD_BYTES - head.size()));
        }
        data += take;
        length -= take;
        left -= take;
        if (left == 0) {
            complete();
        }
    }
}

void WireReader::complete()
{
    switch (state) {
    case LINK_HEADER:
        expect(LINK_REPLY, read_le32(&head[12]));
        break;
    case LINK_REPLY:
        expect(LINK_RESULT, 4);
        break;
    case HEADER:
        type = head[0] | head[1] << 8;
        if (type < TYPES) {
            total.message_bytes[type] += MESSAGE_HEADER + read_le32(&head[2]);
        }
        expect(BODY, read_le32(&head[2]));
        break;
    case BODY:
        message_ends();
        break;
    case LINK_RESULT:
    case FD_BYTE:
        expect(HEADER, MESSAGE_HEADER);
        break;
    }
}

void WireReader::message_ends()
{
    if (type < TYPES) {
        total.messages[type]++;
    }
    switch (type) {
    case SPICE_MSG_DISPLAY_STREAM_CREATE:
        /* surface 4, stream 4, flags 1, codec 1 */
        if (head.size() > 9) {
            total.codec = head[9];
        }
        break;
    case SPICE_MSG_DISPLAY_STREAM_DATA:
        /* stream 4, time 4, size 4 */
        if (head.size() >= 12 && read_le32(&head[8]) - 1 < DELIMITERS) {
            total.delimiters++;
        }
        [[fallthrough]];
    case SPICE_MSG_DISPLAY_STREAM_DATA_SIZED:
        total.video_to_image = -1;
        last_video = milliseconds();
        break;
    case SPICE_MSG_DISPLAY_DRAW_COPY:
        if (last_video) {
            total.video_to_image = milliseconds() - last_video;
            last_video = 0;
        }
        break;
    case SPICE_MSG_DISPLAY_GL_SCANOUT_UNIX:
        /* width, height, stride, fourcc; with a fourcc, a byte that carries the fd follows */
        if (head.size() >= 16 && read_le32(&head[12])) {
            expect(FD_BYTE, 1);
            return;
        }
        break;
    }
    expect(HEADER, MESSAGE_HEADER);
}

/* After the link message: the mechanism of authentication, and the ticket, encrypted with a key
 * of 1024 bits */
static constexpr size_t TICKET = 4 + 128;

void ClientReader::read(const uint8_t *data, size_t length, const Pass &pass)
{
    buffer.insert(buffer.end(), data, data + length);
    if (!begun) {
        const size_t header = sizeof(SpiceLinkHeader);
        const size_t all = buffer.size() < header ? SIZE_MAX
                                                  : header + read_le32(&buffer[12]) + TICKET;
        /* The other side sends the key only after the link message, and the ticket follows that */
        pass(data, all > buffer.size() ? length : length - (buffer.size() - all));
        if (all > buffer.size()) {
            return;
        }
        begun = true;
        buffer.erase(buffer.begin(), buffer.begin() + all);
    }
    size_t at = 0;
    while (buffer.size() - at >= MESSAGE_HEADER) {
        const size_t whole = MESSAGE_HEADER + read_le32(&buffer[at + 2]);
        if (buffer.size() - at < whole) {
            break;
        }
        message(&buffer[at], whole);
        pass(&buffer[at], whole);
        at += whole;
    }
    buffer.erase(buffer.begin(), buffer.begin() + at);
}

void ClientReader::message(const uint8_t *data, size_t length)
{
    const unsigned type = data[0] | data[1] << 8;
    if (type < total.messages.size()) {
        total.messages[type]++;
    }
    /* stream 4, unique 4, start 4, end 4, frames 4, drops 4, delay 4, audio 4 */
    if (type != SPICE_MSGC_DISPLAY_STREAM_REPORT || length < MESSAGE_HEADER + 32) {
        return;
    }
    const uint8_t *body = data + MESSAGE_HEADER;
    const uint32_t late = read_le32(body + 20);
    if (late == UINT32_MAX) {
        total.undecodable++;
        return;
    }
    total.reported_frames += read_le32(body + 16);
    total.reported_late += late;
    total.last_margin = int(read_le32(body + 24));
}

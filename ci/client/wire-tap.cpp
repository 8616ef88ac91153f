/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire-tap.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spice/enums.h>
#include <spice/protocol.h>
#include <sys/socket.h>
#include <unistd.h>

static constexpr int MAX_FDS = 4;

static int64_t milliseconds()
{
    using namespace std::chrono;
    return duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count();
}

/* Link messages, authentication and its result together are less than this */
static constexpr size_t SLOW_BYTES = 1024;

WireTap::WireTap(int server, Kind kind, const std::optional<std::vector<int>> &known,
                 const AckHabit::Settings &acks):
    server(server), rewrite(kind == DISPLAY && known), known(known.value_or(std::vector<int>())),
    plain_display(kind == DISPLAY), reader(kind == DISPLAY), acks(acks), hold_acks(acks.any())
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0) {
        client = pair[0];
        ours = pair[1];
        if (kind == ENCRYPTED) {
            slowly = fcntl(client, F_DUPFD_CLOEXEC, 0);
        }
        thread = std::thread(&WireTap::run, this);
    }
}

WireTap::~WireTap()
{
    if (thread.joinable()) {
        shutdown(ours, SHUT_RDWR);
        shutdown(server, SHUT_RDWR);
        thread.join();
    }
    for (int fd : {server, client, ours, slowly}) {
        if (fd >= 0) {
            close(fd);
        }
    }
}

int WireTap::take_client_fd()
{
    const int fd = client;
    client = -1;
    return fd;
}

static bool send_all(int fd, const uint8_t *data, size_t length)
{
    while (length) {
        const ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        data += sent;
        length -= sent;
    }
    return true;
}

void WireTap::run()
{
    struct pollfd fds[2] = {{server, POLLIN, 0}, {ours, POLLIN, 0}};
    bool open = true;
    while (open) {
        const auto due = acks.next();
        const int64_t left = due ? std::max<int64_t>(*due - milliseconds(), 0) : -1;
        if (poll(fds, 2, int(left)) < 0 && errno != EINTR) {
            break;
        }
        std::vector<uint8_t> late;
        acks.release(milliseconds(), &late);
        open = send_all(server, late.data(), late.size()) &&
               (!fds[0].revents || forward_to_client()) && (!fds[1].revents || forward_to_server());
    }
    shutdown(ours, SHUT_RDWR);
    shutdown(server, SHUT_RDWR);
}

void WireTap::wait_until_read()
{
    struct pollfd unread = {slowly, POLLIN, 0};
    for (int tries = 0; tries < 10000 && poll(&unread, 1, 0) > 0 && unread.revents == POLLIN; tries++) {
        usleep(100);
    }
}

/* spice-gtk 0.42 reads the result of SASL together with the bytes behind it, and then waits for
 * more before it looks at these: forever, if no more comes. So the beginning is sent byte by
 * byte, each when the previous one has been read. */
bool WireTap::send_slowly(const uint8_t *data, size_t length)
{
    while (slowly >= 0 && length) {
        wait_until_read();
        if (!send_all(ours, data, 1)) {
            return false;
        }
        data++;
        length--;
        if (++sent_slowly == SLOW_BYTES) {
            close(slowly);
            slowly = -1;
        }
    }
    return send_all(ours, data, length);
}

/* With the descriptors that come along. The data that recvmsg() returns ends with the bytes that
 * carry descriptors, but may have others before them; the server sends them with one byte. */
bool WireTap::forward_to_client()
{
    uint8_t data[65536];
    alignas(cmsghdr) char control[CMSG_SPACE(MAX_FDS * sizeof(int))];
    struct iovec bytes = {data, sizeof(data)};
    struct msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t got = recvmsg(server, &message, MSG_CMSG_CLOEXEC);
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    reader.read(data, got);
    const cmsghdr *with = CMSG_FIRSTHDR(&message);
    if (!with || with->cmsg_type != SCM_RIGHTS) {
        return send_slowly(data, got);
    }
    /* On earlier bytes the descriptors would be lost: spice-gtk reads those without looking */
    bytes.iov_base = data + got - 1;
    bytes.iov_len = 1;
    const bool sent = send_all(ours, data, got - 1) && sendmsg(ours, &message, MSG_NOSIGNAL) == 1;
    for (size_t at = CMSG_LEN(0); at < with->cmsg_len; at += sizeof(int)) {
        int fd;
        memcpy(&fd, reinterpret_cast<const char *>(with) + at, sizeof(fd));
        close(fd);
    }
    return sent;
}

/* Removes all video codecs but these from the display channel's capabilities. MULTI_CODEC stays:
 * without it the server takes the client for an old one that supports MJPEG. */
static void hide_codecs(uint8_t *link, size_t length, const std::vector<int> &known)
{
    static const struct {
        int codec, cap;
    } all[] = {{SPICE_VIDEO_CODEC_TYPE_MJPEG, SPICE_DISPLAY_CAP_CODEC_MJPEG},
               {SPICE_VIDEO_CODEC_TYPE_VP8, SPICE_DISPLAY_CAP_CODEC_VP8},
               {SPICE_VIDEO_CODEC_TYPE_H264, SPICE_DISPLAY_CAP_CODEC_H264},
               {SPICE_VIDEO_CODEC_TYPE_VP9, SPICE_DISPLAY_CAP_CODEC_VP9},
               {SPICE_VIDEO_CODEC_TYPE_H265, SPICE_DISPLAY_CAP_CODEC_H265}};
    const uint8_t *message = link + sizeof(SpiceLinkHeader);
    const uint32_t common = read_le32(message + 6), channel = read_le32(message + 10);
    const size_t at = sizeof(SpiceLinkHeader) + read_le32(message + 14) + size_t{common} * 4;
    if (channel == 0 || at + 4 > length) {
        return;
    }
    uint32_t caps = read_le32(link + at);
    for (const auto &one : all) {
        if (std::find(known.begin(), known.end(), one.codec) == known.end()) {
            caps &= ~(1u << one.cap);
        }
    }
    write_le32(link + at, caps | 1u << SPICE_DISPLAY_CAP_MULTI_CODEC);
}

bool WireTap::forward_to_server()
{
    uint8_t data[65536];
    const ssize_t got = recv(ours, data, sizeof(data), 0);
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    if (!rewrite) {
        return pass_to_server(data, got);
    }
    link.insert(link.end(), data, data + got);
    if (link.size() < sizeof(SpiceLinkHeader) + sizeof(SpiceLinkMess) ||
        link.size() < sizeof(SpiceLinkHeader) + read_le32(&link[12])) {
        return true;
    }
    rewrite = false;
    hide_codecs(link.data(), link.size(), known);
    return pass_to_server(link.data(), link.size());
}

bool WireTap::pass_to_server(const uint8_t *data, size_t length)
{
    if (!plain_display) {
        return send_all(server, data, length);
    }
    std::vector<uint8_t> out;
    client_reader.read(data, length, [&](const uint8_t *part, size_t size) {
        if (hold_acks && client_reader.linked()) {
            acks.message(part, size, milliseconds(), &out);
        } else {
            out.insert(out.end(), part, part + size);
        }
    });
    return send_all(server, out.data(), out.size());
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "raw-client.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

bool run_main_loop(unsigned ms, const std::function<bool()> &done)
{
    const gint64 end = g_get_monotonic_time() + gint64(ms) * 1000;
    for (;;) {
        while (g_main_context_iteration(nullptr, FALSE)) {
        }
        if (done()) {
            return true;
        }
        if (g_get_monotonic_time() >= end) {
            return false;
        }
        g_usleep(500);
    }
}

/* Both ends of a TCP connection to ourselves */
static bool tcp_pair(int fds[2])
{
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto name = reinterpret_cast<sockaddr *>(&address);
    bool good = bind(listener, name, size) == 0 && listen(listener, 1) == 0 &&
        getsockname(listener, name, &size) == 0;
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fds[1] = -1;
    if (good && connect(fds[0], name, size) == 0) {
        fds[1] = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    }
    ::close(listener);
    if (fds[1] < 0) {
        ::close(fds[0]);
    }
    return fds[1] >= 0;
}

static Bytes bytes_of(const void *data, size_t size)
{
    auto begin = static_cast<const uint8_t *>(data);
    return Bytes(begin, begin + size);
}

/* The empty password, for the server's key of this link */
static Bytes ticket(const uint8_t *key, size_t key_size)
{
    Bytes encrypted(SPICE_TICKET_KEY_PAIR_LENGTH / 8);
    size_t size = encrypted.size();
    EVP_PKEY *pkey = d2i_PUBKEY(nullptr, &key, key_size);
    EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new(pkey, nullptr) : nullptr;
    const uint8_t empty[1] = {};
    if (!ctx || EVP_PKEY_encrypt_init(ctx) <= 0 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) <= 0 ||
        EVP_PKEY_encrypt(ctx, encrypted.data(), &size, empty, sizeof(empty)) <= 0) {
        encrypted.clear();
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return encrypted;
}

RawChannel::RawChannel(SpiceServer *server, uint8_t type, uint8_t id, uint32_t channel_caps,
                       uint32_t connection_id, bool local)
{
    int fds[2];
    if (local ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0 : !tcp_pair(fds)) {
        return;
    }
    fd = fds[0];
    if (spice_server_add_client(server, fds[1], 0) != 0) {
        ::close(fds[1]);
        return;
    }
    is_linked = link(type, id, channel_caps, connection_id);
}

RawChannel::~RawChannel()
{
    close();
}

void RawChannel::close()
{
    if (fd >= 0) {
        ::close(fd);
        fd = -1;
    }
}

void RawChannel::send_raw(const void *data, size_t size)
{
    if (fd >= 0) {
        (void)!::send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void RawChannel::send(uint16_t type, const Bytes &body)
{
    SpiceMiniDataHeader header = { type, uint32_t(body.size()) };
    Bytes message = bytes_of(&header, sizeof(header));
    message.insert(message.end(), body.begin(), body.end());
    send_raw(message.data(), message.size());
}

bool RawChannel::read_exactly(void *data, size_t size)
{
    auto to = static_cast<uint8_t *>(data);
    return run_main_loop(10000, [&] {
        const ssize_t n = fd < 0 ? 0 : recv(fd, to, size, MSG_DONTWAIT);
        if (n > 0) {
            to += n;
            size -= n;
        } else if (n == 0) {
            close();
        }
        return size == 0 || fd < 0;
    }) && fd >= 0;
}

bool RawChannel::link(uint8_t type, uint8_t id, uint32_t channel_caps, uint32_t connection_id)
{
    struct __attribute__((packed)) {
        SpiceLinkHeader header;
        SpiceLinkMess mess;
        uint32_t caps[2];
    } hello = {};
    hello.header = { SPICE_MAGIC, SPICE_VERSION_MAJOR, SPICE_VERSION_MINOR,
                     sizeof(hello) - sizeof(hello.header) };
    hello.mess.connection_id = connection_id;
    hello.mess.channel_type = type;
    hello.mess.channel_id = id;
    hello.mess.num_common_caps = hello.mess.num_channel_caps = 1;
    hello.mess.caps_offset = sizeof(hello.mess);
    hello.caps[0] = 1 << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION |
        1 << SPICE_COMMON_CAP_AUTH_SPICE | 1 << SPICE_COMMON_CAP_MINI_HEADER;
    hello.caps[1] = channel_caps;
    send_raw(&hello, sizeof(hello));

    SpiceLinkHeader header;
    if (!read_exactly(&header, sizeof(header)) || header.size < sizeof(SpiceLinkReply)) {
        return false;
    }
    Bytes answer(header.size);
    SpiceLinkReply reply;
    if (!read_exactly(answer.data(), answer.size())) {
        return false;
    }
    memcpy(&reply, answer.data(), sizeof(reply));
    if (reply.error != SPICE_LINK_ERR_OK) {
        return false;
    }
    const uint32_t mechanism = SPICE_COMMON_CAP_AUTH_SPICE;
    const Bytes password = ticket(reply.pub_key, sizeof(reply.pub_key));
    send_raw(&mechanism, sizeof(mechanism));
    send_raw(password.data(), password.size());
    uint32_t result;
    return read_exactly(&result, sizeof(result)) && result == SPICE_LINK_ERR_OK;
}

/* Whether file descriptors follow a message, all with one byte. None follow a scanout of nothing,
 * which has no format, and a SpiceMsgDisplayGlScanout2Unix without planes. */
static bool has_fds(uint16_t type, const uint8_t *body, size_t size)
{
    uint32_t words[4] = {}; // width, height, stride, fourcc
    constexpr size_t num_planes = 16;

    switch (type) {
    case SPICE_MSG_DISPLAY_GL_SCANOUT_UNIX:
        memcpy(words, body, std::min(size, sizeof(words)));
        return words[3] != 0;
    case SPICE_MSG_DISPLAY_GL_SCANOUT2_UNIX:
        return size > num_planes && body[num_planes] > 0;
    default:
        return false;
    }
}

void RawChannel::receive()
{
    uint8_t chunk[65536];
    for (;;) {
        const ssize_t n = fd < 0 ? -1 : recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            close();
        }
        if (n <= 0) {
            break;
        }
        received.insert(received.end(), chunk, chunk + n);
        bytes_received += n;
    }
    size_t at = 0;
    SpiceMiniDataHeader header;
    while (received.size() - at >= sizeof(header) + with_fds) {
        at += with_fds; /* the byte that file descriptors come with */
        with_fds = false;
        memcpy(&header, received.data() + at, sizeof(header));
        if (received.size() - at - sizeof(header) < header.size) {
            break;
        }
        const uint8_t *body = received.data() + at + sizeof(header);
        handle(header.type, body, header.size);
        with_fds = has_fds(header.type, body, header.size);
        at += sizeof(header) + header.size;
    }
    received.erase(received.begin(), received.begin() + at);
}

void RawChannel::handle(uint16_t type, const uint8_t *body, size_t size)
{
    uint32_t words[3] = {};
    memcpy(words, body, std::min(size, sizeof(words)));
    counts[type]++;
    if (heard) {
        heard(type, body, size);
    }
    switch (type) {
    case SPICE_MSG_SET_ACK:
        send(SPICE_MSGC_ACK_SYNC, bytes_of(&words[0], sizeof(words[0])));
        ack_window = words[1];
        since_ack = 0;
        return; // which is not acknowledged itself
    case SPICE_MSG_PING:
        if (answers_pings) {
            send(SPICE_MSGC_PONG, Bytes(body, body + std::min<size_t>(size, 12)));
        }
        break;
    case SPICE_MSG_MAIN_INIT:
        session_id = words[0];
        break;
    case SPICE_MSG_DISPLAY_SURFACE_CREATE: // number, width, height
        surface_width = words[1];
        surface_height = words[2];
        pictures_before = pictures();
        break;
    case SPICE_MSG_DISPLAY_SURFACE_DESTROY:
        surface_width = surface_height = 0;
        break;
    case SPICE_MSG_DISPLAY_STREAM_CREATE: // surface, stream
        open_streams.insert(words[1]);
        break;
    case SPICE_MSG_DISPLAY_STREAM_DESTROY:
        open_streams.erase(words[0]);
        break;
    case SPICE_MSG_DISPLAY_GL_DRAW:
        if (answers_draws) {
            send(SPICE_MSGC_DISPLAY_GL_DRAW_DONE);
        }
        break;
    }
    const uint32_t window = acknowledges == AS_ASKED ? ack_window : acknowledges;
    if (forgets) {
        forgets--;
    } else if (window && ++since_ack >= window) {
        since_ack = 0;
        send(SPICE_MSGC_ACK);
    }
}

unsigned RawChannel::count(uint16_t type) const
{
    auto found = counts.find(type);
    return found == counts.end() ? 0 : found->second;
}

unsigned RawChannel::pictures() const
{
    return count(SPICE_MSG_DISPLAY_DRAW_COPY) + count(SPICE_MSG_DISPLAY_STREAM_DATA) +
        count(SPICE_MSG_DISPLAY_STREAM_DATA_SIZED) + count(SPICE_MSG_DISPLAY_GL_DRAW);
}

bool RawChannel::shows(uint32_t width, uint32_t height) const
{
    return surface_width == width && surface_height == height && pictures() > pictures_before;
}

uint32_t all_display_caps()
{
    uint32_t caps = 0;
    for (int cap : { SPICE_DISPLAY_CAP_SIZED_STREAM, SPICE_DISPLAY_CAP_MONITORS_CONFIG,
                     SPICE_DISPLAY_CAP_COMPOSITE, SPICE_DISPLAY_CAP_A8_SURFACE,
                     SPICE_DISPLAY_CAP_STREAM_REPORT, SPICE_DISPLAY_CAP_LZ4_COMPRESSION,
                     SPICE_DISPLAY_CAP_PREF_COMPRESSION, SPICE_DISPLAY_CAP_GL_SCANOUT,
                     SPICE_DISPLAY_CAP_GL_SCANOUT2,
                     SPICE_DISPLAY_CAP_MULTI_CODEC, SPICE_DISPLAY_CAP_CODEC_MJPEG,
                     SPICE_DISPLAY_CAP_CODEC_VP8, SPICE_DISPLAY_CAP_PREF_VIDEO_CODEC_TYPE }) {
        caps |= 1u << cap;
    }
    return caps;
}

Bytes display_init()
{
    /* cache id, cache size, dictionary id, dictionary's window size */
    struct __attribute__((packed)) {
        uint8_t cache_id;
        int64_t cache_size;
        uint8_t dictionary_id;
        int32_t dictionary_size;
    } const init = { 1, 1 << 20, 1, 1 << 16 };
    return bytes_of(&init, sizeof(init));
}

Bytes stream_refusal(uint32_t id)
{
    /* unique id, start and end, frames, drops, delay, audio's delay: as spice-gtk fills them in */
    const uint32_t words[] = { id, id, 0, 0, 0, UINT32_MAX, 0, 0 };
    return bytes_of(words, sizeof(words));
}

RawClient::RawClient(SpiceServer *server, bool local, uint32_t display_caps, uint8_t display_id)
{
    main = std::make_unique<RawChannel>(server, SPICE_CHANNEL_MAIN, 0, 0, 0, local);
    if (!main->linked() || !run_until([this] { return main->session() != 0; })) {
        return;
    }
    display = std::make_unique<RawChannel>(server, SPICE_CHANNEL_DISPLAY, display_id, display_caps,
                                           main->session(), local);
}

void RawClient::init()
{
    display->send(SPICE_MSGC_DISPLAY_INIT, display_init());
}

bool RawClient::run_until(const std::function<bool()> &done, unsigned ms)
{
    return run_main_loop(ms, [&] {
        for (auto channel : { main.get(), display.get() }) {
            if (channel) {
                channel->receive();
            }
        }
        return done();
    });
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "carrier.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <ctime>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace {

/* virtio_net_hdr, which precedes each packet. Linux' header for it is not valid C++. */
struct Offload {
    uint8_t flags = 0, gso_type = 0;
    uint16_t header_length = 0, gso_size = 0, checksum_start = 0, checksum_offset = 0;
};
static_assert(sizeof(Offload) == 10);

} // namespace

/* Read and written with one call */
static constexpr size_t BATCH = 32;
static constexpr size_t MAX_PACKET = sizeof(Offload) + ETH_HLEN + 65536;
/* Room for a burst that comes before this process gets the CPU */
static constexpr int RECEIVE_BUFFER = 8 << 20;
/* Packets that are due within this time are sent with those that are due now: a wake-up for each
 * packet would take several times the CPU. If the link's delay is shorter, half of the delay. */
static constexpr int64_t TOGETHER = 250000;
static constexpr int64_t MILLISECOND = 1000000;

static int64_t clock_ns(clockid_t clock)
{
    timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * int64_t{1000000000} + time.tv_nsec;
}

int64_t now_ns()
{
    return clock_ns(CLOCK_MONOTONIC);
}

static void set_option(int fd, int level, int option, int value, const char *what)
{
    if (setsockopt(fd, level, option, &value, sizeof(value)) != 0) {
        throw_errno(what);
    }
}

PacketSocket::PacketSocket(const std::string &device):
    socket(checked_fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                      "cannot create a packet socket"))
{
    /* Packets stay as the sender's kernel has made them: without checksums, several in one, as for
     * a network adapter that computes and segments. This saves CPU time. */
    set_option(fd(), SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
    /* The time when they came, not when this process read them */
    set_option(fd(), SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
    if (setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &RECEIVE_BUFFER, sizeof(RECEIVE_BUFFER)) != 0) {
        set_option(fd(), SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, "SO_RCVBUF");
    }
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_IP);
    address.sll_ifindex = int(if_nametoindex(device.c_str()));
    if (bind(fd(), reinterpret_cast<sockaddr *>(&address), sizeof(address)) != 0) {
        throw_errno("cannot bind a packet socket to " + device);
    }
}

uint64_t PacketSocket::take_overflow()
{
    tpacket_stats stats{};
    socklen_t size = sizeof(stats);
    getsockopt(fd(), SOL_PACKET, PACKET_STATISTICS, &stats, &size);
    return stats.tp_drops;
}

/* Bytes on a line that carries only IP, where each segment of a packet would be a packet of its
 * own, with its own headers. */
static size_t bytes_on_line(const std::vector<uint8_t> &data)
{
    Offload offload;
    memcpy(&offload, data.data(), sizeof(offload));
    const size_t start = sizeof(offload) + ETH_HLEN;
    const size_t length = data.size() - start;
    if (offload.gso_type == 0 || offload.gso_size == 0 || length < 20) {
        return length;
    }
    const size_t ip = (data[start] & 15) * 4;
    const bool tcp = data[start + 9] == IPPROTO_TCP && length > ip + 12;
    const size_t headers = ip + (tcp ? (data[start + ip + 12] >> 4) * 4 : 8);
    const size_t payload = length > headers ? length - headers : 0;
    const size_t segments = (payload + offload.gso_size - 1) / offload.gso_size;
    return payload + std::max<size_t>(segments, 1) * headers;
}

namespace {

/* What recvmmsg(2) needs; too large for the stack */
struct Inbox {
    struct One {
        alignas(cmsghdr) char control[64];
        uint8_t data[MAX_PACKET];
    };
    std::vector<One> ones{BATCH};
    std::array<iovec, BATCH> parts;
    std::array<mmsghdr, BATCH> messages;

    int fill(int fd)
    {
        for (size_t i = 0; i < BATCH; i++) {
            parts[i] = {ones[i].data, sizeof(ones[i].data)};
            messages[i] = {};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
            messages[i].msg_hdr.msg_control = ones[i].control;
            messages[i].msg_hdr.msg_controllen = sizeof(ones[i].control);
        }
        return recvmmsg(fd, messages.data(), BATCH, MSG_DONTWAIT, nullptr);
    }
};

} // namespace

/* When a packet came, in CLOCK_REALTIME; 0 if the kernel does not report it */
static int64_t stamp_of(msghdr &message)
{
    for (auto *one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_TIMESTAMPNS) {
            timespec time;
            memcpy(&time, CMSG_DATA(one), sizeof(time));
            return time.tv_sec * int64_t{1000000000} + time.tv_nsec;
        }
    }
    return 0;
}

void Carrier::receive()
{
    static thread_local Inbox inbox;
    int got;
    do {
        got = inbox.fill(from.fd());
        const int64_t now = now_ns(), real = clock_ns(CLOCK_REALTIME);
        for (int i = 0; i < got; i++) {
            mmsghdr &message = inbox.messages[i];
            if (message.msg_len < sizeof(Offload) + ETH_HLEN ||
                (message.msg_hdr.msg_flags & MSG_TRUNC)) {
                failed++;
                continue;
            }
            /* A clock that is set meanwhile must not stop the link */
            const int64_t ago = real - stamp_of(message.msg_hdr);
            const int64_t at = ago > 0 && ago < 50 * MILLISECOND ? now - ago : now;
            Packet packet;
            packet.data.assign(inbox.ones[i].data, inbox.ones[i].data + message.msg_len);
            packet.bytes = bytes_on_line(packet.data);
            way.arrive(std::move(packet), at);
        }
    } while (got == int(BATCH));
}

int64_t Carrier::deliver()
{
    std::array<Packet, BATCH> packets;
    std::array<iovec, BATCH> parts;
    std::array<mmsghdr, BATCH> messages;
    size_t ready;
    const int64_t together = std::min(TOGETHER, way.conditions().delay / 2);
    do {
        const int64_t now = now_ns();
        int64_t due;
        ready = 0;
        while (ready < BATCH) {
            auto packet = way.take(now + together, &due);
            if (!packet) {
                break;
            }
            late_max = std::max(late_max, now - due);
            late += now - due > MILLISECOND;
            packets[ready] = std::move(*packet);
            parts[ready] = {packets[ready].data.data(), packets[ready].data.size()};
            messages[ready] = {};
            messages[ready].msg_hdr.msg_iov = &parts[ready];
            messages[ready].msg_hdr.msg_iovlen = 1;
            ready++;
        }
        for (size_t sent = 0; sent < ready;) {
            const int got = sendmmsg(to.fd(), &messages[sent], unsigned(ready - sent), MSG_DONTWAIT);
            failed += got < 1; /* the first of them failed: others may succeed */
            sent += size_t(std::max(got, 1));
        }
    } while (ready == BATCH);
    return way.next().value_or(INT64_MAX);
}

Carrier::Counters Carrier::counters()
{
    Counters result;
    static_cast<Way::Counters &>(result) = way.counters(now_ns());
    failed += from.take_overflow();
    result.failed = failed;
    result.late = late;
    result.late_max = late_max;
    late_max = 0;
    return result;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink.hpp"

#include <cstdint>
#include <cstring>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <vector>

namespace {

/* A request about a device, attribute by attribute */
class Message
{
public:
    Message(uint16_t flags, int index)
    {
        const ifinfomsg device = interface(index);
        nlmsghdr header{};
        header.nlmsg_type = RTM_NEWLINK;
        header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        append(&header, sizeof(header));
        append(&device, sizeof(device));
    }

    void device(int index)
    {
        const ifinfomsg info = interface(index);
        append(&info, sizeof(info));
    }

    void attribute(uint16_t type, const void *data, size_t length)
    {
        const rtattr head = {uint16_t(sizeof(rtattr) + length), type};
        append(&head, sizeof(head));
        append(data, length);
    }
    void text(uint16_t type, const std::string &value)
    {
        attribute(type, value.c_str(), value.size() + 1);
    }
    void number(uint16_t type, uint32_t value) { attribute(type, &value, sizeof(value)); }

    size_t open(uint16_t type)
    {
        const size_t at = bytes.size();
        attribute(type, nullptr, 0);
        return at;
    }
    void close(size_t at)
    {
        const auto length = uint16_t(bytes.size() - at);
        memcpy(&bytes[at], &length, sizeof(length));
    }

    std::vector<uint8_t> bytes;

private:
    static ifinfomsg interface(int index)
    {
        ifinfomsg info{};
        info.ifi_family = AF_UNSPEC;
        info.ifi_index = index;
        return info;
    }
    void append(const void *data, size_t length)
    {
        const auto *from = static_cast<const uint8_t *>(data);
        bytes.insert(bytes.end(), from, from + length);
        bytes.resize(NLMSG_ALIGN(bytes.size()));
    }
};

} // namespace

Netlink::Netlink():
    fd(checked_fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE),
                  "cannot create a netlink socket"))
{
}

void Netlink::request(const void *message, size_t length, const std::string &what)
{
    std::vector<uint8_t> bytes(static_cast<const uint8_t *>(message),
                               static_cast<const uint8_t *>(message) + length);
    auto *header = reinterpret_cast<nlmsghdr *>(bytes.data());
    header->nlmsg_len = uint32_t(length);
    header->nlmsg_seq = ++sequence;
    if (send(fd.get(), bytes.data(), length, 0) < 0) {
        throw_errno(what);
    }
    alignas(nlmsghdr) uint8_t answer[8192];
    const ssize_t got = recv(fd.get(), answer, sizeof(answer), 0);
    if (got < ssize_t(NLMSG_LENGTH(sizeof(nlmsgerr)))) {
        throw_errno(what);
    }
    const auto *error = static_cast<const nlmsgerr *>(
        NLMSG_DATA(reinterpret_cast<const nlmsghdr *>(answer)));
    if (error->error) {
        errno = -error->error;
        throw_errno(what);
    }
}

void Netlink::make_pair(const std::string &name, const std::string &peer, int peer_net,
                        unsigned mtu)
{
    Message message(NLM_F_CREATE | NLM_F_EXCL, 0);
    message.text(IFLA_IFNAME, name);
    message.number(IFLA_MTU, mtu);
    const size_t info = message.open(IFLA_LINKINFO);
    message.text(IFLA_INFO_KIND, "veth");
    const size_t data = message.open(IFLA_INFO_DATA);
    const size_t other = message.open(VETH_INFO_PEER);
    message.device(0);
    message.text(IFLA_IFNAME, peer);
    message.number(IFLA_MTU, mtu);
    message.number(IFLA_NET_NS_FD, uint32_t(peer_net));
    message.close(other);
    message.close(data);
    message.close(info);
    request(message.bytes.data(), message.bytes.size(), "cannot create the network device " + peer);
}

void Netlink::limit_offload(const std::string &device, unsigned bytes, unsigned segments)
{
    Message message(0, int(if_nametoindex(device.c_str())));
    message.number(IFLA_GSO_MAX_SIZE, bytes);
    message.number(IFLA_GSO_MAX_SEGS, segments);
    request(message.bytes.data(), message.bytes.size(),
            "cannot set up the network device " + device);
}

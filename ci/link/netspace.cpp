/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netspace.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const char *const CONGESTION = "/proc/sys/net/ipv4/tcp_congestion_control";

static void write_file(const std::string &path, const std::string &text)
{
    const Fd file = checked_fd(open(path.c_str(), O_WRONLY | O_CLOEXEC), path);
    if (write(file.get(), text.data(), text.size()) != ssize_t(text.size())) {
        throw_errno(path);
    }
}

static Fd own_netspace()
{
    const char *path = "/proc/thread-self/ns/net";
    return checked_fd(open(path, O_RDONLY | O_CLOEXEC), path);
}

Place become_able_to_make_netspaces()
{
    const Fd before = own_netspace();
    if (unshare(CLONE_NEWNET) == 0) {
        return setns(before.get(), CLONE_NEWNET) == 0 ? Place::Home : Place::Away;
    }
    const std::string uid = std::to_string(geteuid()), gid = std::to_string(getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        throw_errno("cannot create a user namespace");
    }
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + uid + " 1");
    write_file("/proc/self/gid_map", "0 " + gid + " 1");
    return Place::NewUser;
}

Netspace Netspace::current()
{
    return Netspace(own_netspace());
}

Netspace Netspace::make()
{
    const Fd before = own_netspace();
    if (unshare(CLONE_NEWNET) != 0) {
        throw_errno("cannot create a network namespace");
    }
    Netspace made = current();
    switch_on("lo");
    if (setns(before.get(), CLONE_NEWNET) != 0) {
        throw_errno("cannot return to the network namespace");
    }
    return made;
}

std::string Netspace::path() const
{
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd());
}

Inside::Inside(const Netspace &net): before(Netspace::current())
{
    if (setns(net.fd(), CLONE_NEWNET) != 0) {
        throw_errno("cannot enter a network namespace");
    }
}

Inside::~Inside()
{
    /* It was in there before: this cannot fail */
    (void)!setns(before.fd(), CLONE_NEWNET);
}

namespace {

/* One network device, by ioctls: see netdevice(7) and arp(7) */
class Device
{
public:
    explicit Device(const std::string &name):
        name(name), fd(checked_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"))
    {
        strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    }

    void switch_on()
    {
        call(SIOCGIFFLAGS);
        request.ifr_flags |= IFF_UP;
        call(SIOCSIFFLAGS);
    }
    void set_hardware_address(int number)
    {
        request.ifr_hwaddr = hardware(number);
        call(SIOCSIFHWADDR);
    }
    void set_address(unsigned long what, const std::string &address)
    {
        request.ifr_addr = internet(address);
        call(what);
    }
    void add_neighbour(const std::string &address, int number)
    {
        arpreq neighbour{};
        neighbour.arp_pa = internet(address);
        neighbour.arp_ha = hardware(number);
        neighbour.arp_flags = ATF_PERM | ATF_COM;
        strncpy(neighbour.arp_dev, name.c_str(), sizeof(neighbour.arp_dev) - 1);
        if (ioctl(fd.get(), SIOCSARP, &neighbour) != 0) {
            throw_errno("cannot add a neighbour on " + name);
        }
    }

private:
    void call(unsigned long what)
    {
        if (ioctl(fd.get(), what, &request) != 0) {
            throw_errno("cannot set up the network device " + name);
        }
    }
    static sockaddr internet(const std::string &address)
    {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        inet_pton(AF_INET, address.c_str(), &in.sin_addr);
        sockaddr result;
        memcpy(&result, &in, sizeof(result));
        return result;
    }
    static sockaddr hardware(int number)
    {
        sockaddr result{};
        result.sa_family = ARPHRD_ETHER;
        result.sa_data[0] = 2; /* locally administered */
        result.sa_data[5] = char(number);
        return result;
    }

    std::string name;
    Fd fd;
    ifreq request{};
};

} // namespace

void switch_on(const std::string &device)
{
    Device(device).switch_on();
}

void set_address(const std::string &device, int number, const std::string &address,
                 int peer_number, const std::string &peer_address)
{
    Device one(device);
    one.set_hardware_address(number);
    one.set_address(SIOCSIFADDR, address);
    one.set_address(SIOCSIFNETMASK, "255.255.255.252");
    one.switch_on();
    one.add_neighbour(peer_address, peer_number);
}

std::string congestion_control()
{
    std::string name;
    std::ifstream(CONGESTION) >> name;
    return name;
}

void forget_connections()
{
    try {
        write_file("/proc/sys/net/ipv4/tcp_no_metrics_save", "1");
    } catch (const std::system_error &) {
        /* Otherwise a connection may start with what the previous one has learned */
    }
}

void set_congestion_control(const std::string &name)
{
    try {
        write_file(CONGESTION, name);
    } catch (const std::system_error &error) {
        std::string allowed;
        std::ifstream file("/proc/sys/net/ipv4/tcp_allowed_congestion_control");
        std::getline(file, allowed);
        throw std::system_error(error.code(), "cannot use congestion control " + name +
                                (allowed.empty() ? "" : " (allowed here: " + allowed + ")"));
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces, and how one is set up. Errors are thrown as std::system_error. */
#pragma once

#include <string>

#include "fd.hpp"

/* Where a process is after become_able_to_make_netspaces() */
enum class Place {
    Home,     /* where it was: it may create network namespaces, and return from them */
    Away,     /* in a new network namespace, since it could not return to its own, which its user does not own */
    NewUser,  /* in a new network namespace, and root in a new user namespace: it had no privileges */
};
Place become_able_to_make_netspaces();

class Netspace
{
public:
    /* The calling thread's own */
    static Netspace current();
    /* A new one; the calling thread stays in its own. */
    static Netspace make();

    int fd() const { return handle.get(); }
    /* For nsenter(1), while this process lives */
    std::string path() const;

private:
    explicit Netspace(Fd handle): handle(std::move(handle)) {}

    Fd handle;
};

/* The calling thread is in a network namespace as long as this lives */
class Inside
{
public:
    explicit Inside(const Netspace &net);
    ~Inside();
    Inside(const Inside &) = delete;
    Inside &operator=(const Inside &) = delete;

private:
    Netspace before;
};

/* The following are about the namespace that the caller is in. Addresses are "10.1.2.3". */

void switch_on(const std::string &device);
/* Gives DEVICE a hardware address that ends in NUMBER, an address in a network of 4, and one
 * neighbour, with the hardware address that ends in PEER_NUMBER, so that ARP is not needed. */
void set_address(const std::string &device, int number, const std::string &address,
                 int peer_number, const std::string &peer_address);
/* TCP starts each connection without what it has learned from earlier ones */
void forget_connections();
std::string congestion_control();
/* For connections from now on. Throws if the kernel does not have it or does not allow it. */
void set_congestion_control(const std::string &name);

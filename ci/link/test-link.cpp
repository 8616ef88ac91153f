/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links that carry real packets, in real time. Other work on the machine makes packets late: tests of
 * time are repeated if they fail. */
#include "link.hpp"
#include "promptly.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>

namespace {

constexpr int64_t MS = 1000000, SECOND = 1000 * MS;
constexpr int PORT = 5000;
constexpr size_t HEADERS = 28; /* of IP and UDP */
constexpr int ATTEMPTS = 10; /* on a busy machine; one success is enough */

/* CLOCK_REALTIME, which the kernel's time stamps have */
int64_t real_ns()
{
    timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* Calls ATTEMPT until it succeeds. It returns what is wrong, or nothing; this returns all that was wrong. */
std::string problems_of(const std::function<std::string()> &attempt)
{
    std::string problems;
    for (int i = 0; i < ATTEMPTS; i++) {
        const std::string problem = attempt();
        if (problem.empty()) {
            return "";
        }
        problems += problem + "; ";
    }
    return problems;
}

std::string unless(bool good, const std::string &what, double value)
{
    return good ? "" : what + " " + std::to_string(value);
}

/* A link, and a thread that carries its packets */
class Running
{
public:
    explicit Running(const Profile &profile, const std::string &congestion = ""):
        link(settings(profile, congestion)), stop(eventfd(0, EFD_CLOEXEC)),
        thread([this] { run(); })
    {
    }
    ~Running()
    {
        const uint64_t one = 1;
        (void)!write(stop.get(), &one, sizeof(one));
        thread.join();
    }

    /* Runs FUNCTION in the link's thread, which owns everything */
    template <typename Function> void at_once(Function function)
    {
        std::function<void()> call = function;
        pending = &call;
        const uint64_t one = 1;
        (void)!write(wake.get(), &one, sizeof(one));
        while (pending) {
            std::this_thread::yield();
        }
    }
    Carrier::Counters down()
    {
        Carrier::Counters counters;
        at_once([&] { counters = link.down_counters(); });
        return counters;
    }

    Link link;

private:
    static Link::Settings settings(const Profile &profile, const std::string &congestion)
    {
        Link::Settings made;
        made.profile = profile;
        made.congestion = congestion;
        made.apart = true;
        return made;
    }

    void run()
    {
        run_promptly();
        bool down_ready = false, up_ready = false;
        for (;;) {
            const int64_t until = link.carry(down_ready, up_ready);
            const int64_t left = std::max<int64_t>(until - now_ns(), 0);
            const timespec limit = {time_t(left / SECOND), long(left % SECOND)};
            pollfd fds[] = {{link.down_fd(), POLLIN, 0}, {link.up_fd(), POLLIN, 0},
                            {stop.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
            if (ppoll(fds, 4, until == INT64_MAX ? nullptr : &limit, nullptr) < 0) {
                continue;
            }
            down_ready = fds[0].revents;
            up_ready = fds[1].revents;
            if (fds[2].revents) {
                return;
            }
            if (fds[3].revents) {
                uint64_t count;
                (void)!read(wake.get(), &count, sizeof(count));
                (*pending.load())();
                pending = nullptr;
            }
        }
    }

    Fd stop, wake{eventfd(0, EFD_CLOEXEC)};
    std::atomic<std::function<void()> *> pending{nullptr};
    std::thread thread;
};

sockaddr_in address_of(const char *text)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(PORT);
    inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

Fd bound_socket(const Netspace &net, int type, const char *address)
{
    const Inside inside(net);
    Fd fd = checked_fd(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");
    const sockaddr_in own = address_of(address);
    if (bind(fd.get(), reinterpret_cast<const sockaddr *>(&own), sizeof(own)) != 0) {
        throw_errno("bind");
    }
    const timeval patience = {1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

/* Numbered packets from one end to the other */
class Datagrams
{
public:
    Datagrams(Running &running, bool downwards):
        from(bound_socket(downwards ? running.link.server() : running.link.client(), SOCK_DGRAM,
                          downwards ? Link::SERVER_ADDRESS : Link::CLIENT_ADDRESS)),
        to(bound_socket(downwards ? running.link.client() : running.link.server(), SOCK_DGRAM,
                        downwards ? Link::CLIENT_ADDRESS : Link::SERVER_ADDRESS)),
        target(address_of(downwards ? Link::CLIENT_ADDRESS : Link::SERVER_ADDRESS))
    {
        const int on = 1;
        setsockopt(to.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    }

    void send(uint32_t number, size_t bytes)
    {
        std::vector<uint8_t> data(bytes - HEADERS);
        const int64_t now = real_ns();
        memcpy(data.data(), &now, sizeof(now));
        memcpy(data.data() + sizeof(now), &number, sizeof(number));
        sendto(from.get(), data.data(), data.size(), 0,
               reinterpret_cast<const sockaddr *>(&target), sizeof(target));
    }
    /* The time that the next one took; nothing if none comes within a second */
    std::optional<int64_t> receive(uint32_t *number)
    {
        uint8_t data[2048];
        alignas(cmsghdr) char control[64];
        iovec part = {data, sizeof(data)};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        const cmsghdr *stamp;
        if (recvmsg(to.get(), &message, 0) < 12 || !(stamp = CMSG_FIRSTHDR(&message))) {
            return std::nullopt;
        }
        timespec came;
        memcpy(&came, CMSG_DATA(stamp), sizeof(came));
        int64_t then;
        memcpy(&then, data, sizeof(then));
        memcpy(number, data + sizeof(then), sizeof(*number));
        return came.tv_sec * SECOND + came.tv_nsec - then;
    }

private:
    Fd from, to;
    sockaddr_in target;
};

Profile profile(double megabits, double delay_ms)
{
    Profile made;
    made.name = "test";
    made.down.rate = megabits * 1e6;
    made.down.delay = std::llround(delay_ms * MS);
    made.down.queue = 100000;
    made.up = made.down;
    return made;
}

class LinkTest: public testing::Test
{
protected:
    static void SetUpTestSuite()
    {
        try {
            become_able_to_make_netspaces();
            Netspace::make();
        } catch (const std::system_error &error) {
            why_not = error.what();
        }
    }
    void SetUp() override
    {
        if (!why_not.empty()) {
            GTEST_SKIP() << why_not;
        }
    }

    static std::string why_not;
};

std::string LinkTest::why_not;

} // namespace

/* Sends more than a link can carry; returns the Mbit/s that arrive, and the counters at the end */
static double rate_of(const Profile &profile, Carrier::Counters *after)
{
    Running running(profile);
    Datagrams datagrams(running, true);
    std::atomic<bool> over{false};
    std::thread sender([&] {
        /* Half as much again as the link can carry */
        const auto interval = int64_t(1500 * 8e9 / profile.down.rate / 1.5);
        int64_t at = now_ns();
        for (uint32_t i = 0; !over; i++, at += interval) {
            datagrams.send(i, 1500);
            const int64_t left = at - now_ns();
            if (left > 0) {
                std::this_thread::sleep_for(std::chrono::nanoseconds(left));
            }
        }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const auto before = running.down();
    const int64_t began = now_ns();
    std::this_thread::sleep_for(std::chrono::milliseconds(1000));
    *after = running.down();
    const double seconds = double(now_ns() - began) / 1e9;
    over = true;
    sender.join();
    return double(after->bytes - before.bytes) * 8e-6 / seconds;
}

TEST_F(LinkTest, the_rate_is_right_within_5_percent)
{
    for (const double megabits : {3., 20., 100.}) {
        Profile full = profile(megabits, 1);
        /* The link must not become idle when the sender does not get the CPU */
        full.down.queue = size_t(megabits * 1e6 / 8 * 0.1);
        EXPECT_EQ(problems_of([&] {
            Carrier::Counters counters;
            const double rate = rate_of(full, &counters);
            EXPECT_GT(counters.dropped, 0u);
            EXPECT_LE(counters.queue_max, full.down.queue);
            return unless(std::abs(rate - megabits) <= 0.05 * megabits, "Mbit/s", rate);
        }), "");
    }
}

/* The times of packets one after the other, sorted; empty if one is lost */
static std::vector<int64_t> times_of_some(Datagrams &datagrams)
{
    std::vector<int64_t> times;
    for (uint32_t i = 0; i < 31; i++) {
        uint32_t number;
        datagrams.send(i, 100);
        const auto time = datagrams.receive(&number);
        if (!time || number != i) {
            return {};
        }
        times.push_back(*time);
    }
    std::sort(times.begin(), times.end());
    return times;
}

TEST_F(LinkTest, the_delay_is_right_within_a_millisecond_each_way)
{
    Profile uneven = profile(100, 5);
    uneven.up.delay = 30 * MS;
    Running running(uneven);
    for (const bool downwards : {true, false}) {
        const int64_t wanted = downwards ? 5 * MS : 30 * MS;
        Datagrams datagrams(running, downwards);
        EXPECT_EQ(problems_of([&] {
            const auto times = times_of_some(datagrams);
            if (times.empty()) {
                return std::string("lost");
            }
            EXPECT_GT(times[0], wanted - MS / 2);
            return unless(std::abs(times[15] - wanted) <= MS, "ns", double(times[15]));
        }), "");
    }
}

TEST_F(LinkTest, packets_with_jitter_stay_in_order)
{
    Profile uneven = profile(100, 5);
    uneven.down.jitter = 8 * MS;
    Running running(uneven);
    Datagrams datagrams(running, true);
    EXPECT_EQ(problems_of([&] {
        std::vector<int64_t> times;
        std::thread sender([&] {
            for (uint32_t i = 0; i < 200; i++) {
                datagrams.send(i, 200);
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
        });
        for (uint32_t i = 0; i < 200; i++) {
            uint32_t number = UINT32_MAX;
            times.push_back(datagrams.receive(&number).value_or(INT64_MAX));
            EXPECT_EQ(number, i);
        }
        sender.join();
        std::sort(times.begin(), times.end());
        EXPECT_GT(times[0], 5 * MS - MS / 2);
        return unless(times[10] < 7 * MS, "earliest, ns", double(times[10])) +
               unless(times[180] > 9 * MS && times[180] < 14 * MS, "latest, ns", double(times[180]));
    }), "");
}

TEST_F(LinkTest, loss_is_within_its_confidence_interval)
{
    Profile lossy = profile(0, 1);
    lossy.down.loss = 0.05;
    Running running(lossy);
    Datagrams datagrams(running, true);
    constexpr uint32_t N = 4000;
    for (uint32_t i = 0; i < N; i++) {
        datagrams.send(i, 100);
        if (i % 50 == 49) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto counters = running.down();
    EXPECT_EQ(counters.packets + counters.lost, N);
    EXPECT_NEAR(double(counters.lost), N * 0.05, 4 * std::sqrt(N * 0.05 * 0.95));
}

TEST_F(LinkTest, a_burst_larger_than_the_queue_loses_its_end)
{
    Profile shallow = profile(8, 1);
    shallow.down.queue = 30000;
    EXPECT_EQ(problems_of([&] {
        Running running(shallow);
        Datagrams datagrams(running, true);
        const int64_t began = now_ns();
        for (uint32_t i = 0; i < 100; i++) {
            datagrams.send(i, 1000);
        }
        /* A byte leaves each microsecond meanwhile */
        const auto left = double(now_ns() - began) / 1000;
        uint32_t number;
        std::optional<int64_t> longest, time;
        while ((time = datagrams.receive(&number))) {
            longest = std::max(longest, time);
        }
        const auto counters = running.down();
        EXPECT_GE(counters.packets, 30u);
        EXPECT_EQ(counters.packets + counters.dropped, 100u);
        EXPECT_LE(counters.queue_max, 30000u);
        /* 30 ms in the queue, and 1 ms of delay */
        return unless(std::abs(double(*longest) - 31 * MS) < 3 * MS, "ns", double(*longest)) +
               unless(double(counters.packets) <= 31 + left / 1000, "packets", double(counters.packets));
    }), "");
}

TEST_F(LinkTest, tcp_fills_the_link_with_the_congestion_control_that_was_asked_for)
{
    Running running(profile(20, 5), "reno");
    EXPECT_EQ(running.link.congestion(), "reno");
    const Fd listener = bound_socket(running.link.server(), SOCK_STREAM, Link::SERVER_ADDRESS);
    ASSERT_EQ(listen(listener.get(), 1), 0);
    const Fd client = bound_socket(running.link.client(), SOCK_STREAM, Link::CLIENT_ADDRESS);
    const sockaddr_in target = address_of(Link::SERVER_ADDRESS);
    ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr *>(&target), sizeof(target)), 0);
    Fd server = checked_fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept");
    char name[16] = "";
    socklen_t size = sizeof(name);
    getsockopt(server.get(), IPPROTO_TCP, TCP_CONGESTION, name, &size);
    EXPECT_STREQ(name, "reno");

    std::thread sender([&] {
        const std::vector<uint8_t> data(65536);
        while (send(server.get(), data.data(), data.size(), MSG_NOSIGNAL) > 0) {
        }
    });
    std::vector<uint8_t> data(1 << 20);
    size_t received = 0;
    const int64_t began = now_ns();
    int64_t counted_from = 0;
    while (now_ns() - began < 2 * SECOND) {
        const ssize_t got = recv(client.get(), data.data(), data.size(), 0);
        ASSERT_GT(got, 0);
        if (counted_from) {
            received += size_t(got);
        } else if (now_ns() - began > SECOND / 2) {
            counted_from = now_ns();
        }
    }
    const double seconds = double(now_ns() - counted_from) / 1e9;
    shutdown(server.get(), SHUT_RDWR);
    sender.join();
    const double rate = double(received) * 8e-6 / seconds;
    EXPECT_GT(rate, 16);
    EXPECT_LT(rate, 20.5);
}

TEST_F(LinkTest, steps_change_the_rate_while_it_runs)
{
    Profile stepping = profile(50, 1);
    ASSERT_TRUE(parse_steps("8:0.2,2:0.2,8", &stepping.steps));
    Running running(stepping);
    running.at_once([&] { running.link.begin_steps(); });
    std::vector<double> rates;
    for (int i = 0; i < 3; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(i ? 200 : 100));
        running.at_once([&] { rates.push_back(running.link.down_conditions().rate); });
    }
    EXPECT_EQ(rates, (std::vector<double>{8e6, 2e6, 8e6}));
}

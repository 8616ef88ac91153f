/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor, with a simulated QEMU that behaves as the test says */
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <sys/socket.h>
#include <thread>

#include "../failure.hpp"
#include "../process.hpp"
#include "../qmp.hpp"
#include "../waiting.hpp"

namespace {

constexpr double SOON = 0.3, LONG = 20;

/* Sends everything at once: the answers' ids are known, from 1 on */
class Monitor: public testing::Test
{
protected:
    void SetUp() override
    {
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        ours = Fd(ends[0]);
        qemu = Fd(ends[1]);
    }

    void says(const std::string &text)
    {
        ASSERT_EQ(write(qemu.get(), text.data(), text.size()), ssize_t(text.size()));
    }

    static std::string failure_of(const std::function<void()> &call)
    {
        try {
            call();
        } catch (const Failure &failure) {
            return failure.what();
        }
        return "no failure";
    }

    Fd ours, qemu;
};

const std::string EVENT = "{\"event\": \"RESUME\"}\n";
const std::string GREETING = "{\"QMP\": {\"version\": {}}}\n{\"return\": {}, \"id\": 1}\n";

} // namespace

TEST_F(Monitor, SkipsEventsAndLateAnswers)
{
    says(EVENT + GREETING + EVENT + "{\"return\": {\"which\": \"late\"}, \"id\": 1}\n" +
         "{\"return\": {\"which\": \"right\"}, \"id\": 2}\n");
    Qmp qmp(std::move(ours), LONG);
    EXPECT_EQ(qmp.execute("query-spice", LONG)["which"].text(), "right");
}

TEST_F(Monitor, PassesErrorsOn)
{
    says(GREETING + "{\"error\": {\"class\": \"X\", \"desc\": \"no such command\"}, \"id\": 2}\n");
    Qmp qmp(std::move(ours), LONG);
    EXPECT_EQ(failure_of([&]() { qmp.execute("query-tea", LONG); }), "query-tea: no such command");
}

TEST_F(Monitor, ThatDoesNotAnswerIsNotWaitedForLonger)
{
    const double begin = now();
    EXPECT_NE(failure_of([&]() { Qmp(std::move(ours), SOON); }).find("does not answer"), std::string::npos);
    EXPECT_LT(now() - begin, SOON + 5);
}

TEST_F(Monitor, ThatGoesOnWithEventsAloneIsNotEither)
{
    says(GREETING);
    Qmp qmp(std::move(ours), LONG);
    std::thread talker([this]() {
        for (int i = 0; i < 20; i++) {
            EXPECT_EQ(write(qemu.get(), EVENT.data(), EVENT.size()), ssize_t(EVENT.size()));
            sleep_until(now() + 0.05);
        }
    });
    const double begin = now();
    EXPECT_NE(failure_of([&]() { qmp.execute("query-spice", SOON); }).find("does not answer"), std::string::npos);
    EXPECT_LT(now() - begin, 0.9);
    talker.join();
}

TEST_F(Monitor, ThatGoesAwayIsAFailure)
{
    qemu = Fd();
    EXPECT_NE(failure_of([&]() { Qmp(std::move(ours), LONG); }).find("closed"), std::string::npos);
}

TEST_F(Monitor, ThatTalksNonsenseIsAFailure)
{
    says("hello\n");
    EXPECT_NE(failure_of([&]() { Qmp(std::move(ours), LONG); }).find("invalid JSON"), std::string::npos);
}

TEST_F(Monitor, WithoutASocketIsAFailure)
{
    EXPECT_NE(failure_of([&]() { Qmp::connect("/nonexistent/socket", LONG); }).find("No such file"),
              std::string::npos);
    EXPECT_NE(failure_of([&]() { Qmp::connect(std::string(200, 'x'), LONG); }).find("not a valid path"),
              std::string::npos);
}

TEST(Child, IsRunWithWhatItIsGiven)
{
    Process process({{"sh", "-c", "echo $GREETING; echo no >&2; exit 3"}, {{"GREETING", "hello"}}});
    ASSERT_TRUE(process.ends_until(now() + LONG));
    EXPECT_EQ(process.status(), 3);
    EXPECT_EQ(process.out(), "hello\n");
    EXPECT_EQ(process.err(), "no\n");
}

TEST(Child, ThatIsMissingIsAFailure)
{
    EXPECT_THROW(Process({{"/nonexistent/program"}}), Failure);
}

/* kill() also finds a zombie, and the system's first process takes its time to remove it */
static bool runs(pid_t pid)
{
    for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) {
        sleep_until(now() + 0.05);
    }
    return kill(pid, 0) == 0;
}

TEST(Child, EndsWithItsOwner)
{
    pid_t pid;
    {
        Process process({{"sh", "-c", "sleep 60 & echo $!; wait"}});
        while (process.out().empty()) {
            sleep_until(now() + 0.01);
        }
        EXPECT_FALSE(process.ends_until(now() + 0.1));
        pid = std::stoi(process.out());
    }
    EXPECT_FALSE(runs(pid)) << "its child";
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spicegl-top: query-spice as a table */
#include <gtest/gtest.h>

#include "../displays.hpp"
#include "../machine.hpp"
#include "../rates.hpp"
#include "../top/table.hpp"
#include "answers.hpp"

static std::vector<Display> parsed(const std::string &text)
{
    return displays_of(Value::parse(text));
}

TEST(Displays, AreReadWithTheirClients)
{
    const auto displays = parsed(spice_answer(100, 60, 5000));
    ASSERT_EQ(displays.size(), 1u);
    EXPECT_EQ(displays[0].node, "/dev/dri/renderD128");
    ASSERT_EQ(displays[0].clients.size(), 2u);
    const auto &remote = displays[0].clients[0], &local = displays[0].clients[1];
    EXPECT_EQ(remote.from, "10.0.0.9:4242");
    EXPECT_EQ(remote.codec, "h264");
    EXPECT_TRUE(remote.has_link);
    EXPECT_EQ(remote.frames_late, 4);
    EXPECT_EQ(local.from, "unix");
    EXPECT_EQ(local.path, "local");
    EXPECT_FALSE(local.has_link);
}

TEST(Displays, FindTheAddressOfAConnectionWhoseIdIsNegative)
{
    const auto displays = parsed(R"({"channels": [
        {"connection-id": -2, "channel-type": 2, "channel-id": 0, "family": "unix", "host": "", "port": ""}],
      "displays": [{"id": 0, "clients": [{"connection-id": -2, "path": "local"}]}]})");
    EXPECT_EQ(displays[0].clients[0].from, "unix");
}

TEST(Displays, AnotherQemusAnswerHasNone)
{
    EXPECT_TRUE(parsed(R"({"enabled": true, "channels": []})").empty());
    EXPECT_TRUE(parsed(R"([1, "two"])").empty());
    EXPECT_EQ(parsed(R"({"displays": [{"id": "zero", "clients": 3}]})")[0].id, 0);
}

TEST(Rates, ComeFromTwoLooks)
{
    Rates rates;
    const auto first = parsed(spice_answer(100, 60, 5000)), second = parsed(spice_answer(220, 180, 255000));
    rates.look(10, first);
    EXPECT_FALSE(rates.of(first[0]).known);
    rates.look(12, second);
    EXPECT_DOUBLE_EQ(rates.of(second[0]).frames, 60);
    const auto rate = rates.of(second[0], second[0].clients[0]);
    EXPECT_TRUE(rate.known);
    EXPECT_DOUBLE_EQ(rate.frames, 60);
    EXPECT_DOUBLE_EQ(rate.mbits, 1);
}

TEST(Rates, OfADisplayAreNotThoseOfAClientWithAnyId)
{
    Rates rates;
    const auto at = [](int draws, int frames) {
        return parsed(R"({"displays": [{"id": 0, "draws": )" + std::to_string(draws) +
                      R"(, "clients": [{"connection-id": -1, "frames": )" + std::to_string(frames) + "}]}]}");
    };
    const auto later = at(60, 30);
    rates.look(1, at(0, 0));
    rates.look(2, later);
    EXPECT_DOUBLE_EQ(rates.of(later[0]).frames, 60);
    EXPECT_DOUBLE_EQ(rates.of(later[0], later[0].clients[0]).frames, 30);
}

TEST(Rates, AreUnknownWhenACounterBeginsAgain)
{
    Rates rates;
    const auto second = parsed(spice_answer(5, 1, 10));
    rates.look(10, parsed(spice_answer(100, 60, 5000)));
    rates.look(11, second);
    EXPECT_FALSE(rates.of(second[0]).known);
    EXPECT_FALSE(rates.of(second[0], second[0].clients[0]).known);
}

TEST(Table, ShowsEachClientInALine)
{
    Rates rates;
    const auto displays = parsed(spice_answer(220, 180, 255000));
    rates.look(10, parsed(spice_answer(100, 60, 5000)));
    rates.look(12, displays);
    EXPECT_EQ(table(displays, rates),
        "display 0: A GPU, gbm on /dev/dri/renderD128; draws 220 (60.0/s), late 3, readbacks 5, exports 2\n"
        "  CLIENT  FROM           PATH      CODEC  FRAMES  FRAMES/S  MBIT/S  LINK MBIT/S  RTT MS  IN FLIGHT KB  LATE"
        "  CHANGED BECAUSE\n"
        "  7       10.0.0.9:4242  software  h264      180      60.0     1.0         20.0    12.5           4.0     4"
        "  the picture is moving\n"
        "  8       unix           local     -          90       0.0     0.0            -       -             -     -"
        "  -\n");
}

TEST(Table, SaysWhenThereIsNothing)
{
    EXPECT_EQ(table({}, Rates()), "no display with gl=on, or QEMU does not report them\n");
    EXPECT_NE(table({Display()}, Rates()).find("no client"), std::string::npos);
}

TEST(Table, SendsATerminalNoCommands)
{
    Display display;
    display.renderer = "evil \033[2J";
    EXPECT_NE(table({display}, Rates()).find("evil ?[2J"), std::string::npos);
}

TEST(MachineNames, AreShortAndEachOnesOwn)
{
    EXPECT_EQ(machine_names({"/run/web.sock", "libvirt:db", "/a/vm.qmp", "/b/vm.qmp", "plain"}),
              (std::vector<std::string>{"web", "db", "/a/vm.qmp", "/b/vm.qmp", "plain"}));
}

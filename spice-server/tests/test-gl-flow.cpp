/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines between server and client as a model: each message takes its time, one after another,
 * and its acknowledgement comes back after the round trip. */
#include "gl-flow.hpp"

#include <gtest/gtest.h>

using red::GlFlow;

static constexpr uint64_t MS = 1000000;

namespace {

class Line
{
public:
    /* ROUND_TRIP and TIME_EACH, of a message on the line, in ns */
    Line(uint64_t round_trip, uint64_t time_each): round_trip(round_trip), time_each(time_each) {}

    /* A server that has a message ready every INTERVAL ns, for DURATION ns; a message that may
     * not be sent is replaced by the next */
    void run(uint64_t interval, uint64_t duration)
    {
        const uint64_t end = now + duration;
        uint64_t next = now;
        bool ready = false;
        while (now < end) {
            const bool acknowledged = !arrivals.empty() && arrivals.front() <= now;
            if (acknowledged) {
                arrivals.pop_front();
                flow.acknowledged(sent, now);
            }
            if (next <= now) {
                next += interval;
                ready = true;
            }
            if (ready && arrivals.size() < flow.limit()) {
                ready = false;
                send();
            }
            now += MS / 4;
        }
    }

    uint64_t sent = 0, now = 1;
    GlFlow flow;

private:
    void send()
    {
        flow.sent(++sent, now);
        free_at = std::max(free_at, now) + time_each;
        arrivals.push_back(free_at + round_trip);
    }

    const uint64_t round_trip, time_each;
    uint64_t free_at = 0;
    std::deque<uint64_t> arrivals;
};

} // namespace

TEST(GlFlow, LeavesAFastClientEveryFrame)
{
    Line line(1 * MS, MS / 2);
    line.run(16 * MS, 10000 * MS);
    EXPECT_GE(line.sent, 620u);
    EXPECT_LE(line.flow.limit(), GlFlow::START + 1);
}

TEST(GlFlow, GrowsToWhatALongFatLineTakes)
{
    Line line(200 * MS, MS / 2);
    line.run(16 * MS, 2000 * MS);
    const auto before = line.sent;
    line.run(16 * MS, 10000 * MS);
    EXPECT_GE(line.sent - before, 590u);
}

TEST(GlFlow, SendsAThinLineOneMessageAheadOfWhatItCarries)
{
    Line line(1000 * MS, 2000 * MS);
    line.run(16 * MS, 60000 * MS);
    EXPECT_EQ(line.flow.limit(), GlFlow::MIN);
    const auto before = line.sent;
    line.run(16 * MS, 60000 * MS);
    /* and keeps it busy for most of the time */
    EXPECT_GE(line.sent - before, 25u);
}

TEST(GlFlow, HalvesOnceForWhatWasOnItsWayTogether)
{
    GlFlow flow;
    uint64_t sent = 0, now = 1;
    for (int i = 0; i < 20; i++) { /* full, and fast */
        while (sent < i + flow.limit()) {
            flow.sent(++sent, now);
        }
        flow.acknowledged(sent, now += MS);
    }
    const auto grown = flow.limit();
    ASSERT_GE(grown, 8u);
    now += 5000 * MS; /* stopped meanwhile */
    for (uint32_t i = 0; i < grown / 2; i++) {
        flow.acknowledged(sent, now);
    }
    EXPECT_EQ(flow.limit(), grown / 2);
}

TEST(GlFlow, TakesAnAcknowledgementTooManyForNoMessage)
{
    GlFlow flow;
    flow.acknowledged(0, 1); /* of the message that asked for acknowledgements */
    flow.sent(1, 10 * MS);
    flow.acknowledged(1, 11 * MS);
    flow.sent(2, 20 * MS);
    flow.acknowledged(2, 21 * MS);
    EXPECT_EQ(flow.limit(), GlFlow::START);
}

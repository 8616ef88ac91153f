/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Rate control on links as they are: see link-model.hpp */
#include "gl-rate.hpp"

#include <gtest/gtest.h>

#include "link-world.hpp"

using namespace link_model;

namespace {

/* ---- the links to hold ---- */

struct Named {
    const char *name;
    Spec spec;
    /* Of a frame, beyond the link's delay: encoding and decoding come on top */
    double p50_ms, p99_ms;
};

const Named NAMED[] = {
    { "lan", { 1000 * MBIT, 0.2, 0, 1e6 }, 10, 20 },
    { "wifi", { 100 * MBIT, 2, 3, 250e3 }, 15, 40 },
    { "vpn", { 50 * MBIT, 10, 1, 250e3 }, 20, 60 },
    { "dsl", { 20 * MBIT, 15, 1, 120e3 }, 35, 90 },
    { "bloat", { 20 * MBIT, 15, 0, 2e6 }, 35, 90 },
    { "lte", { 10 * MBIT, 35, 10, 250e3, 0.003 }, 50, 390 },
    { "thin", { 3 * MBIT, 40, 2, 64e3 }, 70, 240 },
};

class NamedLink: public testing::TestWithParam<std::tuple<size_t, Tcp>>
{
};

TEST_P(NamedLink, HoldsWhatItPromises)
{
    const Named &link = NAMED[std::get<0>(GetParam())];
    const Tcp tcp = std::get<1>(GetParam());
    const bool lossy = link.spec.loss > 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        SCOPED_TRACE(std::string(link.name) + " " + name(tcp) + " seed " + std::to_string(seed));
        World world(link.spec, seed);
        Video video;
        if (std::string(link.name) == "lan") {
            video.need = 60 * MBIT;
        }
        const Sender &sender = world.add(tcp, video, Client(), seed % 2);
        world.run(20000);
        const Result result = world.judge(sender, 1000, 20000);
        EXPECT_GE(result.fps, !lossy ? 57 : tcp == Tcp::BBR ? 45 : 30);
        EXPECT_LE(result.p50_ms, link.p50_ms);
        EXPECT_LE(result.p99_ms, link.p99_ms);
        EXPECT_LE(double(sender.rate.bandwidth()), 1.1 * link.spec.rate);
        if (!lossy) {
            EXPECT_GE(result.use, 0.7);
        }
        /* From the first frame on */
        ASSERT_FALSE(sender.shown.empty());
        EXPECT_LE(world.judge(sender, 0, 1000).p50_ms, link.p50_ms + (lossy ? 40 : 10));
        RecordProperty(std::string("fps") + std::to_string(seed), int(result.fps));
        if (seed == 1) {
            printf("%-5s %-5s fps %4.1f, p50 %4.1f ms, p99 %5.1f ms, use %.2f, gap %3.0f ms\n",
                   name(tcp), link.name, result.fps, result.p50_ms, result.p99_ms, result.use,
                   result.gap_ms);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Links, NamedLink,
                         testing::Combine(testing::Range(size_t{0}, std::size(NAMED)),
                                          testing::ValuesIn(ALL_TCP)));

class EachTcp: public testing::TestWithParam<Tcp>
{
};

INSTANTIATE_TEST_SUITE_P(Links, EachTcp, testing::ValuesIn(ALL_TCP));

TEST_P(EachTcp, SomebodyElseDownloads)
{
    for (double need : { 1e12, 8 * MBIT }) {
        SCOPED_TRACE(need);
        Spec spec{ 50 * MBIT, 10, 0, 250e3 };
        spec.changes = { { 6000, 4 * MBIT }, { 12000, 50 * MBIT } };
        World world(spec);
        Video video;
        video.need = need;
        const Sender &sender = world.add(GetParam(), video);
        world.run(18000);
        const Result before = world.judge(sender, 3000, 6000);
        EXPECT_GE(before.fps, 57);
        EXPECT_GE(before.use, 0.8);

        /* Packets in flight, and lost ones, take time: more if the stream fills the link than if it
         * does not */
        const double settled = need > 1e9 ? 7500 : 6500;
        EXPECT_LE(world.judge(sender, 6000, 7000).gap_ms, need > 1e9 ? 750 : 150);
        EXPECT_GE(world.judge(sender, 6500, 7000).use, 0.75);
        const Result thin = world.judge(sender, settled, 12000);
        EXPECT_GE(thin.fps, 55);
        EXPECT_GE(thin.use, 0.75);
        EXPECT_LE(thin.p99_ms, 70);

        EXPECT_GE(world.judge(sender, 14500, 15500).use, 0.78);
        EXPECT_GE(world.judge(sender, 15000, 18000).use, 0.8);
        EXPECT_GE(world.judge(sender, 12000, 18000).fps, 57);
        EXPECT_LE(world.judge(sender, 13000, 18000).p99_ms, 60);
    }
}

TEST_P(EachTcp, AVideoThatNeedsLittleDoesNotPullTheEstimateDown)
{
    for (const Spec &spec : { Spec{ 100 * MBIT, 5, 0, 500e3 }, Spec{ 100 * MBIT, 5, 3, 500e3 } }) {
        SCOPED_TRACE(spec.jitter_ms);
        World world(spec);
        Video video;
        video.need = 3 * MBIT;
        video.smallest = 1000;
        Sender &sender = world.add(GetParam(), video, Client(), true, 100 * MBIT);
        double lowest = 1e12;
        world.run(60000, [&] { lowest = std::min(lowest, double(sender.rate.bandwidth())); });
        /* BBR itself sends no faster than it has seen the link to be */
        EXPECT_GE(mbit(uint64_t(lowest)), GetParam() == Tcp::BBR ? 20 : 45);
        EXPECT_GE(world.judge(sender, 1000, 60000).fps, 59);
        sender.video.need = 1e12;
        world.run(64000);
        EXPECT_GE(world.judge(sender, 60000, 61000).use, 0.4);
        EXPECT_GE(world.judge(sender, 61000, 64000).use, 0.65);
        EXPECT_LE(world.judge(sender, 60000, 64000).p99_ms, 60);
    }
}

TEST_P(EachTcp, AnyWayToAcknowledge)
{
    const Client clients[] = {
        { 20, 0, 0 }, { 40, 0, 0 }, { 1, 200, 0 }, { 1, 0, 5 }, { 3, 0, 2 },
    };
    const Spec specs[] = { { 20 * MBIT, 15, 1, 120e3 },
                           { 3 * MBIT, 40, 2, 64e3 },
                           { 100 * MBIT, 2, 3, 250e3 } };
    for (const auto &client : clients) {
        for (const auto &spec : specs) {
            SCOPED_TRACE(std::to_string(client.each) + " messages, " +
                         std::to_string(client.delay_ms) + " ms late, " +
                         std::to_string(spec.rate / MBIT) + " Mbit/s");
            World world(spec);
            const Sender &sender = world.add(GetParam(), Video(), client);
            world.run(20000);
            const Result result = world.judge(sender, 5000, 20000);
            EXPECT_GE(result.fps, 50);
            EXPECT_GE(result.use, GetParam() == Tcp::BBR ? 0.4 : 0.5);
            EXPECT_LE(result.p50_ms, 40);
        }
    }
}

TEST_P(EachTcp, TwoClientsShareALink)
{
    const Spec specs[] = { { 20 * MBIT, 15, 1, 120e3 },
                           { 50 * MBIT, 10, 1, 250e3 },
                           { 100 * MBIT, 2, 3, 250e3 },
                           { 20 * MBIT, 15, 0, 2e6 } };
    for (const auto &spec : specs) {
        SCOPED_TRACE(std::to_string(spec.rate / MBIT) + " Mbit/s");
        World world(spec, 3);
        const Sender &first = world.add(GetParam());
        Sender &second = world.add(GetParam());
        second.paused = true;
        world.run(5000);
        second.paused = false;
        world.run(20000);
        const Result a = world.judge(first, 10000, 20000), b = world.judge(second, 10000, 20000);
        EXPECT_LE(a.use, 2 * b.use);
        EXPECT_LE(b.use, 2 * a.use);
        EXPECT_GE(a.use + b.use, 0.7);
        EXPECT_GE(std::min(a.fps, b.fps), 50);
        /* BBR pauses for 200 ms now and then */
        EXPECT_LE(std::max(a.p99_ms, b.p99_ms), GetParam() == Tcp::BBR ? 200 : 130);
    }
}

TEST_P(EachTcp, TwoHeadsOfOneClientShareALink)
{
    for (double rate : { 20 * MBIT, 50 * MBIT }) {
        SCOPED_TRACE(rate / MBIT);
        World world({ rate, 15, 1, 200e3 }, 3);
        Sender &first = world.add(GetParam()), &second = world.add(GetParam());
        double first_sent = 0, second_sent = 0;
        world.run(20000, [&] {
            second.rate.other(size_t(first.sent_bytes - first_sent), world.now);
            first.rate.other(size_t(second.sent_bytes - second_sent), world.now);
            first_sent = first.sent_bytes;
            second_sent = second.sent_bytes;
        });
        const Result a = world.judge(first, 5000, 20000), b = world.judge(second, 5000, 20000);
        EXPECT_GE(a.use + b.use, 0.55);
        EXPECT_LE(a.use + b.use, 0.9);
        EXPECT_LE(std::max(a.p99_ms, b.p99_ms), 60);
        EXPECT_GE(std::min(a.fps, b.fps), 55);
        EXPECT_LE(double(first.rate.bandwidth()), 1.15 * rate);
    }
}

TEST_P(EachTcp, AudioKeepsItsPlace)
{
    World world({ 3 * MBIT, 40, 2, 64e3 }, 3);
    Video video;
    video.smallest = 1500;
    Sender &sender = world.add(GetParam(), video);
    Connection audio(GetParam());
    world.network.add(&audio);
    uint64_t packet = 0;
    double late_ms = 0;
    audio.received = [&](uint64_t number, uint64_t at) {
        if (number > 200) {
            late_ms = std::max(late_ms, double(at - number * 20 * MS) / MS - 40);
        }
    };
    world.run(20000, [&] {
        if (world.now % (20 * MS) == 0) {
            packet = world.now / (20 * MS);
            audio.send(packet, 1500); /* 600 kbit/s */
            sender.rate.other(1500, world.now);
        }
    });
    EXPECT_LE(late_ms, 80);
    const Result result = world.judge(sender, 5000, 20000);
    EXPECT_GE(result.fps, 57);
    EXPECT_LE(result.p99_ms, 70);
    EXPECT_GE(result.use, 0.5);
}

TEST_P(EachTcp, TheWayBecomesLonger)
{
    /* BBR's window is for the shorter way until ten seconds have passed, and then it pauses */
    const bool bbr = GetParam() == Tcp::BBR;
    for (double need : { 1e12, 5 * MBIT }) {
        SCOPED_TRACE(need);
        World world({ 20 * MBIT, 15, 1, 120e3 }, 3);
        Video video;
        video.need = need;
        const Sender &sender = world.add(GetParam(), video);
        world.run(6000);
        world.network.spec.delay_ms = 35;
        world.run(20000);
        const Result result = world.judge(sender, 10000, 20000);
        EXPECT_GE(result.use, 0.55);
        EXPECT_GE(result.fps, 55);
        EXPECT_LE(result.p50_ms, 30);
        EXPECT_NEAR(double(sender.rate.rtt_min_ns()) / MS, 70, 8);
        /* The rate is known from before */
        EXPECT_GE(world.judge(sender, 8500, 10500).use, bbr ? 0.3 : 0.45);

        /* And shorter again */
        world.network.spec.delay_ms = 15;
        world.run(30000);
        EXPECT_NEAR(double(sender.rate.rtt_min_ns()) / MS, 30, 5);
        EXPECT_GE(world.judge(sender, 22000, 30000).use, 0.65);
        EXPECT_LE(world.judge(sender, 22000, 30000).p50_ms, 30);
        EXPECT_LE(world.judge(sender, 22000, 30000).p99_ms, bbr ? 250 : 150);
    }
}

TEST_P(EachTcp, FramesOfOneSizeDoNotMakeTheWayLonger)
{
    /* JPEGs of one picture differ little in size, and so in the time that they take. A message
     * right behind one takes as long, however small it is. */
    const Spec specs[] = { { 20 * MBIT, 15, 1, 120e3 }, { 50 * MBIT, 10, 1, 250e3 },
                           { 3 * MBIT, 40, 2, 64e3 } };
    for (const auto &spec : specs) {
        for (double spread : { 0.0, 0.01, 0.03, 0.06, 0.1 }) {
            for (uint64_t seed = 1; seed <= 4; seed++) {
                SCOPED_TRACE(std::to_string(spec.rate / MBIT) + " Mbit/s, spread " +
                             std::to_string(spread) + ", seed " + std::to_string(seed));
                World world(spec, seed);
                Video video;
                video.need = 0.1 * spec.rate;
                video.smallest = 600;
                Sender &sender = world.add(GetParam(), video);
                world.run(3000);
                sender.video.need = 0.6 * spec.rate;
                sender.video.spread = spread;
                sender.video.small_each = unsigned(seed % 3 * 4); /* none, 4 or 8 */
                double longest = 0, fastest = 0;
                world.run(15000, [&] {
                    longest = std::max(longest, double(sender.rate.rtt_min_ns()) / MS);
                    if (world.now > 4000 * MS) {
                        fastest = std::max(fastest, double(sender.rate.bandwidth()));
                    }
                });
                EXPECT_LE(longest, 2 * spec.delay_ms + 5);
                EXPECT_LE(fastest, 1.25 * spec.rate);
                EXPECT_LE(world.judge(sender, 4000, 15000).p99_ms, 45);
                EXPECT_GE(world.judge(sender, 4000, 15000).fps, 58);
            }
        }
    }
}

TEST_P(EachTcp, ADownloadOverTheSameLink)
{
    for (const Spec &spec : { Spec{ 20 * MBIT, 15, 1, 120e3 }, Spec{ 50 * MBIT, 10, 1, 250e3 } }) {
        SCOPED_TRACE(spec.rate / MBIT);
        World world(spec, 3);
        const Sender &sender = world.add(GetParam());
        Connection download(Tcp::CUBIC);
        world.network.add(&download);
        world.run(5000);
        download.endless = true;
        world.run(15000);
        download.endless = false;
        download.stop();
        world.run(30000);
        const Result during = world.judge(sender, 7000, 15000);
        EXPECT_GE(during.fps, 40);
        EXPECT_LE(during.p50_ms, 60);
        EXPECT_GE(during.use, 0.05);
        const Result after = world.judge(sender, 20000, 30000);
        EXPECT_GE(after.use, 0.5);
        EXPECT_GE(after.fps, 50);
        EXPECT_LE(after.p50_ms, 35);
    }
}

TEST_P(EachTcp, AnOutage)
{
    Spec spec{ 20 * MBIT, 15, 1, 120e3 };
    spec.changes = { { 6000, 1000 }, { 8000, 20 * MBIT } };
    World world(spec);
    const Sender &sender = world.add(GetParam(), Video(), Client(), false);
    world.run(8000);
    EXPECT_LE(sender.rate.in_flight(), 200000u); /* the link has not been filled meanwhile */
    world.run(16000);
    EXPECT_GE(world.judge(sender, 11000, 16000).fps, 55);
    EXPECT_GE(world.judge(sender, 11000, 16000).use, 0.5);
    EXPECT_LE(world.judge(sender, 11000, 16000).p99_ms, 60);
}

/* ---- any link ---- */

struct Spread {
    double at(double part) const
    {
        return sorted[std::min(sorted.size() - 1, size_t(double(sorted.size()) * part))];
    }
    void sort() { std::sort(sorted.begin(), sorted.end()); }
    std::vector<double> sorted;
};

TEST(RandomLinks, NoneCollapsesAndNoneIsFilled)
{
    constexpr uint64_t LINKS = 1000;
    Spread use, queue, latency, fps, estimate;
    unsigned outliers = 0;
    for (uint64_t i = 0; i < LINKS; i++) {
        Random random(i + 1000);
        Spec spec{};
        spec.rate = std::pow(10, random.uniform(0, std::log10(300))) * MBIT;
        spec.delay_ms = std::pow(10, random.uniform(-0.5, 2));
        if (random.uniform() < 0.34) {
            spec.jitter_ms = random.uniform() * std::min(12.0, spec.delay_ms);
        }
        spec.queue = std::max(30e3, spec.rate * random.uniform(0.03, 1));
        spec.loss = random.uniform() < 0.25 ? 0.002 : 0;
        const Tcp tcp = ALL_TCP[i % 3];
        World world(spec, i);
        Video video;
        video.smallest = 2500;
        const Sender &sender = world.add(tcp, video, Client(), i % 2);

        Spread queues;
        double most = 0;
        world.run(8000, [&] {
            if (world.now > 1000 * MS) {
                queues.sorted.push_back(world.network.queue_ms(world.now));
                most = std::max(most, double(sender.rate.bandwidth()) / spec.rate);
            }
        });
        queues.sort();
        const Result late = world.judge(sender, 3000, 8000), all = world.judge(sender, 1000, 8000);
        use.sorted.push_back(late.use);
        queue.sorted.push_back(queues.at(0.99));
        latency.sorted.push_back(all.p99_ms);
        fps.sorted.push_back(all.fps);
        estimate.sorted.push_back(most);

        /* Where segments are lost, TCP is slow, not the link */
        if ((spec.loss <= 0 && late.use < 0.5) || queues.at(0.99) > 60 || all.fps < 25 ||
            most > 1.3) {
            outliers++;
            printf("link %d, %s: %.1f Mbit/s, %.1f ms, jitter %.1f ms, queue %.0f kB, loss %.3f: "
                   "fps %.0f, use %.2f, queue %.0f ms, p99 %.0f ms, estimate up to %.2f\n",
                   int(i), name(tcp), spec.rate / MBIT, spec.delay_ms, spec.jitter_ms,
                   spec.queue / 1e3, spec.loss, all.fps, late.use, queues.at(0.99), all.p99_ms,
                   most);
        }
        ASSERT_LE(sender.fullest, 2) << i;
        ASSERT_GT(all.fps, 15) << i;
    }
    for (auto spread : { &use, &queue, &latency, &fps, &estimate }) {
        spread->sort();
    }
    printf("use p1 %.2f, p5 %.2f, p50 %.2f; queue p50 %.0f, p95 %.0f, p100 %.0f ms; "
           "p99 latency p50 %.0f, p95 %.0f ms; fps p1 %.0f, p5 %.0f; "
           "estimate p50 %.2f, p99 %.2f; %u outliers\n",
           use.at(0.01), use.at(0.05), use.at(0.5), queue.at(0.5), queue.at(0.95), queue.at(1),
           latency.at(0.5), latency.at(0.95), fps.at(0.01), fps.at(0.05), estimate.at(0.5),
           estimate.at(0.99), outliers);
    EXPECT_LE(outliers, 2u);
    EXPECT_GE(use.at(0.5), 0.8);
    EXPECT_LE(queue.at(0.95), 30);
    EXPECT_LE(latency.at(0.5), 35);
    EXPECT_LE(latency.at(0.95), 170);
    EXPECT_GE(fps.at(0.05), 45);
    EXPECT_LE(estimate.at(0.99), 1.1);
}

TEST(RandomLinks, AStepOnAnyIsFollowed)
{
    unsigned slow_down = 0, slow_up = 0;
    for (uint64_t i = 0; i < 100; i++) {
        Random random(i + 5000);
        Spec spec{};
        const double low = std::pow(10, random.uniform(std::log10(3), std::log10(20))) * MBIT;
        spec.rate = low * random.uniform(2, 6);
        spec.delay_ms = random.uniform(1, 40);
        spec.jitter_ms = random.uniform() * std::min(2.0, spec.delay_ms);
        spec.queue = low * random.uniform(0.1, 0.5);
        spec.changes = { { 4000, low }, { 8000, spec.rate } };
        World world(spec, i);
        const Tcp tcp = ALL_TCP[i % 3];
        const Sender &sender = world.add(tcp);
        world.run(12500);
        slow_down += world.judge(sender, 4500, 5500).use < 0.6;
        /* BBR tries a quarter more in every eighth round trip, however fast the link has become */
        slow_up += tcp != Tcp::BBR && world.judge(sender, 11000, 12000).use < 0.7;
        ASSERT_GE(world.judge(sender, 6000, 8000).fps, 35) << i;
    }
    EXPECT_LE(slow_down, 5u);
    EXPECT_LE(slow_up, 5u);
}

} // namespace

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A client's images are made in a thread of its own: the results of jobs, also if the client has
 * gone. Spice's lossless encoders are replaced by a double that does not compress; they have a test
 * of their own (test-gl-lossless). */
#include "gl-maker.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "gl-draw.hpp"
#include "gl-lossless.hpp"
#include "test-pictures.hpp"
#include "test-random.hpp"

using namespace red;
using namespace std::chrono_literals;

/* ---- the encoders' double: one message for each area, of the size of its pixels ---- */

namespace {

/* Keeps encoders waiting */
class Gate
{
public:
    void shut() { set(false); }
    void open() { set(true); }
    void pass()
    {
        std::unique_lock<std::mutex> guard(lock);
        arrived++;
        changed.notify_all();
        changed.wait(guard, [this] { return is_open; });
    }
    /* Waits until an encoder waits, or has waited, since it was shut */
    bool wait_for_one()
    {
        std::unique_lock<std::mutex> guard(lock);
        return changed.wait_for(guard, 20s, [this] { return arrived > 0; });
    }

private:
    void set(bool value)
    {
        std::lock_guard<std::mutex> guard(lock);
        is_open = value;
        arrived = 0;
        changed.notify_all();
    }
    std::mutex lock;
    std::condition_variable changed;
    bool is_open = true;
    unsigned arrived = 0;
};

Gate gate;
std::atomic<int> last_compression{0};

size_t lossless_size(const GlRect &area)
{
    return gl_pixels_body(area).message(0).body.size() + size_t{area.w} * area.h * 4;
}

} // namespace

namespace red {

class GlLossless::Encoders
{
};

GlLossless::GlLossless() = default;
GlLossless::~GlLossless() = default;

GlMessage GlLossless::image(const GlFrame &frame, const GlRect &area, const Choice &choice)
{
    gate.pass();
    last_compression = choice.compression;
    GlBody body = gl_pixels_body(area);
    for (uint32_t y = 0; y < area.h; y++) {
        body.data(frame.pixel(area.x, area.y + y), area.w * GlFrame::BYTES);
    }
    return body.message(SPICE_MSG_DISPLAY_DRAW_COPY);
}

size_t GlLossless::images(const GlFrame &frame, const std::vector<GlRect> &areas,
                          const Choice &choice, size_t budget, std::vector<GlMessage> *messages)
{
    size_t done = 0;
    for (const auto &area : areas) {
        auto message = image(frame, area, choice);
        if (message.body.size() > budget) {
            break;
        }
        budget -= message.body.size();
        messages->push_back(std::move(message));
        done++;
    }
    return done;
}

bool GlLossless::all_images(const GlFrame &frame, const std::vector<GlRect> &areas,
                            const Choice &choice, size_t budget, std::vector<GlMessage> *messages)
{
    const size_t before = messages->size();
    if (images(frame, areas, choice, budget, messages) < areas.size()) {
        messages->resize(before);
        return false;
    }
    return true;
}

} // namespace red

namespace {

/* ---- a client ---- */

class Client
{
public:
    explicit Client(std::shared_ptr<GlJpegShare> share = std::make_shared<GlJpegShare>()):
        maker(std::make_unique<GlMaker>(share, [this] {
            std::lock_guard<std::mutex> guard(lock);
            ready++;
            changed.notify_all();
        }))
    {
    }

    bool start(GlJob &&job) { return maker->start(std::move(job), settings); }
    /* The job's result; empty if there is none within twenty seconds */
    GlBatch result()
    {
        {
            std::unique_lock<std::mutex> guard(lock);
            EXPECT_TRUE(changed.wait_for(guard, 20s, [this] { return ready > 0; }));
            ready = 0;
        }
        auto batch = maker->take();
        EXPECT_TRUE(batch);
        return batch ? std::move(*batch) : GlBatch();
    }
    GlBatch make(GlJob job)
    {
        EXPECT_TRUE(start(std::move(job)));
        return result();
    }
    unsigned times_ready()
    {
        std::lock_guard<std::mutex> guard(lock);
        return ready;
    }

    std::mutex lock;
    std::condition_variable changed;
    unsigned ready = 0;
    GlMaker::Settings settings{ SPICE_IMAGE_COMPRESSION_LZ, true };
    std::unique_ptr<GlMaker> maker; /* the first to go */
};

std::shared_ptr<GlFrame> photo(uint64_t serial)
{
    auto frame = picture(Picture::photo, 320, 240, int(serial));
    frame->serial = serial;
    return frame;
}

GlJob job_of(GlFramePtr frame)
{
    GlJob job;
    job.frame = std::move(frame);
    return job;
}

/* The image's area and SPICE_IMAGE_TYPE_* */
GlRect area_of(const GlMessage &message)
{
    uint32_t edges[4]; // top, left, bottom, right
    memcpy(edges, message.body.data() + 4, sizeof(edges));
    return { edges[1], edges[0], edges[3] - edges[1], edges[2] - edges[0] };
}

uint8_t type_of(const GlMessage &message)
{
    return message.body.at(57 + 8);
}

GlRegion region_of(const std::vector<GlRect> &rects)
{
    GlRegion region;
    for (const auto &rect : rects) {
        region += rect;
    }
    return region;
}

/* MESSAGES are one image for each of AREAS, in this order */
testing::AssertionResult are_images(const std::vector<GlMessage> &messages,
                                    const std::vector<GlRect> &areas, uint8_t type)
{
    if (messages.size() != areas.size()) {
        return testing::AssertionFailure() << messages.size() << " messages";
    }
    for (size_t i = 0; i < areas.size(); i++) {
        if (messages[i].type != SPICE_MSG_DISPLAY_DRAW_COPY || type_of(messages[i]) != type ||
            !(area_of(messages[i]) == areas[i])) {
            return testing::AssertionFailure() << "message " << i;
        }
    }
    return testing::AssertionSuccess();
}

const std::vector<GlRect> AREAS = { { 0, 0, 64, 32 }, { 100, 50, 32, 32 }, { 310, 230, 10, 10 } };

} // namespace

TEST(Maker, has_nothing_before_the_first_job)
{
    Client client;
    EXPECT_FALSE(client.maker->busy());
    EXPECT_FALSE(client.maker->take());
    EXPECT_EQ(client.maker->jpeg_size(1000), 0u);
}

TEST(Maker, what_fits_is_lossless)
{
    Client client;
    GlJob job = job_of(photo(1));
    size_t size = 0;
    for (const auto &area : AREAS) {
        size += lossless_size(area);
    }
    job.sharp = AREAS;
    job.sharp_bytes = size;
    job.lossy = true;
    client.settings.compression = SPICE_IMAGE_COMPRESSION_QUIC;
    const GlBatch batch = client.make(job);
    EXPECT_TRUE(are_images(batch.messages, AREAS, SPICE_IMAGE_TYPE_BITMAP));
    EXPECT_EQ(batch.bytes, size);
    EXPECT_EQ(batch.sent.lossless, region_of(AREAS));
    EXPECT_TRUE(batch.sent.lossy.empty());
    EXPECT_TRUE(batch.sent.unsent.empty());
    EXPECT_EQ(last_compression, SPICE_IMAGE_COMPRESSION_QUIC);
    EXPECT_EQ(memcmp(&batch.messages[0].body[batch.messages[0].body.size() - 4],
                     job.frame->pixel(63, 31), 4), 0) << "the frame's own pixels";
}

TEST(Maker, what_does_not_fit_is_jpeg_where_that_is_allowed)
{
    Client client;
    GlJob job = job_of(photo(1));
    job.sharp = AREAS;
    job.sharp_bytes = lossless_size(AREAS[0]) + 10;
    job.lossy = true;
    const GlBatch batch = client.make(std::move(job));
    EXPECT_TRUE(are_images(batch.messages, AREAS, SPICE_IMAGE_TYPE_JPEG));
    EXPECT_EQ(batch.sent.lossy, region_of(AREAS));
    EXPECT_TRUE(batch.sent.lossless.empty());
    EXPECT_TRUE(batch.sent.unsent.empty());
}

TEST(Maker, what_does_not_fit_waits_where_all_is_to_be_lossless)
{
    Client client;
    GlJob job = job_of(photo(1));
    job.sharp = AREAS;
    job.sharp_bytes = lossless_size(AREAS[0]) + lossless_size(AREAS[1]);
    GlBatch batch = client.make(job);
    EXPECT_TRUE(are_images(batch.messages, { AREAS[0], AREAS[1] }, SPICE_IMAGE_TYPE_BITMAP));
    EXPECT_EQ(batch.sent.lossless, region_of({ AREAS[0], AREAS[1] }));
    EXPECT_EQ(batch.sent.unsent, GlRegion(AREAS[2]));
    EXPECT_TRUE(batch.sent.lossy.empty());

    job.sharp_bytes = 0;
    batch = client.make(std::move(job));
    EXPECT_TRUE(are_images(batch.messages, { AREAS[0] }, SPICE_IMAGE_TYPE_BITMAP))
        << "one always fits";
    EXPECT_EQ(batch.sent.lossless, GlRegion(AREAS[0]));
    EXPECT_EQ(batch.sent.unsent, region_of({ AREAS[1], AREAS[2] }));
}

TEST(Maker, what_moves_is_jpeg_of_the_size_that_is_asked_for)
{
    Client client;
    for (size_t target : { 30000, 12000, 25000 }) {
        size_t bytes = 0;
        for (uint64_t i = 1; i <= 30; i++) {
            GlJob job = job_of(photo(i));
            job.moving = { { 0, 0, 320, 240 } };
            job.moving_bytes = target;
            const GlBatch batch = client.make(std::move(job));
            ASSERT_TRUE(are_images(batch.messages, { { 0, 0, 320, 240 } }, SPICE_IMAGE_TYPE_JPEG));
            EXPECT_EQ(batch.sent.lossy, GlRegion(GlRect({ 0, 0, 320, 240 })));
            bytes = batch.bytes;
        }
        EXPECT_LE(bytes, target + 200);
        EXPECT_GE(bytes, target / 3);
    }
    EXPECT_GT(client.maker->jpeg_size(320 * 240), 1000u);
}

TEST(Maker, what_jpeg_cannot_be_made_of_is_not_sent)
{
    Client client;
    GlJob job = job_of(GlFrame::create(65600, 4));
    job.moving = { { 0, 0, 65600, 4 } };
    job.sharp = { { 0, 0, 65590, 4 } };
    job.lossy = true;
    const GlBatch batch = client.make(std::move(job));
    EXPECT_TRUE(batch.messages.empty());
    EXPECT_EQ(batch.sent.unsent, GlRegion(GlRect({ 0, 0, 65600, 4 })));
    EXPECT_TRUE(batch.sent.lossy.empty());
}

TEST(Maker, what_is_refined_is_as_much_as_fits_and_one_piece_at_least)
{
    Client client;
    GlJob job = job_of(photo(1));
    job.refine = AREAS;
    job.refine_bytes = lossless_size(AREAS[0]) + lossless_size(AREAS[1]) + 1;
    GlBatch batch = client.make(job);
    EXPECT_TRUE(are_images(batch.messages, { AREAS[0], AREAS[1] }, SPICE_IMAGE_TYPE_BITMAP));
    EXPECT_EQ(batch.sent.lossless, region_of({ AREAS[0], AREAS[1] }));
    EXPECT_TRUE(batch.sent.unsent.empty()) << "it is there, blurred";

    job.refine_bytes = 1;
    batch = client.make(job);
    EXPECT_TRUE(are_images(batch.messages, { AREAS[0] }, SPICE_IMAGE_TYPE_BITMAP));
    EXPECT_EQ(batch.sent.lossless, GlRegion(AREAS[0]));
}

TEST(Maker, sends_what_changes_now_and_then_first_and_what_is_refined_last)
{
    Client client;
    GlJob job = job_of(photo(1));
    job.sharp = { { 0, 0, 16, 16 } };
    job.moving = { { 16, 0, 16, 16 } };
    job.refine = { { 32, 0, 16, 16 } };
    job.moving_bytes = job.sharp_bytes = job.refine_bytes = 100000;
    const GlBatch batch = client.make(std::move(job));
    ASSERT_EQ(batch.messages.size(), 3u);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT_EQ(area_of(batch.messages[i]).x, i * 16);
    }
    EXPECT_EQ(batch.bytes, batch.messages[0].body.size() + batch.messages[1].body.size() +
              batch.messages[2].body.size());
}

TEST(Maker, an_empty_job_is_done_too)
{
    Client client;
    const GlBatch batch = client.make(job_of(photo(1)));
    EXPECT_TRUE(batch.messages.empty());
    EXPECT_EQ(batch.bytes, 0u);
}

/* ---- threads ---- */

TEST(Maker, is_busy_until_its_work_is_taken)
{
    Client client;
    GlJob job = job_of(photo(1));
    job.refine = AREAS;
    gate.shut();
    ASSERT_TRUE(client.start(std::move(job)));
    ASSERT_TRUE(gate.wait_for_one());
    EXPECT_TRUE(client.maker->busy());
    EXPECT_FALSE(client.maker->take()) << "it is not done";
    EXPECT_TRUE(client.maker->busy());
    EXPECT_EQ(client.times_ready(), 0u);
    gate.open();
    client.result();
    EXPECT_FALSE(client.maker->busy());
    EXPECT_FALSE(client.maker->take()) << "once";
}

TEST(Maker, lets_go_of_the_frame_before_it_says_that_it_is_done)
{
    std::weak_ptr<const GlFrame> watched;
    std::atomic<int> gone{-1};
    {
        auto frame = photo(1);
        watched = frame;
        GlMaker maker(std::make_shared<GlJpegShare>(), [&] { gone = watched.expired(); });
        GlJob job = job_of(std::move(frame));
        job.sharp = AREAS;
        ASSERT_TRUE(maker.start(std::move(job), { SPICE_IMAGE_COMPRESSION_LZ, true }));
        while (!maker.take()) {
            std::this_thread::sleep_for(1ms);
        }
    }
    EXPECT_TRUE(GlMaker::wait_ended(20000));
    EXPECT_EQ(gone, 1);
}

TEST(Maker, of_a_client_that_has_gone_calls_nobody_and_keeps_nobody_waiting)
{
    std::atomic<unsigned> calls{0};
    std::weak_ptr<const GlFrame> watched;
    gate.shut();
    {
        auto frame = photo(1);
        watched = frame;
        GlMaker maker(std::make_shared<GlJpegShare>(), [&calls] { calls++; });
        GlJob job = job_of(std::move(frame));
        job.refine = AREAS;
        ASSERT_TRUE(maker.start(std::move(job), { SPICE_IMAGE_COMPRESSION_LZ, true }));
        ASSERT_TRUE(gate.wait_for_one());
    }
    EXPECT_FALSE(GlMaker::wait_ended(50)) << "it still works";
    gate.open();
    EXPECT_TRUE(GlMaker::wait_ended(20000));
    EXPECT_EQ(calls, 0u);
    EXPECT_TRUE(watched.expired());
}

TEST(Maker, may_end_at_any_moment)
{
    Random random(1);
    const auto share = std::make_shared<GlJpegShare>();
    const auto frame = photo(1);
    for (int i = 0; i < 300; i++) {
        auto alive = std::make_shared<std::atomic<bool>>(true);
        {
            GlMaker maker(share, [alive] { EXPECT_TRUE(*alive); });
            if (i % 10) {
                GlJob job = job_of(frame);
                job.moving = { { 0, 0, 16 + random() % 100, 16 } };
                job.sharp = AREAS;
                ASSERT_TRUE(maker.start(std::move(job), { SPICE_IMAGE_COMPRESSION_LZ, true }));
                std::this_thread::sleep_for(std::chrono::microseconds(random() % 500));
            }
        }
        *alive = false;
    }
    EXPECT_TRUE(GlMaker::wait_ended(20000));
}

TEST(Maker, two_share_the_encoding_of_what_moves)
{
    const auto share = std::make_shared<GlJpegShare>();
    Client first(share), second(share);
    for (uint64_t i = 1; i <= 20; i++) {
        GlJob job = job_of(photo(i));
        job.moving = { { 0, 0, 320, 240 } };
        job.moving_bytes = 20000;
        GlJob same = job;
        ASSERT_TRUE(first.start(std::move(job)));
        ASSERT_TRUE(second.start(std::move(same)));
        const GlBatch a = first.result(), b = second.result();
        ASSERT_EQ(a.messages.size(), 1u);
        ASSERT_EQ(b.messages.size(), 1u);
        EXPECT_EQ(a.messages[0].body.size(), b.messages[0].body.size());
        EXPECT_EQ(share->encodings(), i);
    }
}

TEST(Maker, several_work_side_by_side)
{
    const auto share = std::make_shared<GlJpegShare>();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 4; i++) {
        clients.push_back(std::make_unique<Client>(share));
    }
    for (uint64_t i = 1; i <= 50; i++) {
        GlJob job = job_of(photo(i));
        job.moving = { { 0, 0, 160, 120 } };
        job.moving_bytes = 8000;
        job.sharp = AREAS;
        job.sharp_bytes = i % 2 ? 1 << 20 : 100;
        job.lossy = true;
        for (auto &client : clients) {
            GlJob same = job;
            ASSERT_TRUE(client->start(std::move(same)));
        }
        job = {};
        for (auto &client : clients) {
            EXPECT_EQ(client->result().messages.size(), 4u);
        }
    }
}

class EndOfThreads: public testing::Environment
{
    void TearDown() override { EXPECT_TRUE(GlMaker::wait_ended(20000)); }
};

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    testing::AddGlobalTestEnvironment(new EndOfThreads);
    return RUN_ALL_TESTS();
}

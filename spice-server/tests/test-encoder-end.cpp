// SPDX-License-Identifier: LGPL-2.1-or-later
#include <atomic>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <thread>

#include "encoder-end.h"

namespace {

constexpr auto LONG = std::chrono::seconds(20);

/* One that is stuck until it is let go */
struct Encoder {
    std::promise<void> let_go;
    std::promise<std::thread::id> stopping;
    std::atomic<int> freed{0};
    std::thread::id freed_by;

    static void stop(gpointer data)
    {
        auto self = static_cast<Encoder *>(data);
        self->stopping.set_value(std::this_thread::get_id());
        self->let_go.get_future().wait();
    }
    static void free(gpointer data)
    {
        auto self = static_cast<Encoder *>(data);
        self->freed_by = std::this_thread::get_id();
        self->freed++;
    }
    void gives_up()
    {
        EncoderEnd *end = encoder_end_begin(stop, this);
        EXPECT_TRUE(encoder_end_defers(&end, free));
    }
    bool gets_freed(void (*look)() = encoder_end_free_stopped)
    {
        const auto deadline = std::chrono::steady_clock::now() + LONG;
        while (!freed && std::chrono::steady_clock::now() < deadline) {
            look();
            std::this_thread::yield();
        }
        return freed == 1;
    }
};

TEST(End, of_a_stuck_encoder_keeps_nobody_waiting)
{
    Encoder encoder;
    EncoderEnd *end = encoder_end_begin(Encoder::stop, &encoder);
    EXPECT_NE(encoder.stopping.get_future().get(), std::this_thread::get_id());
    EXPECT_TRUE(encoder_end_defers(&end, Encoder::free));
    EXPECT_FALSE(encoder_end_defers(&end, Encoder::free)) << "it is the list's now";
    encoder_end_free_stopped();
    EXPECT_EQ(encoder.freed, 0);

    encoder.let_go.set_value();
    EXPECT_TRUE(encoder.gets_freed());
    EXPECT_EQ(encoder.freed_by, std::this_thread::get_id());
}

TEST(End, comes_no_sooner_than_the_encoder_is_given_up)
{
    Encoder encoder;
    EncoderEnd *end = encoder_end_begin(Encoder::stop, &encoder);
    encoder.let_go.set_value();
    encoder.stopping.get_future().wait();
    encoder_end_free_stopped();
    EXPECT_EQ(encoder.freed, 0);
    EXPECT_TRUE(encoder_end_defers(&end, Encoder::free));
    EXPECT_FALSE(encoder_end_defers(&end, Encoder::free)) << "it is the list's now";
    EXPECT_TRUE(encoder.gets_freed());
}

TEST(End, of_one_does_not_wait_for_another)
{
    Encoder encoders[3];
    for (Encoder &encoder : encoders) {
        encoder.gives_up();
    }
    for (int i : {1, 2, 0}) {
        encoders[i].let_go.set_value();
        EXPECT_TRUE(encoders[i].gets_freed()) << i;
    }
}

TEST(End, comes_when_one_that_has_not_failed_goes)
{
    Encoder encoder;
    encoder.gives_up();
    encoder.let_go.set_value();
    EXPECT_TRUE(encoder.gets_freed([] {
        EncoderEnd *none = nullptr;
        EXPECT_FALSE(encoder_end_defers(&none, Encoder::free));
    }));
}

/* Another thread can have the address, the handle and the identifier of one that has ended */
TEST(End, is_never_in_another_thread)
{
    Encoder &encoder = *new Encoder; // stays for good, as its thread has gone
    std::thread([&] {
        encoder.gives_up();
    }).join();
    encoder.let_go.set_value();

    /* When one that was asked later has been stopped, the first has been, as a rule, too */
    Encoder other;
    other.gives_up();
    other.let_go.set_value();
    EXPECT_TRUE(other.gets_freed());
    for (int i = 0; i < 100; i++) {
        std::thread(encoder_end_free_stopped).join();
    }
    EXPECT_EQ(encoder.freed, 0);
}

} // namespace

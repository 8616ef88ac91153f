// SPDX-License-Identifier: LGPL-2.1-or-later
#include <chrono>
#include <gtest/gtest.h>
#include <memory>
#include <thread>

#include "encoder-output.h"

namespace {

constexpr unsigned int LONG_MS = 60000, SHORT_MS = 20;

int freed; // frames that nobody has taken; the thread's that puts them

class Output: public testing::Test
{
protected:
    Output() { freed = 0; }
    ~Output() override { encoder_output_free(output); }

    static int *frame(int number) { return new int(number); }
    static void free_frame(gpointer data)
    {
        freed++;
        delete static_cast<int *>(data);
    }
    /* -1: none */
    int take(unsigned int timeout)
    {
        std::unique_ptr<int> taken(static_cast<int *>(encoder_output_wait(output, timeout)));
        return taken ? *taken : -1;
    }

    EncoderOutput *output = encoder_output_new(free_frame);
};

TEST_F(Output, is_the_frame_that_was_put)
{
    encoder_output_put(output, frame(1));
    EXPECT_EQ(take(0), 1);
    EXPECT_EQ(freed, 0);
}

TEST_F(Output, nobody_took_is_freed)
{
    encoder_output_put(output, frame(1));
    encoder_output_put(output, frame(2));
    EXPECT_EQ(freed, 1);
    EXPECT_EQ(take(0), 2);
    encoder_output_put(output, frame(3));
    encoder_output_free(output);
    EXPECT_EQ(freed, 2);
    output = encoder_output_new(free_frame);
}

TEST_F(Output, is_waited_for)
{
    constexpr int FRAMES = 1000;
    int wrong = 0;
    EncoderOutput *back = encoder_output_new(free_frame);
    std::thread encoder([&] {
        for (int i = 0; i < FRAMES; i++) {
            encoder_output_put(output, frame(i));
            std::unique_ptr<int> taken(static_cast<int *>(encoder_output_wait(back, LONG_MS)));
            wrong += !taken || *taken != i;
        }
    });
    for (int i = 0; i < FRAMES; i++) {
        wrong += take(LONG_MS) != i;
        encoder_output_put(back, frame(i));
    }
    encoder.join();
    encoder_output_free(back);
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(freed, 0);
}

TEST_F(Output, that_does_not_come_in_time_never_comes)
{
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(take(SHORT_MS), -1);
    EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(SHORT_MS));
    EXPECT_STREQ(encoder_output_failure(output), "no frame within 20 ms");
    encoder_output_put(output, frame(1));
    EXPECT_EQ(take(LONG_MS), -1);
    encoder_output_free(output);
    EXPECT_EQ(freed, 1);
    output = encoder_output_new(free_frame);
}

TEST_F(Output, of_one_that_fails_is_not_waited_for)
{
    std::thread encoder([this] { encoder_output_fail(output, "%s: %d", "vp8enc", 7); });
    EXPECT_EQ(take(LONG_MS), -1);
    encoder.join();
    encoder_output_fail(output, "because of that");
    EXPECT_STREQ(encoder_output_failure(output), "vp8enc: 7");
    EXPECT_EQ(take(LONG_MS), -1);
}

TEST_F(Output, has_no_reason_where_nobody_gave_one)
{
    EXPECT_STREQ(encoder_output_failure(output), "unknown error");
}

} // namespace

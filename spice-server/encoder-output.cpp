/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "encoder-output.h"

#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <memory>
#include <mutex>
#include <utility>

struct EncoderOutput {
    explicit EncoderOutput(GDestroyNotify free_frame): frame(nullptr, free_frame) {}

    using Frame = std::unique_ptr<void, GDestroyNotify>;

    std::mutex lock;
    std::condition_variable changed;
    Frame frame;
    char *failure = nullptr;            /* set once */
};

EncoderOutput *encoder_output_new(GDestroyNotify free_frame)
{
    return new EncoderOutput(free_frame);
}

void encoder_output_free(EncoderOutput *output)
{
    g_free(output->failure);
    delete output;
}

void encoder_output_put(EncoderOutput *output, gpointer frame)
{
    EncoderOutput::Frame before(frame, output->frame.get_deleter());
    std::lock_guard<std::mutex> guard(output->lock);
    std::swap(before, output->frame);
    output->changed.notify_one();
}

void encoder_output_fail(EncoderOutput *output, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    {
        std::lock_guard<std::mutex> guard(output->lock);
        if (!output->failure) {
            std::swap(output->failure, why);
        }
        output->changed.notify_one();
    }
    g_free(why);
}

gpointer encoder_output_wait(EncoderOutput *output, unsigned int timeout)
{
    std::unique_lock<std::mutex> guard(output->lock);
    const bool in_time = output->changed.wait_for(guard, std::chrono::milliseconds(timeout), [=] {
        return output->frame || output->failure;
    });
    if (!in_time) {
        output->failure = g_strdup_printf("no frame within %u ms", timeout);
    }
    return output->failure ? nullptr : output->frame.release();
}

const char *encoder_output_failure(EncoderOutput *output)
{
    std::lock_guard<std::mutex> guard(output->lock);
    return output->failure ? output->failure : "unknown error";
}

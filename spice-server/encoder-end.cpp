/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "encoder-end.h"

#include <atomic>
#include <mutex>

struct EncoderEnd {
    GDestroyNotify stop, destroy;
    gpointer encoder;
    uint64_t owner;                      /* its thread's number */
    std::atomic<bool> stopped{false};
    EncoderEnd *next = nullptr;
};

/* Those that wait for their encoders to stop; of all threads. Never destroyed: at the process's
 * exit some may be running yet. */
static std::mutex waiting_lock;
static EncoderEnd *waiting;

/* Unlike its address, a thread's number is never another's later */
static uint64_t thread_number()
{
    static std::atomic<uint64_t> last{0};
    static thread_local const uint64_t number = ++last;
    return number;
}

static gpointer stop_encoder(gpointer data)
{
    auto end = static_cast<EncoderEnd *>(data);

    end->stop(end->encoder);
    end->stopped = true;
    return nullptr;
}

EncoderEnd *encoder_end_begin(GDestroyNotify stop, gpointer encoder)
{
    auto end = new EncoderEnd{stop, nullptr, encoder, thread_number()};
    GError *error = nullptr;

    GThread *thread = g_thread_try_new("SPICE encoder", stop_encoder, end, &error);
    if (thread) {
        g_thread_unref(thread);
    } else {
        g_warning("an encoder that has failed stays as it is: %s", error->message);
        g_error_free(error);
    }
    return end;
}

gboolean encoder_end_defers(EncoderEnd **place, GDestroyNotify destroy)
{
    EncoderEnd *end = *place;

    if (end) {
        *place = nullptr;
        end->destroy = destroy;
        std::lock_guard<std::mutex> guard(waiting_lock);
        end->next = waiting;
        waiting = end;
    }
    encoder_end_free_stopped();
    return end != nullptr;
}

/* Takes one that can be freed here from those that wait, null if there is none */
static EncoderEnd *take_stopped()
{
    std::lock_guard<std::mutex> guard(waiting_lock);
    for (EncoderEnd **place = &waiting; *place; place = &(*place)->next) {
        EncoderEnd *end = *place;
        if (end->owner == thread_number() && end->stopped) {
            *place = end->next;
            return end;
        }
    }
    return nullptr;
}

void encoder_end_free_stopped()
{
    while (EncoderEnd *end = take_stopped()) {
        end->destroy(end->encoder);
        delete end;
    }
}

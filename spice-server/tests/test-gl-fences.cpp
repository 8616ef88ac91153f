/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Readers wait for the guest's fences. With ci/faults/fence-delay preloaded, drawing is delayed until
 * something waits for its fence. */
#include <cstdlib>
#include <thread>

#include <pthread.h>

#include "clients-fixture.hpp"

using namespace red;

namespace {

constexpr Color BEFORE = { 200, 30, 40 }, AFTER = { 10, 220, 90 };

/* From now on this thread's drawing is delayed */
void draw_late()
{
    pthread_setname_np(pthread_self(), "guest");
    setenv("FENCE_DELAY_THREAD", "guest", 1);
}

} // namespace

class Fences: public GlTest
{
protected:
    /* A texture that is drawn all over, and again; what another thread, which does WAIT first, reads
     * of that. Nothing: it could not wait. */
    Color read_after(const std::function<bool(const GlFence &fence)> &wait)
    {
        draw_late();
        EXPECT_TRUE(drawer->make_current());
        TextureImage texture(*drawer, 64, 48);
        texture.fill(BEFORE);
        glFinish();
        texture.fill(AFTER);
        const GlFence fence = GlFence::insert(display);
        Color read = {};
        std::thread([&] {
            EXPECT_TRUE(context->make_current());
            if (wait(fence)) {
                GlReadback readback(*context);
                const auto source = texture.source(1, true);
                for (const auto &color : { BEFORE, AFTER }) {
                    const auto all = [&](uint32_t, uint32_t) { return color; };
                    if (shows(readback, source, { 0, 0, 64, 48 }, all)) {
                        read = color;
                    }
                }
            }
            context->done_current();
        }).join();
        return read;
    }
};

static bool equal(const Color &a, const Color &b)
{
    return a.r == b.r && a.g == b.g && a.b == b.b;
}

/* Otherwise the other tests prove nothing */
TEST_F(Fences, that_are_not_waited_for_show_old_pictures)
{
    EXPECT_TRUE(equal(read_after([](const GlFence &) { return true; }), BEFORE));
}

TEST_F(Fences, that_are_waited_for_on_the_gpu_show_what_was_drawn)
{
    EXPECT_TRUE(equal(read_after([&](const GlFence &fence) {
        return fence.wait_before_later_commands(*context);
    }), AFTER));
}

TEST_F(Fences, that_are_waited_for_in_the_thread_show_what_was_drawn)
{
    EXPECT_TRUE(equal(read_after([](const GlFence &fence) {
        return fence.wait(UINT64_C(1000000000));
    }), AFTER));
}

/* If a frame is read before it is drawn, the previous one is read, which the client has already */
TEST_F(Clients, see_each_frame_though_the_gpu_draws_it_late)
{
    draw_late();
    LentImage *images[] = { &lend(1, 320, 240), &lend(2, 320, 240) };
    flip(*images[0]);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.init();
    flip(*images[1]);
    ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
    for (int i = 0; i < 8; i++) {
        const unsigned before = client.display->pictures();
        flip(*images[0]); // the same image: what it showed before would be read
        ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > before; }, 3000))
            << "frame " << i << " is not seen";
        client.run_until([] { return false; }, 500); // until all of it is lossless
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* What the thread that reads pictures does if it cannot read them. With ci/faults/gl-reset preloaded. */
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include <glib.h>
#include <unistd.h>

#include "clients-fixture.hpp"

namespace {

std::mutex log_lock;
std::string log_text;

void keep_log(const gchar *, GLogLevelFlags, const gchar *message, gpointer)
{
    std::lock_guard<std::mutex> guard(log_lock);
    log_text += std::string(message) + "\n";
}

/* How often these words are in the log */
unsigned logged(const std::string &words)
{
    std::lock_guard<std::mutex> guard(log_lock);
    unsigned count = 0;
    for (size_t at = 0; (at = log_text.find(words, at)) != std::string::npos; at++) {
        count++;
    }
    return count;
}

} // namespace

class Reader: public Clients
{
protected:
    void SetUp() override
    {
        log_text.clear();
        before = g_log_set_default_handler(keep_log, nullptr);
        snprintf(path, sizeof(path), "/tmp/gl-reader-%d", getpid());
        setenv("GL_RESET_FILE", path, 1);
        setenv("GL_RESET_THREAD", "SPICE GL reader", 1);
        Clients::SetUp();
    }
    void TearDown() override
    {
        Clients::TearDown();
        unlink(path);
        unsetenv("GL_RESET_NOT_CURRENT");
        g_log_set_default_handler(before, nullptr);
    }
    /* Draws new frames until the client has seen another one */
    bool shows_more(LentImage &image, RawClient &client)
    {
        const unsigned pictures = client.display->pictures();
        return client.run_until([&] {
            flip(image);
            return client.display->pictures() > pictures;
        });
    }

    GLogFunc before = nullptr;
    char path[64];
};

TEST_F(Reader, goes_on_after_a_reset_that_gl_reports_once)
{
    LentImage &image = lend(1, 320, 240);
    flip(image);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.init();
    ASSERT_TRUE(shows_more(image, client));
    FILE *file = fopen(path, "w");
    ASSERT_TRUE(file);
    fputs("report-once\n", file);
    fclose(file);
    ASSERT_TRUE(client.run_until([&] {
        flip(image);
        return logged("GL context lost") > 0;
    }));
    EXPECT_EQ(logged("GL context lost (GL_INNOCENT_CONTEXT_RESET)"), 1u) << log_text;
    EXPECT_TRUE(shows_more(image, client));
}

TEST_F(Reader, starts_later_where_it_cannot_at_first)
{
    setenv("GL_RESET_NOT_CURRENT", "1", 1);
    LentImage &image = lend(1, 320, 240);
    flip(image);
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.init();
    EXPECT_TRUE(shows_more(image, client));
    EXPECT_EQ(logged("cannot be made current"), 1u) << log_text;
}

TEST_F(Reader, reads_nothing_of_a_picture_that_is_too_large)
{
    LentImage &large = lend(1, 16384, 4100), &image = lend(2, 320, 240);
    show(large);
    draw();
    RawClient client(server, false);
    ASSERT_TRUE(client.ok());
    client.init();
    ASSERT_TRUE(client.run_until([&] { return logged("megapixels") > 0; }));
    for (int i = 0; i < 30; i++) {
        draw();
        client.run_until([] { return false; }, 10);
    }
    EXPECT_EQ(stats().readbacks, 0u);
    EXPECT_EQ(client.display->pictures(), 0u);
    EXPECT_EQ(logged("megapixels"), 1u) << "it is said once";
    EXPECT_TRUE(shows_more(image, client));
}

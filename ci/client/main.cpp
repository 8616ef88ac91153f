/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A headless SPICE client: connects, counts, saves what it sees. */
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <unistd.h>

#include "client.hpp"
#include "control.hpp"
#include "settings.hpp"

class Run
{
public:
    explicit Run(Settings given): settings(std::move(given)), loop(g_main_loop_new(nullptr, FALSE)) {}

    int execute()
    {
        settings.address.ends_with_stdin = settings.control;
        Client client(settings.address, {[this](Display &display) { changed(display); },
                                     [this](const std::string &why) { over(why); }});
        client.authenticate(settings.user, settings.password, settings.ca_file);
        if (settings.direct) {
            client.connect_directly();
        }
        client.prefer_codecs(settings.codecs);
        client.withhold_answers(settings.withhold);
        client.answer_after(settings.answer_after_ms);
        if (settings.no_video) {
            client.claim_codecs({});
        } else if (settings.only) {
            client.claim_codecs(settings.codecs);
        }
        if (settings.counter) {
            client.watch_counter();
        }
        client.compare_with(settings.compared);
        client.acknowledge(settings.acks);
        const std::function<void()> quit = [this]() { g_main_loop_quit(loop); };
        if (settings.control) {
            listen_for_commands(client, quit);
        }
        start_clock();
        if (!client.connect()) {
            over("cannot connect to " + settings.uri);
        } else {
            g_main_loop_run(loop);
        }
        finish(client);
        return failed ? 1 : 0;
    }

private:
    void start_clock()
    {
        started = g_get_monotonic_time();
        if (!settings.control) {
            g_timeout_add(20, [](void *self) {
                static_cast<Run *>(self)->look_at_clock();
                return gboolean(G_SOURCE_CONTINUE);
            }, this);
        }
    }

    void changed(Display &display)
    {
        if (settings.stop_reading) {
            fprintf(stderr, "spicegl-client: stalled\n");
            for (;;) {
                g_usleep(G_USEC_PER_SEC);
            }
        }
        if (display.id() != settings.display) {
            return;
        }
        if (settings.width && (display.width() != settings.width ||
                               display.height() != settings.height)) {
            return;
        }
        updates++;
        last_update = g_get_monotonic_time();
        if (settings.frames && updates >= settings.frames) {
            g_main_loop_quit(loop);
        }
    }

    void look_at_clock()
    {
        const int64_t now = g_get_monotonic_time();
        if (settings.until_idle && updates && now - last_update >= settings.until_idle * 1000) {
            g_main_loop_quit(loop);
        } else if (settings.seconds > 0 && now - started >= settings.seconds * 1e6) {
            /* The requested end, unless other conditions were requested as well */
            if (settings.frames || settings.width) {
                over("the time is up, and the conditions were not met");
            }
            g_main_loop_quit(loop);
        } else if (settings.timeout > 0 && settings.seconds == 0 &&
                   now - started >= settings.timeout * 1e6) {
            over("the conditions were not met in time");
        }
    }

    void over(const std::string &why)
    {
        fprintf(stderr, "spicegl-client: %s: %s\n", settings.uri.c_str(), why.c_str());
        failed = true;
        /* With --control the numbers can still be read */
        if (!settings.control) {
            g_main_loop_quit(loop);
        }
    }

    void finish(Client &client)
    {
        std::string why;
        Display *display = client.display(settings.display);
        if (!settings.picture.empty() &&
            !save_png(display ? display->picture(&why) : Picture(), settings.picture, &why)) {
            fprintf(stderr, "spicegl-client: %s\n", why.c_str());
            failed = true;
        }
        if (settings.control) {
            return;
        }
        const std::string report = client.report() + "\n";
        if (settings.json.empty()) {
            fputs(report.c_str(), stdout);
        } else if (!g_file_set_contents(settings.json.c_str(), report.c_str(), -1, nullptr)) {
            fprintf(stderr, "spicegl-client: cannot write %s\n", settings.json.c_str());
            failed = true;
        }
    }

    Settings settings;
    GMainLoop *loop;
    int64_t started = 0, last_update = 0, updates = 0;
    bool failed = false;
};

/* Only a process with one thread may change its user namespace: so before GLib creates others */
static void enter_namespace(const std::string &path, int kind)
{
    if (path.empty()) {
        return;
    }
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, kind) != 0) {
        fprintf(stderr, "spicegl-client: %s: %s\n", path.c_str(), strerror(errno));
        exit(1);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    const Settings settings = parse_settings(argc, argv);
    enter_namespace(settings.userns, CLONE_NEWUSER);
    enter_namespace(settings.netns, CLONE_NEWNET);
    if (settings.no_reports) {
        /* so that spice-gtk does not offer them to the server */
        g_setenv("SPICE_DISABLE_ADAPTIVE_STREAMING", "1", TRUE);
    }
    return Run(settings).execute();
}

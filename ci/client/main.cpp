/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A headless SPICE client: connects, counts, saves what it sees. */
#include <cstdio>
#include <cstdlib>
#include <string>

#include "client.hpp"
#include "control.hpp"

struct Settings {
    Address address;
    std::string uri, picture, json;
    std::string user, password, ca_file;
    std::vector<int> codecs;
    int display = 0;
    int64_t frames = 0;       /* 0: no such condition, as for all below */
    double seconds = 0;
    int until_idle = 0;       /* milliseconds */
    uint32_t width = 0, height = 0;
    double timeout = 60;      /* seconds */
    bool withhold = false, stop_reading = false, no_video = false, control = false, counter = false;
    bool direct = false;
};

static bool parse_size(const char *text, Settings *settings)
{
    char rest;
    return sscanf(text, "%ux%u%c", &settings->width, &settings->height, &rest) == 2 &&
           settings->width && settings->height;
}

/* Prints the reason and leaves on a bad command line */
static Settings parse(int argc, char **argv)
{
    Settings settings;
    gchar *uri = nullptr, *picture = nullptr, *json = nullptr, *codecs = nullptr, *size = nullptr;
    gchar *user = nullptr, *password = nullptr, *ca = nullptr;
    gboolean direct = FALSE;
    gint64 frames = 0;
    gboolean no_video = FALSE, withhold = FALSE, stop = FALSE, control = FALSE, counter = FALSE;
    const GOptionEntry entries[] = {
        {"uri", 'u', 0, G_OPTION_ARG_STRING, &uri,
         "spice://HOST[:PORT][?tls-port=PORT] or spice+unix:///PATH", "URI"},
        {"password", 0, 0, G_OPTION_ARG_STRING, &password, "The ticket, or the SASL password", "P"},
        {"user", 0, 0, G_OPTION_ARG_STRING, &user, "The SASL user; codecs are not counted", "NAME"},
        {"ca", 0, 0, G_OPTION_ARG_FILENAME, &ca,
         "Who signs a TLS server's certificate", "PEM"},
        {"direct", 0, 0, G_OPTION_ARG_NONE, &direct,
         "Let spice-gtk connect, as for TLS, and for migration; codecs and bytes are not counted",
         nullptr},
        {"frames", 0, 0, G_OPTION_ARG_INT64, &frames, "End after N updates of the picture", "N"},
        {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &settings.seconds, "End after S seconds", "S"},
        {"until-idle", 0, 0, G_OPTION_ARG_INT, &settings.until_idle,
         "End when the picture has not changed for MS milliseconds", "MS"},
        {"wait-size", 0, 0, G_OPTION_ARG_STRING, &size, "The conditions count from this size on", "WxH"},
        {"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &settings.timeout,
         "Fail if the conditions are not met after S seconds (60)", "S"},
        {"channel", 0, 0, G_OPTION_ARG_INT, &settings.display,
         "The display channel that conditions and --save are about (0)", "N"},
        {"save", 0, 0, G_OPTION_ARG_FILENAME, &picture, "Write the last picture", "PNG"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write the report here, not to stdout", "FILE"},
        {"codec", 0, 0, G_OPTION_ARG_STRING, &codecs,
         "Preferred codecs, best first: mjpeg,vp8,h264,vp9,h265", "LIST"},
        {"no-video", 0, 0, G_OPTION_ARG_NONE, &no_video,
         "Tell the server that this client knows no video codec", nullptr},
        {"counter", 0, 0, G_OPTION_ARG_NONE, &counter,
         "Read the guest's frame counter in each update", nullptr},
        {"withhold", 0, 0, G_OPTION_ARG_NONE, &withhold, "Never answer gl-draws", nullptr},
        {"stall", 0, 0, G_OPTION_ARG_NONE, &stop,
         "After the first update, stop reading and answering until killed", nullptr},
        {"control", 0, 0, G_OPTION_ARG_NONE, &control, "Take commands from stdin", nullptr},
        {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
    GOptionContext *context = g_option_context_new("- a SPICE client without a window");
    GError *error = nullptr;
    g_option_context_add_main_entries(context, entries, nullptr);
    g_option_context_set_description(context, CONTROL_HELP);
    std::string why;
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        why = error->message;
    } else if (!uri || argc > 1) {
        why = "--uri is needed, and no other arguments";
    } else if (!settings.address.parse(uri)) {
        why = std::string("neither spice://HOST[:PORT][?tls-port=PORT] nor spice+unix:///PATH: ") + uri;
    } else if (size && !parse_size(size, &settings)) {
        why = std::string("not WxH: ") + size;
    } else if (codecs && !parse_codecs(codecs, &settings.codecs)) {
        why = std::string("no such codec in ") + codecs;
    } else if (frames < 0 || settings.seconds < 0 || settings.until_idle < 0) {
        why = "conditions are positive numbers";
    }
    settings.direct = direct || !settings.address.tls_port.empty();
    if (why.empty() && no_video && (settings.direct || user)) {
        why = "--no-video needs a connection without TLS, SASL and --direct";
    }
    if (!why.empty()) {
        fprintf(stderr, "spicegl-client: %s; see --help\n", why.c_str());
        exit(2);
    }
    settings.uri = uri;
    settings.picture = picture ? picture : "";
    settings.json = json ? json : "";
    settings.user = user ? user : "";
    settings.password = password ? password : "";
    settings.ca_file = ca ? ca : "";
    settings.frames = frames;
    settings.withhold = withhold;
    settings.stop_reading = stop;
    settings.no_video = no_video;
    settings.control = control;
    settings.counter = counter;
    return settings;
}

class Run
{
public:
    explicit Run(Settings given): settings(std::move(given)), loop(g_main_loop_new(nullptr, FALSE)) {}

    int execute()
    {
        Client client(settings.address, {[this](Display &display) { changed(display); },
                                     [this](const std::string &why) { over(why); }});
        client.authenticate(settings.user, settings.password, settings.ca_file);
        if (settings.direct) {
            client.connect_directly();
        }
        client.prefer_codecs(settings.codecs);
        client.withhold_answers(settings.withhold);
        if (settings.no_video) {
            client.hide_video();
        }
        if (settings.counter) {
            client.watch_counter();
        }
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
            /* The end that was asked for, unless something else was asked for as well */
            if (settings.frames || settings.width) {
                over("the time is over");
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
        /* Under --control the numbers can still be asked for */
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

int main(int argc, char **argv)
{
    return Run(parse(argc, argv)).execute();
}

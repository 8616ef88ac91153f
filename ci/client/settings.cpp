/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <glib.h>

#include "client.hpp"
#include "../guest/pattern.hpp"
#include "control.hpp"

namespace {

/* As GLib gives them */
struct Words {
    gchar *uri = nullptr, *user = nullptr, *password = nullptr, *ca = nullptr;
    gchar *picture = nullptr, *json = nullptr, *codecs = nullptr, *size = nullptr, *compare = nullptr,
          *netns = nullptr, *userns = nullptr;
    gint64 frames = 0;
    gboolean direct = FALSE, no_video = FALSE, withhold = FALSE, stop = FALSE;
    gboolean control = FALSE, counter = FALSE, only = FALSE, no_reports = FALSE;
};

} // namespace

static std::vector<GOptionEntry> entries(Words &words, Settings &settings)
{
    return {
        {"uri", 'u', 0, G_OPTION_ARG_STRING, &words.uri,
         "spice://HOST[:PORT][?tls-port=PORT] or spice+unix:///PATH", "URI"},
        {"password", 0, 0, G_OPTION_ARG_STRING, &words.password, "The ticket or the SASL password",
         "P"},
        {"user", 0, 0, G_OPTION_ARG_STRING, &words.user, "The SASL user; codecs are not counted",
         "NAME"},
        {"ca", 0, 0, G_OPTION_ARG_FILENAME, &words.ca, "CA certificate for a TLS server", "PEM"},
        {"direct", 0, 0, G_OPTION_ARG_NONE, &words.direct,
         "Let spice-gtk connect, as for TLS and migration; codecs and bytes are not counted",
         nullptr},
        {"frames", 0, 0, G_OPTION_ARG_INT64, &words.frames, "End after N updates of the picture", "N"},
        {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &settings.seconds, "End after S seconds", "S"},
        {"until-idle", 0, 0, G_OPTION_ARG_INT, &settings.until_idle,
         "End when the picture has not changed for MS milliseconds", "MS"},
        {"wait-size", 0, 0, G_OPTION_ARG_STRING, &words.size,
         "Check the conditions only at this size", "WxH"},
        {"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &settings.timeout,
         "Fail if the conditions are not met after S seconds (default: 60)", "S"},
        {"channel", 0, 0, G_OPTION_ARG_INT, &settings.display,
         "The display channel for conditions and --save (default: 0)", "N"},
        {"save", 0, 0, G_OPTION_ARG_FILENAME, &words.picture, "Save the last picture", "PNG"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &words.json, "Write the report to FILE, not stdout",
         "FILE"},
        {"codec", 0, 0, G_OPTION_ARG_STRING, &words.codecs,
         "Preferred codecs, best first: mjpeg,vp8,h264,vp9,h265", "LIST"},
        {"no-video", 0, 0, G_OPTION_ARG_NONE, &words.no_video,
         "Report to the server that this client supports no video codec", nullptr},
        {"only", 0, 0, G_OPTION_ARG_NONE, &words.only,
         "Report to the server that this client supports only those of --codec", nullptr},
        {"counter", 0, 0, G_OPTION_ARG_NONE, &words.counter,
         "Read the guest's frame counter in each update", nullptr},
        {"compare", 0, 0, G_OPTION_ARG_STRING, &words.compare,
         "With --counter: compare the picture with the pattern that the guest shows", "PATTERN"},
        {"no-reports", 0, 0, G_OPTION_ARG_NONE, &words.no_reports,
         "Send no reports about video streams", nullptr},
        {"ack-late", 0, 0, G_OPTION_ARG_INT, &settings.acks.late,
         "Send each acknowledgement MS milliseconds late", "MS"},
        {"ack-together", 0, 0, G_OPTION_ARG_INT, &settings.acks.together,
         "Send N acknowledgements at a time, or what there is 200 ms after the first", "N"},
        {"netns", 0, 0, G_OPTION_ARG_FILENAME, &words.netns,
         "Connect from this network namespace, such as an end of a ci/link", "FILE"},
        {"userns", 0, 0, G_OPTION_ARG_FILENAME, &words.userns,
         "The user namespace that owns the network namespace, if it is another one", "FILE"},
        {"withhold", 0, 0, G_OPTION_ARG_NONE, &words.withhold, "Never answer gl-draws", nullptr},
        {"answer-after", 0, 0, G_OPTION_ARG_INT, &settings.answer_after_ms,
         "Answer gl-draws MS milliseconds later", "MS"},
        {"stall", 0, 0, G_OPTION_ARG_NONE, &words.stop,
         "After the first update, stop reading and answering until killed", nullptr},
        {"control", 0, 0, G_OPTION_ARG_NONE, &words.control, "Read commands from stdin", nullptr},
        {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
}

static bool parse_size(const char *text, Settings *settings)
{
    char rest;
    return sscanf(text, "%ux%u%c", &settings->width, &settings->height, &rest) == 2 &&
           settings->width && settings->height;
}

/* What is wrong with them; empty if nothing is. Parses and stores the others. */
static std::string problem(const Words &words, Settings *settings)
{
    using namespace std::string_literals;
    if (!words.uri) {
        return "--uri is required";
    }
    if (!settings->address.parse(words.uri)) {
        return "--uri is not spice://HOST[:PORT][?tls-port=PORT] or spice+unix:///PATH: "s +
               words.uri;
    }
    if (words.size && !parse_size(words.size, settings)) {
        return "--wait-size is not WxH: "s + words.size;
    }
    if (words.codecs && !parse_codecs(words.codecs, &settings->codecs)) {
        return "--codec names an unknown codec: "s + words.codecs;
    }
    if (words.frames < 0 || settings->seconds < 0 || settings->until_idle < 0 ||
        settings->answer_after_ms < 0 || settings->acks.late < 0 || settings->acks.together < 1) {
        return "conditions and times must be positive numbers";
    }
    if (words.compare && (!words.counter || !pattern_exists(words.compare))) {
        return "--compare needs --counter and a pattern that the guest has";
    }
    settings->direct = words.direct || !settings->address.tls_port.empty();
    if ((words.no_video || words.only) && (settings->direct || words.user)) {
        return "--no-video and --only need a connection without TLS, SASL and --direct";
    }
    if (settings->acks.any() && (settings->direct || words.user)) {
        return "--ack-late and --ack-together need a connection without TLS, SASL and --direct";
    }
    return "";
}

static void take_over(const Words &words, Settings *settings)
{
    const auto text = [](const gchar *word) { return std::string(word ? word : ""); };
    settings->uri = text(words.uri);
    settings->picture = text(words.picture);
    settings->json = text(words.json);
    settings->user = text(words.user);
    settings->password = text(words.password);
    settings->ca_file = text(words.ca);
    settings->compared = text(words.compare);
    settings->netns = text(words.netns);
    settings->userns = text(words.userns);
    settings->no_reports = words.no_reports;
    settings->frames = words.frames;
    settings->withhold = words.withhold;
    settings->stop_reading = words.stop;
    settings->no_video = words.no_video;
    settings->only = words.only;
    settings->control = words.control;
    settings->counter = words.counter;
}

Settings parse_settings(int argc, char **argv)
{
    Settings settings;
    Words words;
    GError *error = nullptr;
    GOptionContext *context = g_option_context_new("- a headless SPICE client");
    g_option_context_add_main_entries(context, entries(words, settings).data(), nullptr);
    g_option_context_set_description(context, CONTROL_HELP);
    const bool parsed = g_option_context_parse(context, &argc, &argv, &error);
    const std::string why = !parsed ? error->message : argc > 1 ? "unexpected argument"
                                                                : problem(words, &settings);
    if (!why.empty()) {
        fprintf(stderr, "spicegl-client: %s; see --help\n", why.c_str());
        exit(2);
    }
    take_over(words, &settings);
    return settings;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.hpp"

#include <cstdio>
#include <sstream>

const char *const CONTROL_HELP =
    "Commands of --control, one per line:\n"
    "  report              report what has been received so far\n"
    "  seen [N]            with --counter: frame numbers of display channel N (default: 0) since\n"
    "                      the last time, as [microseconds of CLOCK_MONOTONIC, number]\n"
    "  quality [N]         with --compare: results of comparing since the last time, as\n"
    "                      [microseconds, number, dB], and since when the picture has been exact\n"
    "                      (-1: it is not)\n"
    "  echo SCANCODE [N]   press and release; note when display channel N (default: 0) shows the\n"
    "                      answer\n"
    "  echoes [N]          answers since the last time, as [microseconds pressed, shown]\n"
    "  save FILE [N]       save the picture of display channel N (default: 0) as a PNG\n"
    "  withhold, answer    stop answering gl-draws; answer them again\n"
    "  inputs              connect keyboard and pointer, for the next two commands\n"
    "  key SCANCODE        press and release\n"
    "  move X Y [DISPLAY]  move the pointer\n"
    "  quit\n";

struct Control {
    Client &client;
    std::function<void()> quit;
};

static std::string quoted(const std::string &text)
{
    gchar *escaped = g_strescape(text.c_str(), nullptr);
    const std::string result = std::string("\"") + escaped + "\"";
    g_free(escaped);
    return result;
}

static std::string save(Client &client, std::istringstream &words)
{
    std::string path, why = "no such display";
    int id = 0;
    words >> path >> id;
    Display *display = client.display(id);
    if (display) {
        why.clear();
        const Picture picture = display->picture(&why);
        if (why.empty() && save_png(picture, path, &why)) {
            return "{\"saved\":" + quoted(path) + ",\"width\":" + std::to_string(picture.width) +
                   ",\"height\":" + std::to_string(picture.height) + "}";
        }
    }
    return "{\"saved\":null,\"why\":" + quoted(why) + "}";
}

static FrameWatch *watch_of(Client &client, std::istringstream &words)
{
    int id = 0;
    words >> id;
    Display *display = client.display(id);
    return display ? &display->frames_shown() : nullptr;
}

/* Begins {NAME: [[FIRST, SECOND, …], …] with what ADD adds to the inner arrays */
template <typename List, typename Add>
static JsonBuilder *begin_lists(const char *name, const List &list, Add add)
{
    JsonBuilder *builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (const auto &one : list) {
        json_builder_begin_array(builder);
        add(builder, one);
        json_builder_end_array(builder);
    }
    json_builder_end_array(builder);
    return builder;
}

static std::string seen(FrameWatch *watch)
{
    JsonBuilder *builder = begin_lists(
        "seen", watch ? watch->take_seen() : std::vector<FrameWatch::Seen>(),
        [](JsonBuilder *out, const FrameWatch::Seen &one) {
            json_builder_add_int_value(out, one.at);
            json_builder_add_int_value(out, one.number);
        });
    json_builder_end_object(builder);
    return take_text(builder);
}

static std::string quality(FrameWatch *watch)
{
    JsonBuilder *builder = begin_lists(
        "quality", watch ? watch->take_compared() : std::vector<FrameWatch::Compared>(),
        [](JsonBuilder *out, const FrameWatch::Compared &one) {
            json_builder_add_int_value(out, one.at);
            json_builder_add_int_value(out, one.number);
            json_builder_add_double_value(out, one.psnr);
        });
    json_builder_set_member_name(builder, "exact_since");
    json_builder_add_int_value(builder, watch ? watch->exact_since() : -1);
    json_builder_end_object(builder);
    return take_text(builder);
}

static std::string echoes(FrameWatch *watch)
{
    JsonBuilder *builder = begin_lists(
        "echoes", watch ? watch->take_echoes() : std::vector<FrameWatch::Echo>(),
        [](JsonBuilder *out, const FrameWatch::Echo &one) {
            json_builder_add_int_value(out, one.pressed);
            json_builder_add_int_value(out, one.shown);
        });
    json_builder_end_object(builder);
    return take_text(builder);
}

static std::string press_for_echo(Client &client, std::istringstream &words)
{
    unsigned scancode = 0;
    words >> scancode;
    FrameWatch *watch = watch_of(client, words);
    if (!watch) {
        return "{\"error\":\"no such display\"}";
    }
    watch->expect_echo(g_get_monotonic_time());
    client.keyboard_and_pointer().press(scancode);
    return "{}";
}

static void execute(Control &control, const std::string &line)
{
    std::istringstream words(line);
    std::string command, answer = "{}";
    words >> command;
    if (command == "report") {
        answer = control.client.report();
    } else if (command == "seen") {
        answer = seen(watch_of(control.client, words));
    } else if (command == "quality") {
        answer = quality(watch_of(control.client, words));
    } else if (command == "echo") {
        answer = press_for_echo(control.client, words);
    } else if (command == "echoes") {
        answer = echoes(watch_of(control.client, words));
    } else if (command == "save") {
        answer = save(control.client, words);
    } else if (command == "withhold" || command == "answer") {
        control.client.withhold_answers(command == "withhold");
    } else if (command == "inputs") {
        answer = control.client.keyboard_and_pointer().connect()
                     ? "{}" : "{\"error\":\"the server offers no inputs channel\"}";
    } else if (command == "key") {
        unsigned scancode = 0;
        words >> scancode;
        control.client.keyboard_and_pointer().press(scancode);
    } else if (command == "move") {
        int x = 0, y = 0, display = 0;
        words >> x >> y >> display;
        control.client.keyboard_and_pointer().move(x, y, display);
    } else if (command == "quit") {
        control.quit();
    } else {
        answer = "{\"error\":" + quoted("unknown command: " + command) + "}";
    }
    puts(answer.c_str());
    fflush(stdout);
}

static gboolean on_input(GIOChannel *channel, GIOCondition, void *data)
{
    auto *control = static_cast<Control *>(data);
    gchar *line = nullptr;
    gsize end = 0;
    const GIOStatus status = g_io_channel_read_line(channel, &line, nullptr, &end, nullptr);
    if (status == G_IO_STATUS_NORMAL) {
        line[end] = 0;
        execute(*control, line);
        g_free(line);
        return G_SOURCE_CONTINUE;
    }
    if (status == G_IO_STATUS_AGAIN) {
        return G_SOURCE_CONTINUE;
    }
    control->quit();
    return G_SOURCE_REMOVE;
}

void listen_for_commands(Client &client, const std::function<void()> &quit)
{
    GIOChannel *channel = g_io_channel_unix_new(0);
    g_io_channel_set_flags(channel, G_IO_FLAG_NONBLOCK, nullptr);
    /* Lives as long as the process */
    auto *control = new Control{client, quit};
    g_io_add_watch(channel, GIOCondition(G_IO_IN | G_IO_HUP | G_IO_ERR), on_input, control);
    g_io_channel_unref(channel);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows test pictures through KMS. As init of an initramfs it takes its options from the
 * kernel's command line and its commands from the serial console; otherwise options are
 * arguments and commands come from standard input.
 */
#include <cstdio>
#include <cstring>
#include <exception>
#include <poll.h>
#include <sstream>
#include <unistd.h>

#include "console.hpp"
#include "options.hpp"
#include "show.hpp"
#include "system.hpp"

static const char *const COMMANDS_HELP =
    "  start               with wait=1: show the picture now\n"
    "  set KEY=VALUE...    pattern, size, mode, heads, buffers, shared: at once\n"
    "  resize WxH          the same as set size=WxH\n"
    "  rate N\n"
    "  flips N             show N frames from now on (or \"forever\"), then \"done\"\n"
    "  stop\n"
    "  off, on             disable the heads, enable them again\n"
    "  cursor X Y, cursor off\n"
    "  status\n"
    "  reboot, poweroff\n"
    "Each command is answered by \"SPICEGL ok COMMAND\" or \"SPICEGL error TEXT\".\n";

/* Runs one command; throws on a bad one */
static void execute(const std::string &line, Options &options, Show &show, Console &console)
{
    std::istringstream words(line);
    std::string command, argument, why;
    words >> command;
    if (command == "set" || command == "resize") {
        Options wanted = options;
        while (words >> argument) {
            const auto equals = argument.find('=');
            const bool good = command == "resize" ? wanted.set("size", argument, &why)
                              : equals != std::string::npos &&
                                    wanted.set(argument.substr(0, equals),
                                               argument.substr(equals + 1), &why);
            if (!good) {
                throw std::runtime_error(why.empty() ? "not KEY=VALUE: " + argument : why);
            }
        }
        show.configure(wanted);
        options = wanted;
    } else if (command == "rate" || command == "flips") {
        words >> argument;
        if (!options.set(command, argument, &why)) {
            throw std::runtime_error(why);
        }
        if (command == "rate") {
            show.set_rate(options.rate);
        }
    } else if (command == "stop") {
        show.stop();
    } else if (command == "off" || command == "on") {
        show.set_power(command == "on");
    } else if (command == "cursor") {
        int x = 0, y = 0;
        const bool on = static_cast<bool>(words >> x >> y);
        show.set_cursor(on, x, y);
    } else if (command == "status") {
        show.report("status");
    } else if (command == "reboot" || command == "poweroff") {
        console.say("ok %s", line.c_str());
        leave(command);
    } else {
        throw std::runtime_error("no such command: " + line);
    }
    console.say("ok %s", line.c_str());
    /* After the answer: a short run is done before the answer is out otherwise */
    if (command == "flips") {
        show.run(options.flips);
    }
}

static void run_commands(Options &options, Show &show, Console &console)
{
    std::string line;
    while (console.next_line(&line)) {
        if (line.empty()) {
            continue;
        }
        try {
            execute(line, options, show, console);
        } catch (const std::exception &error) {
            console.say("error %s", error.what());
        }
    }
}

static void wait_for_start(Console &console)
{
    std::string line;
    console.say("waiting");
    for (;;) {
        while (console.next_line(&line)) {
            if (line == "start") {
                console.say("ok start");
                return;
            }
        }
        if (!console.fill()) {
            return;
        }
    }
}

static void run(Options options, Console &console)
{
    Show show(console, options);
    if (options.wait) {
        wait_for_start(console);
    }
    show.configure(options);
    if (options.cursor) {
        show.set_cursor(true, 100, 100);
    }
    console.say("ready %ux%u heads=%u pattern=%s", options.size.width, options.size.height,
                options.heads, options.pattern.c_str());
    show.run(options.flips);

    bool input = true;
    for (;;) {
        if (show.take_finished()) {
            show.report("done");
            if (options.end != "hold") {
                leave(options.end);
            }
        }
        const int64_t due = show.due_in();
        struct pollfd fds[2] = {{show.card_fd(), POLLIN, 0}, {console.input(), POLLIN, 0}};
        const struct timespec limit = {time_t(due / 1000000000), long(due % 1000000000)};
        ppoll(fds, input ? 2 : 1, due < 0 ? nullptr : &limit, nullptr);
        if (fds[0].revents) {
            show.handle_events();
        }
        if (input && fds[1].revents) {
            input = console.fill();
            run_commands(options, show, console);
        }
        if (show.due_in() == 0) {
            show.tick();
        }
    }
}

static bool get_options(int argc, char **argv, bool as_init, Options *options, std::string *why)
{
    if (as_init) {
        return mount_system(why) && options->parse_kernel(read_text("/proc/cmdline"), why);
    }
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        if (!equals) {
            *why = std::string("not KEY=VALUE: ") + argv[i] + "; see --help";
            return false;
        }
        if (!options->set(std::string(argv[i], equals - argv[i]), equals + 1, why)) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    const bool as_init = getpid() == 1;
    if (!as_init && argc > 1 && strcmp(argv[1], "--help") == 0) {
        printf("Usage: spicegl-guest [KEY=VALUE...]\n"
               "Shows test pictures through KMS; as init: spicegl.KEY=VALUE of the kernel's\n"
               "command line.\n\nKeys:\n%s\nCommands, a line each:\n%s",
               OPTIONS_HELP, COMMANDS_HELP);
        return 0;
    }
    Options options;
    std::string why;
    const bool good = get_options(argc, argv, as_init, &options, &why);
    Console console(as_init);
    try {
        if (good && (!as_init || load_modules(&why))) {
            run(options, console);
        }
    } catch (const std::exception &error) {
        why = error.what();
    }
    console.say("error %s", why.c_str());
    /* An init that returns makes the kernel panic, which hides the line above */
    while (as_init) {
        pause();
    }
    return 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows test pictures through KMS. As init of an initramfs it takes its options from the
 * kernel's command line and its commands from the serial console; otherwise options are
 * arguments and commands come from standard input.
 */
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <poll.h>
#include <sstream>
#include <unistd.h>

#include "console.hpp"
#include "input.hpp"
#include "options.hpp"
#include "show.hpp"
#include "system.hpp"

static const char *const COMMANDS_HELP =
    "  start               with wait=1: start showing the picture\n"
    "  set KEY=VALUE...    change pattern, size, mode, heads, buffers, shared, sync, gap...\n"
    "  resize WxH          short for set size=WxH\n"
    "  renew               replace the buffers by new ones of the same size, with the next frame\n"
    "  rate N              show N frames a second\n"
    "  flips N             show N frames from now on (or \"forever\"), then \"done\"\n"
    "  stop\n"
    "  off [N], on [N]     disable all heads or head N, enable them again\n"
    "  dpms off, dpms on   turn the screens off, and on again\n"
    "  cursor X Y [N]      show the pointer on head N (default: 0), or move it there\n"
    "  cursor small X Y [N]   with another shape\n"
    "  cursor [small] texture X Y [N], texture-up   in memory of the 3D driver\n"
    "  cursor off [N]\n"
    "  monitor [N]         say which mode head N's monitor prefers (default: 0)\n"
    "  unload, load        unload the driver, load it again\n"
    "  suspend             suspend to RAM, until something wakes the machine\n"
    "  status\n"
    "  reboot, poweroff\n"
    "Each command is answered by \"SPICEGL ok COMMAND\" or \"SPICEGL error TEXT\".\n";

struct Guest {
    Console &console;
    Options options;
    std::unique_ptr<Show> show; /* null while the driver is unloaded */

    Show &screen()
    {
        if (!show) {
            throw std::runtime_error("the driver is not loaded");
        }
        return *show;
    }
};

/* set KEY=VALUE..., resize WxH */
static void change_options(Guest &guest, const std::string &command, std::istringstream &words)
{
    Options wanted = guest.options;
    std::string argument, why;
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
    guest.screen().configure(wanted);
    guest.options = wanted;
}

/* cursor [small] [texture|texture-up] X Y [N], cursor off [N] */
static void change_cursor(Guest &guest, std::istringstream &words)
{
    std::string word;
    size_t head = 0;
    words >> word;
    const bool small = word == "small";
    if (word == "off") {
        words >> head;
        guest.screen().hide_cursor(head);
        return;
    }
    if (small) {
        words >> word;
    }
    Memory memory = Memory::Dumb;
    if (parse_memory(word, &memory)) {
        words >> word;
    }
    const int x = std::stoi(word);
    int y = 0;
    if (!(words >> y)) {
        throw std::runtime_error("cursor: no position given");
    }
    words >> head;
    guest.screen().set_cursor(head, small, memory, x, y);
}

static void change_driver(Guest &guest, bool load)
{
    std::string why;
    if (!load) {
        guest.show.reset();
    }
    if (!(load ? load_modules(&why) : unload_driver(&why))) {
        throw std::runtime_error(why);
    }
    if (load) {
        guest.show = std::make_unique<Show>(guest.console, guest.options);
        guest.show->configure(guest.options);
    }
}

static void leave_or_sleep(Guest &guest, const std::string &command)
{
    std::string why;
    if (command != "suspend") {
        guest.console.say("ok %s", command.c_str());
        leave(command);
    } else if (!suspend_system(&why)) {
        throw std::runtime_error(why);
    }
}

/* Runs one command; throws on a bad one */
static void execute(Guest &guest, const std::string &line)
{
    std::istringstream words(line);
    std::string command, argument, why;
    words >> command;
    if (command == "set" || command == "resize") {
        change_options(guest, command, words);
    } else if (command == "renew") {
        guest.screen().renew();
    } else if (command == "rate" || command == "flips") {
        words >> argument;
        if (!guest.options.set(command, argument, &why)) {
            throw std::runtime_error(why);
        }
        if (command == "rate") {
            guest.screen().set_rate(guest.options.rate);
        }
    } else if (command == "stop") {
        guest.screen().stop();
    } else if (command == "off" || command == "on") {
        int head = -1;
        words >> head;
        guest.screen().set_power(command == "on", words ? head : -1);
    } else if (command == "dpms") {
        words >> argument;
        guest.screen().set_dpms(argument == "on");
    } else if (command == "monitor") {
        size_t head = 0;
        words >> head;
        guest.console.say("monitor %s", guest.screen().monitor(words ? head : 0).c_str());
    } else if (command == "cursor") {
        change_cursor(guest, words);
    } else if (command == "unload" || command == "load") {
        change_driver(guest, command == "load");
    } else if (command == "status") {
        guest.screen().report("status");
    } else if (command == "reboot" || command == "poweroff" || command == "suspend") {
        leave_or_sleep(guest, command);
    } else {
        throw std::runtime_error("unknown command: " + line);
    }
    guest.console.say("ok %s", line.c_str());
    /* After the answer: otherwise a short run would end before the answer is sent */
    if (command == "flips") {
        guest.screen().run(guest.options.flips);
    }
}

static void run_commands(Guest &guest)
{
    std::string line;
    while (guest.console.next_line(&line)) {
        if (line.empty()) {
            continue;
        }
        try {
            execute(guest, line);
        } catch (const std::exception &error) {
            guest.console.say("error %s", error.what());
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

/* Waits for the next frame's time, an event of the card or a command */
static void wait_for_work(Guest &guest, bool *input)
{
    const int64_t due = guest.show ? guest.show->due_in() : -1;
    /* poll() ignores negative descriptors */
    struct pollfd fds[2] = {{guest.show ? guest.show->card_fd() : -1, POLLIN, 0},
                            {*input ? guest.console.input() : -1, POLLIN, 0}};
    const struct timespec limit = {time_t(due / 1000000000), long(due % 1000000000)};
    ppoll(fds, 2, due < 0 ? nullptr : &limit, nullptr);
    if (fds[0].revents) {
        guest.show->handle_events();
    }
    if (fds[1].revents) {
        *input = guest.console.fill();
        run_commands(guest);
    }
}

static void run(const Options &options, Console &console)
{
    Guest guest{console, options, std::make_unique<Show>(console, options)};
    if (options.wait) {
        wait_for_start(console);
    }
    guest.show->configure(options);
    if (options.cursor) {
        guest.show->set_cursor(0, false, Memory::Dumb, 100, 100);
    }
    if (options.input) {
        tell_of_input(console);
    }
    console.say("ready %ux%u heads=%u pattern=%s", options.size.width, options.size.height,
                options.heads, options.pattern.c_str());
    guest.show->run(options.flips);

    for (bool input = true;;) {
        if (guest.show && guest.show->take_finished()) {
            guest.show->report("done");
            if (options.end != "hold") {
                leave(options.end);
            }
        }
        wait_for_work(guest, &input);
        if (guest.show && guest.show->due_in() == 0) {
            guest.show->tick();
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
               "Shows test pictures through KMS. As init it reads spicegl.KEY=VALUE from the\n"
               "kernel's command line.\n\nKeys:\n%s\nCommands, one per line:\n%s",
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.hpp"

#include <cstdio>
#include <cstdlib>
#include <getopt.h>

static void print_help()
{
    printf("Usage: spicegl-link [OPTION]… -- CMD…\n"
           "       spicegl-link [OPTION]… --hold\n"
           "\n"
           "Runs CMD in a new network namespace, at the client's end of a link. The server's end is\n"
           "in the namespace in which this is called, at the address in $LINK_SERVER (%s).\n"
           "\n"
           "  --name=NAME        one of the links below (lan)\n"
           "  --rate=MBIT        Mbit/s; 0: no limit. This and the next four are for both ways, or\n"
           "                     DOWN/UP: from the server to the client, and back\n"
           "  --delay=MS         milliseconds one way\n"
           "  --jitter=MS        up to so many milliseconds more; packets stay in order\n"
           "  --queue=KB         kB that may wait; what finds no room is dropped\n"
           "  --loss=PERCENT     of the packets\n"
           "  --steps=RATE:SECONDS,…  rates to go through, from when CMD starts; the last one stays\n"
           "  --congestion=NAME  TCP's congestion control, e.g. reno, on the sides that are new\n"
           "  --seed=N           of jitter and loss (1)\n"
           "  --apart            the server's end is in a new namespace too, which an ordinary user\n"
           "                     needs: $LINK_ON_SERVER CMD… runs a command in there\n"
           "  --report           at the end, print what has been carried to standard error\n"
           "  --hold             --apart, and no CMD: prints a line of JSON that says how to enter\n"
           "                     both ends, and takes the commands below until its input ends\n"
           "  --help\n"
           "\n"
           "Commands of --hold, each answered by a line of JSON:\n"
           "  counters           of each way: what arrived, was dropped or lost, the queue's most\n"
           "                     since the last time, and how late this machine delivered\n"
           "  set KEY=VALUE…     rate, delay, jitter, queue or loss, from now on\n"
           "  steps              go through the steps, from the first on\n"
           "  quit\n"
           "\n"
           "Links (each way):\n",
           Link::SERVER_ADDRESS);
    for (const auto &one : named_profiles()) {
        printf("  %-6s %4g Mbit/s, %4g ms + %g ms jitter, queue %4zu kB, loss %g %%: %s\n",
               one.name.c_str(), one.down.rate / 1e6, one.down.delay / 1e6, one.down.jitter / 1e6,
               one.down.queue / 1000, one.down.loss * 100, one.whose.c_str());
    }
}

[[noreturn]] static void usage_error(const std::string &why)
{
    fprintf(stderr, "spicegl-link: %s; see --help\n", why.c_str());
    exit(2);
}

static void take_option(Options &options, const std::string &key, const std::string &value)
{
    Link::Settings &link = options.link;
    if (key == "name") {
        const Profile *found = find_profile(value);
        if (!found) {
            usage_error("no link of the name " + value);
        }
        link.profile = *found;
    } else if (key == "steps") {
        if (!parse_steps(value, &link.profile.steps)) {
            usage_error("not RATE:SECONDS,…: " + value);
        }
    } else if (key == "congestion") {
        link.congestion = value;
    } else if (key == "seed") {
        link.seed = uint32_t(strtoul(value.c_str(), nullptr, 10));
    } else if (key == "apart") {
        link.apart = true;
    } else if (key == "hold") {
        options.hold = link.apart = true;
    } else if (key == "report") {
        options.report = true;
    } else if (!set_condition(key, value, &link.profile.down, &link.profile.up)) {
        usage_error("bad value for --" + key + ": " + value);
    }
}

Options parse_options(int argc, char **argv)
{
    static const option known[] = {
        {"name", required_argument, nullptr, 0},   {"rate", required_argument, nullptr, 0},
        {"delay", required_argument, nullptr, 0},  {"jitter", required_argument, nullptr, 0},
        {"queue", required_argument, nullptr, 0},  {"loss", required_argument, nullptr, 0},
        {"steps", required_argument, nullptr, 0},  {"congestion", required_argument, nullptr, 0},
        {"seed", required_argument, nullptr, 0},   {"apart", no_argument, nullptr, 0},
        {"report", no_argument, nullptr, 0},       {"hold", no_argument, nullptr, 0},
        {"help", no_argument, nullptr, 'h'},       {nullptr, 0, nullptr, 0}};
    Options options;
    options.link.profile = *find_profile("lan");
    int found, index = 0;
    while ((found = getopt_long(argc, argv, "+h", known, &index)) != -1) {
        if (found == 'h') {
            print_help();
            exit(0);
        } else if (found != 0) {
            exit(2); /* getopt has said why */
        }
        take_option(options, known[index].name, optarg ? optarg : "");
    }
    if (options.hold != (optind == argc)) {
        usage_error(options.hold ? "--hold takes no command" : "no command");
    }
    options.command.assign(argv + optind, argv + argc);
    options.command.push_back(nullptr);
    return options;
}

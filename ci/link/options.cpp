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
           "Runs CMD in a new network namespace, at the client's end of a simulated link. The\n"
           "server's end is in the caller's namespace, at the address in $LINK_SERVER (%s).\n"
           "\n"
           "  --name=NAME        one of the links below (default: lan)\n"
           "  --rate=MBIT        Mbit/s; 0: no limit. This and the next four apply to both\n"
           "                     directions, or are DOWN/UP: server to client, and back\n"
           "  --delay=MS         milliseconds in one direction\n"
           "  --jitter=MS        up to MS additional milliseconds; packets stay in order\n"
           "  --queue=KB         kB that may be queued; packets that do not fit are dropped\n"
           "  --loss=PERCENT     percentage of packets that are lost\n"
           "  --steps=RATE:SECONDS,…  sequence of rates, starting with CMD; the last one stays\n"
           "  --congestion=NAME  TCP's congestion control, e.g. reno, in the new namespaces\n"
           "  --seed=N           seed of jitter and loss (default: 1)\n"
           "  --apart            put the server's end into a new namespace, too; ordinary users\n"
           "                     need that. $LINK_ON_SERVER CMD… runs a command in it\n"
           "  --report           at the end, print the counters to standard error\n"
           "  --hold             --apart without CMD: prints a line of JSON on how to enter\n"
           "                     both ends, and reads the commands below until its input ends\n"
           "  --help\n"
           "\n"
           "Commands of --hold, each answered by a line of JSON:\n"
           "  counters           for each direction: what arrived, was dropped or lost, the\n"
           "                     longest queue since the last time, and this machine's delays\n"
           "  set KEY=VALUE…     change rate, delay, jitter, queue or loss from now on\n"
           "  steps              start the sequence of --steps again\n"
           "  quit\n"
           "\n"
           "Links (each direction):\n",
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
            usage_error("unknown link " + value);
        }
        link.profile = *found;
    } else if (key == "steps") {
        if (!parse_steps(value, &link.profile.steps)) {
            usage_error("--steps is not RATE:SECONDS,…: " + value);
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
        usage_error("invalid value for --" + key + ": " + value);
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
            exit(2); /* getopt has printed the reason */
        }
        take_option(options, known[index].name, optarg ? optarg : "");
    }
    if (options.hold != (optind == argc)) {
        usage_error(options.hold ? "--hold accepts no command" : "no command given");
    }
    options.command.assign(argv + optind, argv + argc);
    options.command.push_back(nullptr);
    return options;
}

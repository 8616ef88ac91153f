/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link between two network namespaces, as slow and as long as a real one: see --help. */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "link.hpp"
#include "options.hpp"
#include "promptly.hpp"
#include "report.hpp"

class Program
{
public:
    Program(Options given, bool needs_user):
        options(std::move(given)), needs_user(needs_user), link(options.link)
    {
        sigset_t set;
        sigemptyset(&set);
        for (int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) {
            sigaddset(&set, signal);
        }
        sigprocmask(SIG_BLOCK, &set, &old_signals);
        signals = checked_fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
    }

    int run()
    {
        if (options.hold) {
            say(report_ends(link, needs_user));
        } else {
            start_command();
        }
        run_promptly();
        while (!over) {
            wait(link.carry(down_ready, up_ready));
        }
        if (options.report) {
            fprintf(stderr, "%s\n", report_counters(link).c_str());
        }
        return status;
    }

private:
    static void say(const std::string &line)
    {
        puts(line.c_str());
        fflush(stdout);
    }

    void start_command()
    {
        child = fork();
        if (child < 0) {
            throw_errno("fork");
        }
        if (child == 0) {
            run_command();
        }
        link.begin_steps();
    }

    [[noreturn]] void run_command()
    {
        const Inside inside(link.client());
        const std::string on_server = enter_words(link.server(), false, " ");
        sigprocmask(SIG_SETMASK, &old_signals, nullptr);
        setenv("LINK_SERVER", Link::SERVER_ADDRESS, 1);
        setenv("LINK_ON_SERVER", on_server_of_parent(on_server).c_str(), 1);
        execvp(options.command[0], options.command.data());
        fprintf(stderr, "spicegl-link: %s: %s\n", options.command[0], strerror(errno));
        _exit(127);
    }

    /* The namespaces are descriptors of the parent's */
    static std::string on_server_of_parent(std::string words)
    {
        const std::string own = "/proc/" + std::to_string(getpid()) + "/";
        const auto at = words.find(own);
        return words.replace(at, own.size(), "/proc/" + std::to_string(getppid()) + "/");
    }

    void wait(int64_t until)
    {
        pollfd fds[] = {{link.down_fd(), POLLIN, 0}, {link.up_fd(), POLLIN, 0},
                        {signals.get(), POLLIN, 0}, {options.hold ? STDIN_FILENO : -1, POLLIN, 0}};
        const int64_t left = until == INT64_MAX ? 0 : std::max<int64_t>(until - now_ns(), 0);
        const timespec limit = {time_t(left / 1000000000), long(left % 1000000000)};
        if (ppoll(fds, 4, until == INT64_MAX ? nullptr : &limit, nullptr) < 0 && errno != EINTR) {
            throw_errno("poll");
        }
        down_ready = fds[0].revents;
        up_ready = fds[1].revents;
        if (fds[2].revents) {
            take_signals();
        }
        if (fds[3].revents) {
            read_commands();
        }
    }

    void take_signals()
    {
        signalfd_siginfo info;
        while (read(signals.get(), &info, sizeof(info)) == ssize_t(sizeof(info))) {
            if (info.ssi_signo != SIGCHLD) {
                if (child > 0) {
                    kill(child, int(info.ssi_signo)); /* and if it ends, we end */
                } else {
                    over = true;
                }
            }
        }
        int result;
        if (child > 0 && waitpid(child, &result, WNOHANG) == child) {
            status = WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
            over = true;
        }
    }

    void read_commands()
    {
        char chunk[512];
        const ssize_t got = read(STDIN_FILENO, chunk, sizeof(chunk));
        if (got <= 0) {
            over = true;
            return;
        }
        input.append(chunk, size_t(got));
        for (size_t end; (end = input.find('\n')) != std::string::npos; input.erase(0, end + 1)) {
            say(execute(input.substr(0, end)));
        }
    }

    std::string execute(const std::string &line)
    {
        std::istringstream words(line);
        std::string command;
        words >> command;
        if (command == "counters") {
            return report_counters(link);
        } else if (command == "set") {
            return change(words);
        } else if (command == "steps") {
            link.begin_steps();
        } else if (command == "quit") {
            over = true;
        } else {
            return "{\"error\":\"unknown command\"}";
        }
        return "{}";
    }

    std::string change(std::istringstream &words)
    {
        Conditions down = link.down_conditions(), up = link.up_conditions();
        std::string word;
        while (words >> word) {
            const auto equals = word.find('=');
            if (equals == std::string::npos ||
                !set_condition(word.substr(0, equals), word.substr(equals + 1), &down, &up)) {
                return "{\"error\":\"not a valid KEY=VALUE, see --help\"}";
            }
        }
        link.change(down, up);
        return "{}";
    }

    Options options;
    bool needs_user;
    Link link;
    Fd signals;
    sigset_t old_signals;
    pid_t child = -1;
    std::string input;
    bool down_ready = false, up_ready = false, over = false;
    int status = 0;
};

int main(int argc, char **argv)
{
    Options options = parse_options(argc, argv);
    try {
        const Place place = become_able_to_make_netspaces();
        if (place != Place::Home && !options.link.apart) {
            fputs("spicegl-link: you do not own the caller's network namespace: use --apart, or "
                  "run it inside \"unshare -Urn\"\n", stderr);
            return 1;
        }
        return Program(options, place == Place::NewUser).run();
    } catch (const std::system_error &error) {
        fprintf(stderr, "spicegl-link: %s\n", error.what());
        return 1;
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <glib.h>
#include <memory>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>

#include "failure.hpp"
#include "waiting.hpp"

namespace {

/* It ends at the latest when this process is killed; in a group with all that it starts itself */
void set_up_child(gpointer)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0);
}

/* Memory and not a pipe, which would have to be read while the process runs */
Fd memory()
{
    Fd fd(memfd_create("output", MFD_CLOEXEC));
    if (!fd) {
        throw Failure("memfd_create failed");
    }
    return fd;
}

std::string contents(const Fd &fd)
{
    std::string text;
    char some[4096];
    ssize_t size;
    while ((size = pread(fd.get(), some, sizeof(some), off_t(text.size()))) > 0) {
        text.append(some, size_t(size));
    }
    return text;
}

using Strings = std::unique_ptr<gchar *, decltype(&g_strfreev)>;

Strings environment_of(const Process::Start &start)
{
    gchar **all = g_get_environ();
    for (const auto &variable : start.environment) {
        all = g_environ_setenv(all, variable.first.c_str(), variable.second.c_str(), TRUE);
    }
    return Strings(all, g_strfreev);
}

} // namespace

Process::Process(const Start &start): out_file(memory()), err_file(memory())
{
    std::vector<const gchar *> words;
    for (const auto &word : start.words) {
        words.push_back(word.c_str());
    }
    words.push_back(nullptr);
    const Strings environment = environment_of(start);
    const int to = PASSED_AS;
    GError *error = nullptr;
    g_spawn_async_with_pipes_and_fds(
        nullptr, words.data(), environment.get(),
        GSpawnFlags(G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD), set_up_child, nullptr, -1,
        out_file.get(), err_file.get(), &start.passed, &to, start.passed >= 0 ? 1 : 0, &pid, nullptr, nullptr,
        nullptr, &error);
    if (error) {
        const std::string why = error->message;
        g_error_free(error);
        pid = 0;
        throw Failure(why);
    }
}

Process::~Process()
{
    if (pid) {
        kill(-pid, SIGTERM);
    }
    for (int tenths = 0; tenths < 50 && !reap(); tenths++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (pid) {
        kill(-pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
}

/* Whether it has ended. If so, all that is left of its group is ended, too. */
bool Process::reap()
{
    int how;
    if (pid && waitpid(pid, &how, WNOHANG) == pid) {
        kill(-pid, SIGTERM);
        pid = 0;
        exit_status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
    }
    return !pid;
}

bool Process::ends_until(double deadline)
{
    while (!reap() && now() < deadline) {
        sleep_until(std::min(deadline, now() + 0.02));
    }
    return !pid;
}

std::string Process::out() const
{
    return contents(out_file);
}

std::string Process::err() const
{
    return contents(err_file);
}

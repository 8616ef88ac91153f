/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial.hpp"

#include <cstdlib>
#include <functional>
#include <sys/socket.h>
#include <unistd.h>

#include "../failure.hpp"
#include "../fd.hpp"
#include "../process.hpp"
#include "../qmp.hpp"
#include "../waiting.hpp"

namespace {

/* For QEMU's socket. Not below $TMPDIR, since that path may be too long for a socket's. */
class Folder
{
public:
    Folder()
    {
        if (!mkdtemp(name)) {
            throw Failure("cannot create a directory in /tmp");
        }
    }
    ~Folder()
    {
        unlink(socket().c_str());
        rmdir(name);
    }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    std::string socket() const { return std::string(name) + "/spice"; }

private:
    char name[32] = "/tmp/spicegl-doctor.XXXXXX";
};

/* In a value, QEMU reads two commas as one */
std::string option_value(const std::string &text)
{
    std::string value;
    for (const char c : text) {
        value += c == ',' ? ",," : std::string(1, c);
    }
    return value;
}

std::vector<std::string> bare_words()
{
    return {"-S", "-nodefaults", "-no-user-config", "-display", "none"};
}

Trial run(const Asked &asked, std::vector<std::string> words, const std::function<void(Qmp &, Trial *)> &ask)
{
    Trial trial;
    const double deadline = now() + asked.seconds;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        throw Failure("cannot create a socket");
    }
    Fd ours(ends[0]), theirs(ends[1]);
    words.insert(words.begin(), asked.qemu);
    words.insert(words.end(), {"-chardev", "socket,id=doctor,fd=" + std::to_string(Process::PASSED_AS),
                               "-mon", "chardev=doctor,mode=control"});
    /* spice-server names the encoders that it lacks in messages for debugging */
    Process process({words, {{"G_MESSAGES_DEBUG", "Spice"}}, theirs.get()});
    /* Then the end of the process is the end of the connection */
    theirs = Fd();
    try {
        Qmp qmp(std::move(ours), asked.seconds);
        trial.version = qmp.execute("query-version", deadline - now());
        ask(qmp, &trial);
        trial.answered = true;
    } catch (const Failure &failure) {
        if (!process.ends_until(now() + 1)) {
            trial.failure = failure.what();
        }
    }
    trial.said = process.err();
    return trial;
}

} // namespace

Trial try_bare(const Asked &asked)
{
    auto words = bare_words();
    words.insert(words.end(), {"-machine", "none"});
    return run(asked, words, [&](Qmp &qmp, Trial *trial) {
        trial->schema = qmp.execute("query-qmp-schema", asked.seconds);
    });
}

Trial try_rendering(const Asked &asked, const std::vector<std::string> &more)
{
    const Folder folder;
    auto words = bare_words();
    std::string spice = "gl=on,unix=on,disable-ticketing=on,addr=" + option_value(folder.socket());
    if (!asked.rendernode.empty()) {
        spice += ",rendernode=" + option_value(asked.rendernode);
    }
    /* KVM where it works: the order is the preference */
    words.insert(words.end(), {"-machine", "q35", "-m", "64", "-accel", "kvm", "-accel", "tcg", "-vga", "none",
                               "-device", "virtio-gpu-gl-pci", "-spice", spice,
                               "-trace", "egl_platform_device"});
    words.insert(words.end(), more.begin(), more.end());
    return run(asked, words, [&](Qmp &qmp, Trial *trial) {
        trial->spice = qmp.execute("query-spice", asked.seconds);
        trial->kvm = qmp.execute("query-kvm", asked.seconds);
    });
}

std::vector<std::string> sandbox()
{
    return {"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spicegl-doctor: what will happen on this machine, before a VM is started */
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "../failure.hpp"
#include "../options.hpp"
#include "full.hpp"
#include "host.hpp"
#include "trial.hpp"
#include "verdict.hpp"

static const char SUMMARY[] =
    "Reports what QEMU will do on this machine: what it renders on and why, what each kind of client gets,\n"
    "and who has access to the devices. To find out, it starts QEMU for a moment, without a guest. Run it as\n"
    "the user that runs QEMU. Each fact is one line: ok, warning or problem, with the remedy below.\n"
    "The exit status is 0 if there is no problem, 1 if there is one, and 2 for a bad command line.";

struct Options {
    Asked asked;
    std::string root, folder;
    std::vector<std::string> ports, sockets;
    bool json = false, full = false;
};

static bool is_port(const std::string &text)
{
    return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos &&
           atoi(text.c_str()) >= 1 && atoi(text.c_str()) <= 65535;
}

static Options options_of(int argc, char **argv)
{
    gchar *qemu = nullptr, *node = nullptr, *root = nullptr, **ports = nullptr, **sockets = nullptr;
    gboolean json = FALSE, full = FALSE;
    Options options;
    const auto rest = parse({"", SUMMARY, {
        {"qemu", 0, 0, G_OPTION_ARG_FILENAME, &qemu, "QEMU to examine (default: next to this program, or in $PATH)",
         "PROGRAM"},
        {"rendernode", 0, 0, G_OPTION_ARG_FILENAME, &node, "DRM node, as for -spice rendernode=", "NODE"},
        {"port", 0, 0, G_OPTION_ARG_STRING_ARRAY, &ports,
         "Check that QEMU can listen on this TCP port; repeatable", "N"},
        {"socket", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &sockets,
         "Check that QEMU can listen on this Unix socket; repeatable", "PATH"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print an array of objects: what, state, finding, remedy", nullptr},
        {"full", 0, 0, G_OPTION_ARG_NONE, &full, "Also run spicegl-try and spicegl-micro (takes minutes)", nullptr},
        {"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &options.asked.seconds,
         "Seconds that QEMU may take to start (default: 30)", "S"},
        {"root", 0, 0, G_OPTION_ARG_FILENAME, &root, "Examine the dev, sys and etc below this directory", "DIR"},
    }}, argc, argv);
    options.asked.qemu = taken(qemu);
    options.asked.rendernode = taken(node);
    options.root = taken(root);
    options.ports = taken(ports);
    options.sockets = taken(sockets);
    options.json = json;
    options.full = full;
    if (!rest.empty()) {
        usage_error("unexpected argument: " + rest[0]);
    }
    for (const auto &number : options.ports) {
        if (!is_port(number)) {
            usage_error("--port must be a number from 1 to 65535: " + number);
        }
    }
    if (!(options.asked.seconds > 0 && options.asked.seconds <= 3600)) {
        usage_error("--timeout must be above 0 and at most 3600 seconds");
    }
    return options;
}

/* As the packages install it, beside the distribution's; or as in the archive and in a build */
static std::string qemu_near(const std::string &folder)
{
    const std::string packaged = "qemu-system-x86_64-spicegl", plain = "qemu-system-x86_64";
    if (!folder.empty() && access((folder + "/" + plain).c_str(), X_OK) == 0 &&
        access((folder + "/" + packaged).c_str(), X_OK) != 0) {
        return folder + "/" + plain;
    }
    const std::string found = program_near(folder, packaged);
    return found != packaged ? found : program_near(folder, plain);
}

/* The trials of QEMU, until one fails */
static Findings ask_qemu(const Asked &asked, Trial *rendering)
{
    Findings findings;
    try {
        findings.push_back(program_verdict(asked.qemu, try_bare(asked)));
        if (any_problem(findings)) {
            return findings;
        }
        *rendering = try_rendering(asked);
        append(&findings, rendering_verdict(*rendering));
        if (rendering->answered) {
            findings.push_back(sandbox_verdict(try_rendering(asked, sandbox()), *rendering));
        }
    } catch (const Failure &failure) {
        findings.push_back({State::problem, "QEMU", failure.what(),
                            "select this project's QEMU with --qemu, or install it"});
    }
    return findings;
}

static int examine(const Options &options)
{
    Trial rendering;
    Findings findings = ask_qemu(options.asked, &rendering);
    append(&findings, render_nodes(options.root));
    findings.push_back(kvm(options.root, rendering.kvm["enabled"].yes()));
    findings.push_back(udmabuf(options.root, is_software(rendering)));
    findings.push_back(apparmor(options.root));
    findings.push_back(gstreamer_registry());
    for (const auto &number : options.ports) {
        findings.push_back(port(number));
    }
    for (const auto &path : options.sockets) {
        findings.push_back(unix_socket(path));
    }
    if (options.full) {
        append(&findings, full_report(options.folder, options.asked.rendernode));
    }
    fputs((options.json ? as_json(findings) : as_text(findings)).c_str(), stdout);
    return any_problem(findings) ? 1 : 0;
}

int main(int argc, char **argv)
{
    /* In the archive the loader is what runs; it has passed our name on */
    const std::string self = argv[0];
    g_set_prgname("spicegl-doctor");
    Options options = options_of(argc, argv);
    options.folder = self.substr(0, self.find('/') == std::string::npos ? 0 : self.rfind('/'));
    if (options.asked.qemu.empty()) {
        options.asked.qemu = qemu_near(options.folder);
    }
    return guarded([&]() { return examine(options); });
}

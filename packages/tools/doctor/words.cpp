/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.hpp"

#include <sstream>

namespace {

struct Known {
    const char *words, *remedy;
};

/* docs/troubleshooting.md says more of each */
const Known KNOWN[] = {
    {"rendering in software",
     "install the GPU's driver (Mesa's or NVIDIA's EGL), and give QEMU's user access to its nodes (group render); "
     "in a container, pass the GPU's devices through"},
    {"no platform works on",
     "name another node, or omit rendernode to try every GPU; the reasons are in the parentheses"},
    {"no platform works", "install EGL and a driver: Mesa's libEGL and DRI drivers, or NVIDIA's"},
    {"render node init failed", "a QEMU without this project's queue reports a missing GPU like this: "
                                "select this project's QEMU with --qemu"},
    {"has no spice_qxl_gl_init()", "QEMU finds another spice-server than this project's: check ldd on QEMU, "
                                   "LD_LIBRARY_PATH and ldconfig"},
    {"was built without EGL", "build spice-server with -Degl=enabled"},
    {"without spice_qxl_gl_init()", "rebuild QEMU with PKG_CONFIG_PATH pointing to this project's spice-server"},
    {"GStreamer cannot generate code", "allow QEMU to use executable memory (SELinux: execmem)"},
    {"needs EGL_MESA_image_dma_buf_export", "install this project's spice-server, which reads frames back"},
    {"virtio-gpu-gl-pci' is not a valid device", "install QEMU's module for virtio-gpu-gl, or a QEMU that was "
                                                 "built with virglrenderer"},
    {"There is no option group 'spice'", "install QEMU's module for SPICE, or a QEMU that was built with it"},
    {"seccomp", "build QEMU with seccomp, or disable the sandbox in libvirt (seccomp_sandbox in qemu.conf)"},
};

/* Messages that have a finding of their own, or that are about this program's own options */
const char *const COVERED[] = {"rendering in software", "GStreamer cannot generate code", "trace event"};

const std::string WARNING = "warning: ", INFO = "info: ", TRACE = "egl_platform_device ";

bool begins(const std::string &line, const std::string &with)
{
    return line.compare(0, with.size(), with) == 0;
}

} // namespace

std::vector<std::string> lines_of(const std::string &said)
{
    std::vector<std::string> lines;
    std::istringstream stream(said);
    for (std::string line; std::getline(stream, line);) {
        const size_t colon = line.find(": ");
        /* Its name has no space */
        if (colon != std::string::npos && line.find(' ') > colon) {
            line.erase(0, colon + 2);
        }
        /* The warning says enough; the option in front of it is cut off */
        const size_t warning = line.find(": " + WARNING);
        if (begins(line, "-") && warning != std::string::npos) {
            line.erase(0, warning + 2);
        }
        if (!line.empty()) {
            lines.push_back(line);
        }
    }
    return lines;
}

std::string reason_in(const std::string &said)
{
    std::string reason;
    for (const auto &line : lines_of(said)) {
        if (!begins(line, WARNING) && !begins(line, INFO) && !begins(line, TRACE) &&
            !begins(line, "-accel kvm: ") && !begins(line, "falling back to") &&
            !begins(line, "terminating on signal")) {
            reason += (reason.empty() ? "" : "; ") + line;
        }
    }
    return reason;
}

std::string line_with(const std::string &said, const std::string &words)
{
    for (const auto &line : lines_of(said)) {
        const size_t at = line.find(words);
        if (at != std::string::npos) {
            return line.substr(at);
        }
    }
    return {};
}

std::string remedy_for(const std::string &reason)
{
    for (const auto &known : KNOWN) {
        if (reason.find(known.words) != std::string::npos) {
            return known.remedy;
        }
    }
    return "see docs/troubleshooting.md, which explains more of QEMU's messages";
}

Findings other_warnings(const std::string &said)
{
    Findings findings;
    for (const auto &line : lines_of(said)) {
        bool covered = !begins(line, WARNING);
        for (const char *const words : COVERED) {
            covered = covered || line.find(words) != std::string::npos;
        }
        if (!covered) {
            const std::string text = line.substr(WARNING.size());
            findings.push_back({State::warning, "QEMU's warning", text, remedy_for(text)});
        }
    }
    return findings;
}

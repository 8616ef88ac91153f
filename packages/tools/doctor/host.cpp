/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

namespace fs = std::filesystem;

namespace {

std::string group_name(gid_t gid)
{
    const group *entry = getgrgid(gid);
    return entry ? entry->gr_name : std::to_string(gid);
}

std::string user_name(uid_t uid)
{
    const passwd *entry = getpwuid(uid);
    return entry ? entry->pw_name : std::to_string(uid);
}

/* "root:render, mode 0660" */
std::string owners(const struct stat &info)
{
    char mode[16];
    snprintf(mode, sizeof(mode), "%04o", info.st_mode & 07777);
    return user_name(info.st_uid) + ":" + group_name(info.st_gid) + ", mode " + mode;
}

std::string be_let_in(const struct stat &info, const std::string &file)
{
    if (info.st_gid == 0 || !(info.st_mode & 0060)) {
        return "give QEMU's user read and write access to " + file + " (a udev rule with GROUP and MODE=\"0660\")";
    }
    return "add QEMU's user to the group " + group_name(info.st_gid) + " (usermod -aG), then log in again";
}

bool may_use(const std::string &file)
{
    return euidaccess(file.c_str(), R_OK | W_OK) == 0;
}

std::string driver_of(const std::string &root, const std::string &node)
{
    std::error_code error;
    const fs::path link = fs::read_symlink(root + "/sys/class/drm/" + node + "/device/driver", error);
    return error ? "driver unknown" : "driver " + link.filename().string();
}

Finding render_node(const std::string &root, const std::string &node)
{
    const std::string shown = "/dev/dri/" + node, file = root + shown;
    struct stat info = {};
    if (stat(file.c_str(), &info) != 0) {
        return {State::warning, "render node " + shown, strerror(errno),
                "remove the node, or load the GPU's kernel driver"};
    }
    const std::string facts = driver_of(root, node) + "; " + owners(info);
    if (!may_use(file)) {
        return {State::warning, "render node " + shown, facts + ": this user has no access", be_let_in(info, shown)};
    }
    return {State::ok, "render node " + shown, facts, ""};
}

std::string contents(const std::string &file)
{
    std::ifstream stream(file);
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

} // namespace

Findings render_nodes(const std::string &root)
{
    std::vector<std::string> nodes;
    std::error_code error;
    for (fs::directory_iterator entry(root + "/dev/dri", error), end; !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename();
        if (name.compare(0, 7, "renderD") == 0) {
            nodes.push_back(name);
        }
    }
    std::sort(nodes.begin(), nodes.end());
    Findings findings;
    for (const auto &node : nodes) {
        findings.push_back(render_node(root, node));
    }
    if (findings.empty()) {
        findings.push_back({State::ok, "render nodes", "none in /dev/dri", ""});
    }
    return findings;
}

Finding kvm(const std::string &root, bool by_qemu)
{
    const std::string file = root + "/dev/kvm";
    struct stat info = {};
    if (stat(file.c_str(), &info) != 0) {
        return {State::warning, "/dev/kvm", "not present: guests will be slow",
                "enable virtualisation in the firmware (in a virtual machine: nested virtualisation on its host), and "
                "load kvm_intel or kvm_amd"};
    }
    if (!may_use(file)) {
        return {State::warning, "/dev/kvm", owners(info) + ": this user has no access, guests will be slow",
                be_let_in(info, "/dev/kvm")};
    }
    if (!by_qemu) {
        return {State::warning, "/dev/kvm", owners(info) + ": QEMU does not use it",
                "run qemu-system-x86_64 -accel kvm to see the reason"};
    }
    return {State::ok, "/dev/kvm", owners(info), ""};
}

Finding udmabuf(const std::string &root, bool needed)
{
    const std::string file = root + "/dev/udmabuf";
    const State absent = needed ? State::warning : State::ok;
    struct stat info = {};
    if (stat(file.c_str(), &info) != 0) {
        return {absent, "/dev/udmabuf", needed ? "not present, and software rendering cannot export dma-bufs without it"
                                               : "not present; only blob=on and software rendering use it",
                needed ? "modprobe udmabuf" : ""};
    }
    if (!may_use(file)) {
        return {absent, "/dev/udmabuf", owners(info) + ": this user has no access",
                needed ? be_let_in(info, "/dev/udmabuf") : ""};
    }
    return {State::ok, "/dev/udmabuf", owners(info), ""};
}

Finding apparmor(const std::string &root)
{
    const std::string abstraction = "/etc/apparmor.d/abstractions/libvirt-qemu";
    if (contents(root + "/sys/module/apparmor/parameters/enabled").compare(0, 1, "Y") != 0) {
        return {State::ok, "AppArmor", "not enabled", ""};
    }
    std::string confined = contents(root + "/proc/self/attr/current");
    confined.erase(std::find(confined.begin(), confined.end(), '\n'), confined.end());
    const std::string facts = "enabled" + (confined.empty() ? "" : ", this process: " + confined);
    if (access((root + abstraction).c_str(), R_OK) != 0) {
        return {State::warning, "AppArmor", facts + "; missing: " + abstraction,
                "if a profile confines QEMU, let it allow the GPU's nodes and the files of EGL and GStreamer"};
    }
    const std::string ours = abstraction + ".d/spice-gl";
    if (access((root + ours).c_str(), R_OK) != 0) {
        return {State::warning, "AppArmor", facts + "; missing: " + ours,
                "for QEMU under libvirt, install the package spice-gl-qemu or its file (packages/deb/debian/apparmor)"};
    }
    return {State::ok, "AppArmor", facts + "; libvirt's QEMUs use " + ours, ""};
}

Finding gstreamer_registry()
{
    const bool path = g_getenv("GST_PLUGIN_PATH_1_0") || g_getenv("GST_PLUGIN_PATH");
    if (g_getenv("GST_REGISTRY_DISABLE")) {
        return {State::warning, "GStreamer's registry", "GST_REGISTRY_DISABLE is set: GStreamer may load all of its "
                "plugins in QEMU", "unset it for QEMU"};
    }
    return {State::ok, "GStreamer's registry",
            std::string("not used: QEMU loads only the plugins that it needs, by name") +
                (path ? ", and those of GST_PLUGIN_PATH" : ""), ""};
}

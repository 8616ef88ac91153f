/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.hpp"

#include <algorithm>

#include "../displays.hpp"
#include "words.hpp"

namespace {

std::string why_not(const Trial &trial)
{
    const std::string reason = reason_in(trial.said);
    if (!trial.failure.empty()) {
        return trial.failure + (reason.empty() ? "" : ": " + reason);
    }
    return reason.empty() ? "it exits without giving a reason" : reason;
}

std::string version_of(const Trial &trial)
{
    const Value qemu = trial.version["qemu"];
    return std::to_string(qemu["major"].number()) + "." + std::to_string(qemu["minor"].number()) + "." +
           std::to_string(qemu["micro"].number());
}

/* Whether the answer of any command in the schema has such a member */
bool schema_has(const Value &schema, const std::string &member)
{
    for (const auto &type : schema.items()) {
        for (const auto &one : type["members"].items()) {
            if (one["name"].text() == member) {
                return true;
            }
        }
    }
    return false;
}

Findings devices(const std::string &said)
{
    Findings findings;
    const std::string trace = "egl_platform_device node ";
    for (const auto &line : lines_of(said)) {
        if (line.compare(0, trace.size(), trace) == 0) {
            std::string node = line.substr(trace.size(), line.find(',') - trace.size());
            node = node == "none" ? "no DRM node" : node;
            const bool software = line.find("_device_software") != std::string::npos;
            findings.push_back({State::ok, "EGL device " + std::to_string(findings.size()),
                                software ? "software, " + node : node, ""});
        }
    }
    return findings;
}

Finding renderer(const Trial &trial, const Display &display)
{
    const std::string on = display.renderer + ", EGL platform " + display.platform +
                           (display.node.empty() ? "" : " on " + display.node);
    const std::string warning = line_with(trial.said, "rendering in software");
    if (warning.empty()) {
        return {State::ok, "rendering", on, ""};
    }
    const std::string tried = warning.substr(std::min(warning.size(), warning.find("; tried")));
    return {State::warning, "rendering", "in software: " + on + tried, remedy_for(warning)};
}

bool exports(const Trial &trial)
{
    return !line_with(trial.said, "dma-buf export yes").empty();
}

Finding dmabufs(const Trial &trial)
{
    if (exports(trial)) {
        return {State::ok, "dma-buf export", "yes", ""};
    }
    return {State::warning, "dma-buf export", "no: clients on a Unix socket are served like remote ones",
            is_software(trial) ? "give QEMU's user access to /dev/udmabuf (modprobe udmabuf), or render on a GPU"
                               : "install a driver with EGL_MESA_image_dma_buf_export, if there is one for this GPU"};
}

Finding hardware_encoders(const Trial &trial)
{
    const std::string found = line_with(trial.said, "hardware encoders of ");
    const std::string none = line_with(trial.said, "no hardware encoders: ");
    if (!none.empty()) {
        return {State::warning, "hardware encoders", "none: " + none.substr(none.find(": ") + 2),
                "optional, since the CPU encodes as well; for a GPU with VA-API, install its VA driver and GStreamer's "
                "plugin va, and check with: gst-inspect-1.0 va"};
    }
    if (found.empty()) {
        return {State::warning, "hardware encoders", "spice-server does not report them",
                "install spice-server and QEMU from the same queue"};
    }
    return {State::ok, "hardware encoders", found.substr(found.find("of ")), ""};
}

bool lacks(const Trial &trial, const char *element)
{
    return !line_with(trial.said, std::string("GStreamer has no ") + element + " here").empty();
}

/* The codecs for which spice-server lacks no element. JPEG needs none. */
std::vector<std::string> software_codecs(const Trial &trial)
{
    std::vector<std::string> codecs;
    for (const char *const element : {"capsfilter", "appsrc", "appsink", "videoconvert", "videoscale"}) {
        if (lacks(trial, element)) {
            return {};
        }
    }
    if (!line_with(trial.said, "GStreamer cannot generate code").empty()) {
        return {};
    }
    if (!lacks(trial, "x264enc") || !lacks(trial, "openh264enc")) {
        codecs.push_back("H.264");
    }
    if (!lacks(trial, "vp8enc")) {
        codecs.push_back("VP8");
    }
    if (!lacks(trial, "vp9enc")) {
        codecs.push_back("VP9");
    }
    return codecs;
}

std::string joined(const std::vector<std::string> &words, const char *between)
{
    std::string text;
    for (const auto &word : words) {
        text += (text.empty() ? "" : between) + word;
    }
    return text;
}

Finding software_encoders(const Trial &trial, const std::vector<std::string> &codecs)
{
    const std::string orc = line_with(trial.said, "GStreamer cannot generate code");
    if (!orc.empty()) {
        return {State::warning, "software encoders", orc, remedy_for(orc)};
    }
    if (codecs.empty()) {
        return {State::warning, "software encoders", "only JPEG: GStreamer has no other encoder",
                "install GStreamer's plugins base, good (VP8, VP9) and ugly (H.264)"};
    }
    return {State::ok, "software encoders", joined(codecs, ", ") + ", JPEG", ""};
}

Findings clients(const Trial &trial, const std::vector<std::string> &codecs)
{
    const bool gpu = !line_with(trial.said, "hardware encoders of ").empty();
    std::string remote = gpu ? "video that the GPU encodes, if client and GPU have a codec in common; otherwise " : "";
    remote += "JPEG";
    if (!codecs.empty()) {
        remote += "; on slower links, the first of " + joined(codecs, ", ") + " that the client supports";
    }
    return {
        {State::ok, "a client on a Unix socket gets", exports(trial) ? "dma-bufs, without a copy" : remote, ""},
        {State::ok, "a remote client gets", remote, ""},
    };
}

} // namespace

Finding program_verdict(const std::string &qemu, const Trial &bare)
{
    if (!bare.answered) {
        const std::string why = why_not(bare);
        return {State::problem, "QEMU", qemu + " does not start: " + why, remedy_for(why)};
    }
    const std::string name = version_of(bare) + ", " + qemu;
    if (!schema_has(bare.schema, "egl-platform")) {
        return {State::problem, "QEMU", name + ": without this project's queue, or without SPICE",
                "select this project's QEMU with --qemu, and in libvirt's <emulator>"};
    }
    return {State::ok, "QEMU", name, ""};
}

bool is_software(const Trial &trial)
{
    return !line_with(trial.said, "rendering in software").empty();
}

Findings rendering_verdict(const Trial &trial)
{
    Findings findings = devices(trial.said);
    if (!trial.answered) {
        const std::string why = why_not(trial);
        findings.push_back({State::problem, "rendering", "QEMU does not start with gl=on: " + why, remedy_for(why)});
        return findings;
    }
    const auto displays = displays_of(trial.spice);
    if (displays.empty()) {
        findings.push_back({State::problem, "spice-server",
                            "does not accept EGL images: remote clients cannot be served",
                            remedy_for("has no spice_qxl_gl_init()")});
        return findings;
    }
    const auto codecs = software_codecs(trial);
    findings.push_back(renderer(trial, displays[0]));
    findings.push_back(dmabufs(trial));
    findings.push_back(hardware_encoders(trial));
    findings.push_back(software_encoders(trial, codecs));
    append(&findings, clients(trial, codecs));
    append(&findings, other_warnings(trial.said));
    return findings;
}

Finding sandbox_verdict(const Trial &with, const Trial &without)
{
    if (!with.answered) {
        const std::string why = why_not(with);
        return {State::problem, "QEMU's sandbox", "QEMU does not start with it: " + why, remedy_for(why)};
    }
    const auto inside = displays_of(with.spice), outside = displays_of(without.spice);
    const std::string in = inside.empty() ? "nothing" : inside[0].renderer;
    const std::string out = outside.empty() ? "nothing" : outside[0].renderer;
    if (in != out) {
        return {State::warning, "QEMU's sandbox", "QEMU renders on " + in + " with it, and on " + out + " without",
                "the driver needs something that the sandbox denies: allow spawn or elevateprivileges (-sandbox)"};
    }
    if (software_codecs(with) != software_codecs(without)) {
        return {State::warning, "QEMU's sandbox", "fewer encoders are found with it",
                "unset GST_REGISTRY_DISABLE and GST_PLUGIN_PATH for QEMU"};
    }
    return {State::ok, "QEMU's sandbox", "makes no difference", ""};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spicegl-doctor: what follows from QEMU's answers */
#include <gtest/gtest.h>

#include <algorithm>

#include "../doctor/verdict.hpp"
#include "../doctor/words.hpp"

namespace {

const std::string NAME = "qemu-system-x86_64: ";
const std::string SOFTWARE =
    "egl_platform_device node none, extensions EGL_MESA_device_software EGL_EXT_device_drm_render_node\n" +
    NAME + "warning: egl: rendering in software (llvmpipe, platform surfaceless); tried: gbm: there is no node\n" +
    NAME + "info: Spice: display 0: created a GL context on llvmpipe, dma-buf export no\n" +
    NAME + "info: Spice: display 0: no hardware encoders: the EGLDisplay cannot export dma-bufs\n";
const std::string GPU =
    "egl_platform_device node /dev/dri/renderD128, extensions EGL_EXT_device_drm\n" +
    NAME + "info: Spice: display 0: created a GL context on A GPU, dma-buf export yes\n" +
    NAME + "info: Spice: display 0: found the hardware encoders of /dev/dri/renderD128\n";

Trial trial(const std::string &said, const std::string &renderer)
{
    Trial trial;
    trial.answered = true;
    trial.said = said;
    trial.spice = Value::parse(R"({"displays": [{"id": 0, "egl-platform": "gbm", "egl-renderer": ")" + renderer +
                               R"("}]})");
    return trial;
}

Finding about(const std::string &what, const Findings &findings)
{
    for (const auto &finding : findings) {
        if (finding.what == what) {
            return finding;
        }
    }
    ADD_FAILURE() << "nothing about " << what << " in\n" << as_text(findings);
    return {};
}

void expect(const Finding &finding, State state, const std::string &words)
{
    EXPECT_EQ(finding.state, state) << finding.what << ": " << finding.finding;
    EXPECT_NE(finding.finding.find(words), std::string::npos) << finding.finding;
    EXPECT_EQ(finding.remedy.empty(), state == State::ok) << finding.what << ": " << finding.remedy;
}

Trial ended(const std::string &said)
{
    Trial trial;
    trial.said = said;
    return trial;
}

} // namespace

TEST(Verdict, OfAGpuIsAllWell)
{
    const auto findings = rendering_verdict(trial(GPU, "A GPU"));
    expect(about("EGL device 0", findings), State::ok, "/dev/dri/renderD128");
    expect(about("rendering", findings), State::ok, "A GPU, EGL platform gbm");
    expect(about("dma-buf export", findings), State::ok, "yes");
    expect(about("hardware encoders", findings), State::ok, "of /dev/dri/renderD128");
    expect(about("software encoders", findings), State::ok, "H.264, VP8, VP9, JPEG");
    expect(about("a client on a Unix socket gets", findings), State::ok, "dma-bufs");
    expect(about("a remote client gets", findings), State::ok, "the GPU encodes");
    EXPECT_FALSE(any_problem(findings));
}

TEST(Verdict, OfSoftwareIsAWarningThatSaysWhatWasTried)
{
    const auto findings = rendering_verdict(trial(SOFTWARE, "llvmpipe"));
    expect(about("EGL device 0", findings), State::ok, "software, no DRM node");
    expect(about("rendering", findings), State::warning, "tried: gbm: there is no node");
    expect(about("dma-buf export", findings), State::warning, "no");
    expect(about("hardware encoders", findings), State::warning, "none: the EGLDisplay cannot export");
    expect(about("a client on a Unix socket gets", findings), State::ok, "JPEG");
    EXPECT_FALSE(any_problem(findings));
}

TEST(Verdict, OfCodecsFollowsWhatSpiceServerLacks)
{
    const auto lacking = [](const std::vector<std::string> &elements) {
        std::string said = GPU;
        for (const auto &element : elements) {
            said += NAME + "info: Spice: GStreamer has no " + element + " here\n";
        }
        return about("software encoders", rendering_verdict(trial(said, "A GPU")));
    };
    expect(lacking({"x264enc"}), State::ok, "H.264, VP8");
    EXPECT_EQ(lacking({"x264enc", "openh264enc"}).finding, "VP8, VP9, JPEG");
    EXPECT_EQ(lacking({"vp8enc", "vp9enc"}).finding, "H.264, JPEG");
    expect(lacking({"appsrc"}), State::warning, "only JPEG");
    const auto orc = trial(GPU + NAME + "warning: Spice: GStreamer cannot generate code at run time: "
                           "MJPEG is the only video codec\n", "");
    expect(about("software encoders", rendering_verdict(orc)), State::warning, "cannot generate");
}

TEST(Verdict, OfAnotherWarningIsThatWarningOnce)
{
    const auto findings = rendering_verdict(trial(SOFTWARE + NAME + "-moon full: warning: the moon is full\n", "llvmpipe"));
    expect(about("QEMU's warning", findings), State::warning, "the moon is full");
    EXPECT_EQ(std::count_if(findings.begin(), findings.end(),
                            [](const Finding &finding) { return finding.what == "QEMU's warning"; }), 1);
}

TEST(Verdict, OfAQemuThatDoesNotRenderNamesItsReason)
{
    const auto said = NAME + "-trace egl_platform_device: warning: trace event 'x' does not exist\n" +
                      NAME + "-accel kvm: Could not access KVM kernel module: No such file or directory\n" +
                      NAME + "falling back to tcg\n" +
                      NAME + "egl: no platform works on /dev/dri/renderD9 (tried gbm: open failed)\n";
    const auto finding = about("rendering", rendering_verdict(ended(said)));
    expect(finding, State::problem, "with gl=on: egl: no platform works on /dev/dri/renderD9 (tried gbm");
    EXPECT_NE(finding.remedy.find("name another node"), std::string::npos);
}

TEST(Verdict, OfASpiceServerWithoutTheQueueIsAProblem)
{
    Trial other = trial("", "");
    other.spice = Value::parse(R"({"enabled": true})");
    expect(about("spice-server", rendering_verdict(other)), State::problem, "does not accept EGL images");
    const auto said = NAME + "spice: /lib/libspice-server.so.1 has no spice_qxl_gl_init(), which is needed\n";
    EXPECT_NE(about("rendering", rendering_verdict(ended(said))).remedy.find("ldd"), std::string::npos);
}

TEST(Verdict, OfAProgramIsWhetherItHasTheQueue)
{
    Trial bare;
    bare.answered = true;
    bare.version = Value::parse(R"({"qemu": {"major": 10, "minor": 0, "micro": 13}})");
    bare.schema = Value::parse(R"([{"name": "1", "members": [{"name": "enabled"}]}, {"name": "2"}])");
    expect(program_verdict("/bin/qemu", bare), State::problem, "10.0.13, /bin/qemu: without this project's queue");
    bare.schema = Value::parse(R"([{"name": "1", "members": [{"name": "id"}, {"name": "egl-platform"}]}])");
    expect(program_verdict("/bin/qemu", bare), State::ok, "10.0.13, /bin/qemu");
}

TEST(Verdict, OfAProgramThatHangsOrEndsIsAProblem)
{
    Trial bare;
    bare.failure = "the monitor does not answer";
    expect(program_verdict("qemu", bare), State::problem, "does not start: the monitor does not answer");
    expect(program_verdict("qemu", ended(NAME + "no such machine\n")), State::problem, "no such machine");
    expect(program_verdict("qemu", ended("")), State::problem, "exits without giving a reason");
}

TEST(Verdict, OfTheSandboxIsWhetherItMakesADifference)
{
    const Trial without = trial(GPU, "A GPU");
    expect(sandbox_verdict(without, without), State::ok, "no difference");
    expect(sandbox_verdict(trial(SOFTWARE, "llvmpipe"), without), State::warning, "llvmpipe with it, and on A GPU");
    expect(sandbox_verdict(trial(GPU + NAME + "info: Spice: GStreamer has no vp8enc here\n", "A GPU"), without),
           State::warning, "fewer encoders");
    expect(sandbox_verdict(ended(NAME + "sandbox support is not enabled in this QEMU (no seccomp)\n"), without),
           State::problem, "no seccomp");
}

TEST(Finding, IsALineWithItsRemedyBelow)
{
    EXPECT_EQ(as_text({{State::ok, "a", "fine", ""}, {State::warning, "b", "one\ntwo", "do this"}}),
              "ok       a: fine\n"
              "warning  b: one\n    two\n  remedy: do this\n");
}

TEST(Finding, IsAnObjectInJson)
{
    const Findings findings = {{State::problem, "a \"b\"", "bad \xff\n", "do this"}, {State::ok, "c", "d", ""}};
    const auto objects = Value::parse(as_json(findings)).items();
    ASSERT_EQ(objects.size(), 2u);
    EXPECT_EQ(objects[0]["what"].text(), "a \"b\"");
    EXPECT_EQ(objects[0]["state"].text(), "problem");
    EXPECT_EQ(objects[0]["remedy"].text(), "do this");
    EXPECT_EQ(objects[1]["state"].text(), "ok");
    EXPECT_TRUE(any_problem(findings));
    EXPECT_TRUE(Value::parse(as_json({})).items().empty());
}

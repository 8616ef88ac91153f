/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spicegl-doctor: what it checks by itself, in a folder that represents the host */
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#include "../doctor/host.hpp"
#include "../unix-socket.hpp"

namespace fs = std::filesystem;

namespace {

class Host: public testing::Test
{
protected:
    void SetUp() override
    {
        char name[] = "/tmp/doctor-test.XXXXXX";
        ASSERT_TRUE(mkdtemp(name));
        root = name;
        fs::permissions(root, fs::perms(0755)); /* the user "nobody" reads it */
    }
    void TearDown() override { fs::remove_all(root); }

    void file(const std::string &path, const std::string &text = "", int mode = 0666)
    {
        fs::create_directories(fs::path(root + path).parent_path());
        std::ofstream(root + path) << text;
        fs::permissions(root + path, fs::perms(mode));
    }

    std::string root;
};

/* Root may open everything: while this lives, we are the user "nobody" */
class Nobody
{
public:
    Nobody(): was(geteuid())
    {
        changed = was == 0 && seteuid(65534) == 0;
    }
    ~Nobody()
    {
        if (changed && seteuid(was) != 0) {
            abort();
        }
    }
    Nobody(const Nobody &) = delete;
    Nobody &operator=(const Nobody &) = delete;

private:
    const uid_t was;
    bool changed;
};

} // namespace

#define EXPECT_FINDING(found, expected, words) \
    do { \
        const Finding f = found; \
        EXPECT_EQ(f.state, State::expected) << f.finding; \
        EXPECT_NE(f.finding.find(words), std::string::npos) << f.finding; \
        EXPECT_EQ(f.remedy.empty(), f.state == State::ok) << f.finding; \
    } while (0)

TEST_F(Host, RenderNodesHaveDriverAndOwner)
{
    file("/dev/dri/renderD129");
    file("/dev/dri/renderD128");
    file("/dev/dri/card0");
    fs::create_directories(root + "/sys/class/drm/renderD128/device");
    fs::create_symlink("../../bus/pci/drivers/amdgpu", root + "/sys/class/drm/renderD128/device/driver");
    const auto nodes = render_nodes(root);
    ASSERT_EQ(nodes.size(), 2u);
    EXPECT_EQ(nodes[0].what, "render node /dev/dri/renderD128");
    EXPECT_FINDING(nodes[0], ok, "driver amdgpu; ");
    EXPECT_FINDING(nodes[0], ok, "mode 0666");
    EXPECT_FINDING(nodes[1], ok, "driver unknown");
}

TEST_F(Host, ANodeThatMayNotBeOpenedIsAWarning)
{
    file("/dev/dri/renderD128", "", 0);
    const Nobody nobody;
    EXPECT_FINDING(render_nodes(root)[0], warning, "has no access");
}

TEST_F(Host, ANodeThatIsALinkToNothingIsAWarning)
{
    fs::create_directories(root + "/dev/dri");
    fs::create_symlink("missing", root + "/dev/dri/renderD128");
    EXPECT_FINDING(render_nodes(root)[0], warning, "No such file");
}

TEST_F(Host, WithoutNodesSaysSo)
{
    EXPECT_FINDING(render_nodes(root)[0], ok, "none");
}

TEST_F(Host, KvmIsWantedThereOpenAndUsed)
{
    EXPECT_FINDING(kvm(root, false), warning, "not present");
    file("/dev/kvm");
    EXPECT_FINDING(kvm(root, false), warning, "does not use it");
    EXPECT_FINDING(kvm(root, true), ok, "mode 0666");
    fs::permissions(root + "/dev/kvm", fs::perms(0));
    const Nobody nobody;
    EXPECT_FINDING(kvm(root, false), warning, "has no access");
}

TEST_F(Host, UdmabufMattersToSoftwareAlone)
{
    EXPECT_FINDING(udmabuf(root, false), ok, "not present");
    EXPECT_FINDING(udmabuf(root, true), warning, "not present");
    file("/dev/udmabuf");
    EXPECT_FINDING(udmabuf(root, true), ok, "mode 0666");
    fs::permissions(root + "/dev/udmabuf", fs::perms(0));
    const Nobody nobody;
    EXPECT_FINDING(udmabuf(root, true), warning, "has no access");
}

TEST_F(Host, AppArmorWithoutTheAbstractionIsAWarning)
{
    EXPECT_FINDING(apparmor(root), ok, "not enabled");
    file("/sys/module/apparmor/parameters/enabled", "Y\n");
    EXPECT_FINDING(apparmor(root), warning, "missing: /etc/apparmor.d/abstractions/libvirt-qemu");
    file("/etc/apparmor.d/abstractions/libvirt-qemu");
    EXPECT_FINDING(apparmor(root), warning, "missing: /etc/apparmor.d/abstractions/libvirt-qemu.d/spice-gl");
    file("/etc/apparmor.d/abstractions/libvirt-qemu.d/spice-gl");
    file("/proc/self/attr/current", "unconfined\n");
    EXPECT_FINDING(apparmor(root), ok, "enabled, this process: unconfined; ");
}

TEST(GstreamerRegistry, ThatIsSetAsideIsAWarning)
{
    g_unsetenv("GST_REGISTRY_DISABLE");
    EXPECT_FINDING(gstreamer_registry(), ok, "not used");
    g_setenv("GST_REGISTRY_DISABLE", "1", TRUE);
    EXPECT_FINDING(gstreamer_registry(), warning, "GST_REGISTRY_DISABLE");
    g_unsetenv("GST_REGISTRY_DISABLE");
}

TEST(Port, ThatIsTakenIsAProblem)
{
    Fd fd(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr *>(&address), size), 0);
    ASSERT_EQ(listen(fd.get(), 1), 0);
    getsockname(fd.get(), reinterpret_cast<sockaddr *>(&address), &size);
    const std::string number = std::to_string(ntohs(address.sin_port));
    EXPECT_FINDING(port(number), problem, "another program listens");
    fd = Fd();
    EXPECT_FINDING(port(number), ok, "free");
}

TEST_F(Host, ASocketThatCannotBeMadeIsAProblem)
{
    EXPECT_FINDING(unix_socket(root + "/s"), ok, "available");
    EXPECT_FALSE(fs::exists(root + "/s"));
    EXPECT_FINDING(unix_socket(root + "/missing/s"), problem, "No such file");
    EXPECT_FINDING(unix_socket(root + "/" + std::string(120, 'x')), problem, "107 bytes");
    EXPECT_FINDING(unix_socket(""), problem, "107 bytes");
    file("/file");
    EXPECT_FINDING(unix_socket(root + "/file"), problem, "not a socket");
}

TEST_F(Host, ASocketInUseIsAProblemAndOneLeftBehindIsNot)
{
    sockaddr_un address;
    const std::string path = root + "/used";
    ASSERT_TRUE(unix_address(path, &address));
    {
        Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
        ASSERT_EQ(listen(fd.get(), 5), 0);
        EXPECT_FINDING(unix_socket(path), problem, "another program listens");
    }
    EXPECT_FINDING(unix_socket(path), ok, "left behind");
    EXPECT_TRUE(fs::exists(path));
}

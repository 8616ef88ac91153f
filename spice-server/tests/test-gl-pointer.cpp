/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A tablet's range is the size of the picture that clients see and point into. */
#include <utility>

#include "clients-fixture.hpp"

namespace {

struct Tablet {
    SpiceTabletInstance instance; /* first: callbacks get its address */
    std::pair<int, int> range;
};

void set_logical_size(SpiceTabletInstance *instance, int width, int height)
{
    reinterpret_cast<Tablet *>(instance)->range = { width, height };
}

const SpiceTabletInterface tablet_interface = [] {
    SpiceTabletInterface made = {};
    made.base.type = SPICE_INTERFACE_TABLET;
    made.base.description = "test tablet";
    made.base.major_version = SPICE_INTERFACE_TABLET_MAJOR;
    made.base.minor_version = SPICE_INTERFACE_TABLET_MINOR;
    made.set_logical_size = set_logical_size;
    made.position = [](SpiceTabletInstance *, int, int, uint32_t) {};
    made.wheel = [](SpiceTabletInstance *, int, uint32_t) {};
    made.buttons = [](SpiceTabletInstance *, uint32_t) {};
    return made;
}();

/* The port of an agent in the guest, which stays silent */
const SpiceCharDeviceInterface agent_interface = [] {
    SpiceCharDeviceInterface made = {};
    made.base.type = SPICE_INTERFACE_CHAR_DEVICE;
    made.base.description = "test agent";
    made.base.major_version = SPICE_INTERFACE_CHAR_DEVICE_MAJOR;
    made.base.minor_version = SPICE_INTERFACE_CHAR_DEVICE_MINOR;
    made.state = [](SpiceCharDeviceInstance *, int) {};
    made.write = [](SpiceCharDeviceInstance *, const uint8_t *, int size) { return size; };
    made.read = [](SpiceCharDeviceInstance *, uint8_t *, int) { return 0; };
    return made;
}();

} // namespace

/* Local or remote clients, without an agent in the guest or with one */
class Pointer: public Clients, public testing::WithParamInterface<std::pair<bool, bool>>
{
protected:
    using Size = std::pair<int, int>;

    void SetUp() override
    {
        Clients::SetUp();
        tablet.instance.base.sif = &tablet_interface.base;
        ASSERT_EQ(spice_server_add_interface(server, &tablet.instance.base), 0);
        if (GetParam().second) {
            agent.base.sif = &agent_interface.base;
            agent.subtype = "vdagent";
            ASSERT_EQ(spice_server_add_interface(server, &agent.base), 0);
        }
    }
    void TearDown() override
    {
        if (agent.base.sif) {
            spice_server_remove_interface(&agent.base);
        }
        spice_server_remove_interface(&tablet.instance.base);
        Clients::TearDown();
    }
    /* Shows and draws this part of IMAGE, and waits until CLIENT has been told of it */
    void show_part(LentImage &image, const red::GlRect &part, RawClient &client)
    {
        QXLGLScanout scanout = image.scanout();
        scanout.x = part.x;
        scanout.y = part.y;
        scanout.width = part.w;
        scanout.height = part.h;
        ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, &scanout), 0);
        const unsigned before = client.display->pictures();
        image.fill({ uint8_t(frame * 13 + 13), uint8_t(frame * 7 + 7), 1 });
        draw();
        ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > before; }));
    }

    Tablet tablet = {};
    SpiceCharDeviceInstance agent = {};
};

TEST_P(Pointer, reaches_all_of_the_picture_after_each_change_of_size)
{
    LentImage &small = lend(1, 320, 240), &large = lend(2, 640, 480), &wide = lend(3, 1280, 480);
    flip(small);
    EXPECT_EQ(tablet.range, Size(320, 240)) << "with nobody connected";
    RawClient client(server, GetParam().first);
    ASSERT_TRUE(client.ok());
    client.init();
    ASSERT_TRUE(client.run_until([&] { return client.display->pictures() > 0; }));
    show_part(small, { 0, 0, 320, 240 }, client);
    EXPECT_EQ(tablet.range, Size(320, 240));
    show_part(large, { 0, 0, 640, 480 }, client);
    EXPECT_EQ(tablet.range, Size(640, 480));
    show_part(wide, { 640, 0, 640, 480 }, client);
    EXPECT_EQ(tablet.range, Size(640, 480)) << "of a head that is a part of the framebuffer";
    show_part(wide, { 640, 0, 500, 400 }, client);
    EXPECT_EQ(tablet.range, Size(500, 400)) << "the same, and it alone changes";
    show_part(small, { 0, 0, 320, 240 }, client);
    EXPECT_EQ(tablet.range, Size(320, 240));
    ASSERT_EQ(spice_qxl_gl_scanout_texture(qxl, nullptr), 0);
    show_part(large, { 0, 0, 640, 480 }, client);
    EXPECT_EQ(tablet.range, Size(640, 480)) << "after a dark screen";
}

static std::string pointer_name(const testing::TestParamInfo<std::pair<bool, bool>> &info)
{
    return std::string(info.param.first ? "Local" : "Remote") +
        (info.param.second ? "WithAgent" : "WithoutAgent");
}

INSTANTIATE_TEST_SUITE_P(Ways, Pointer,
                         testing::Values(std::make_pair(false, false), std::make_pair(false, true),
                                         std::make_pair(true, false), std::make_pair(true, true)),
                         pointer_name);

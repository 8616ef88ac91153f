/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* "Software" opens no card. With ci/doubles/udev preloaded, by which there is one of Intel's, and
 * ci/doubles/va among the plugins, whose elements are Intel's by their names. The display is on
 * another card, or on none. */
#include <string>
#include <utility>

#include "clients-fixture.hpp"
#include "gst-double.hpp"

class Software: public Clients,
                public testing::WithParamInterface<std::pair<SpiceVideoCodecType, const char *>>
{
protected:
    void SetUp() override
    {
        VaDouble::announce("vah264enc=/dev/null,vah264lpenc=/dev/null,vavp8enc=/dev/null,"
                           "vapostproc=/dev/null");
        Clients::SetUp();
        ASSERT_EQ(spice_server_set_video_codecs(
                      server, (std::string("gstreamer:") + GetParam().second).c_str()), 0);
    }

    VaDouble card;
};

TEST_P(Software, encodes_without_opening_a_card)
{
    LentImage &image = lend(1, 320, 240);
    flip(image);
    RawClient client(server, false, all_display_caps() | 1u << SPICE_DISPLAY_CAP_CODEC_H264);
    ASSERT_TRUE(client.ok());
    client.init();
    const auto frames = [&] { return client.display->count(SPICE_MSG_DISPLAY_STREAM_DATA); };
    for (int i = 0; i < 1000 && frames() < 20; i++) {
        flip(image);
        client.run_until([] { return false; }, 10);
    }
    for (const auto &line : card.lines("")) {
        ADD_FAILURE() << "the card is used: " << line;
    }
    if (frames() == 0 && GetParam().first == SPICE_VIDEO_CODEC_TYPE_H264) {
        GTEST_SKIP() << "there is no software encoder for H.264";
    }
    EXPECT_GE(frames(), 20u);
    EXPECT_EQ(path(), QXL_GL_PATH_SOFTWARE);
    EXPECT_EQ(clients().at(0).codec, uint32_t(GetParam().first));
}

INSTANTIATE_TEST_SUITE_P(Codecs, Software,
                         testing::Values(std::make_pair(SPICE_VIDEO_CODEC_TYPE_VP8, "vp8"),
                                         std::make_pair(SPICE_VIDEO_CODEC_TYPE_H264, "h264")),
                         [](const auto &info) { return std::string(info.param.second); });

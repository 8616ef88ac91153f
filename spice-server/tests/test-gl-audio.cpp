/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* While a client plays audio, moving parts are in step with it. */
#include <cstring>
#include <vector>

#include <glib.h>

#include "clients-fixture.hpp"

namespace {

/* The server's multimedia time, ms */
uint32_t mm_time()
{
    return uint32_t(g_get_monotonic_time() / 1000);
}

SpicePlaybackInterface playback_interface()
{
    SpicePlaybackInterface interface = {};
    interface.base.type = SPICE_INTERFACE_PLAYBACK;
    interface.base.description = "a sound card";
    interface.base.major_version = SPICE_INTERFACE_PLAYBACK_MAJOR;
    interface.base.minor_version = SPICE_INTERFACE_PLAYBACK_MINOR;
    return interface;
}

} // namespace

class Audio: public Clients
{
protected:
    void SetUp() override
    {
        Clients::SetUp();
        if (HasFatalFailure()) {
            return;
        }
        static const SpicePlaybackInterface interface = playback_interface();
        card.base.sif = &interface.base;
        ASSERT_EQ(spice_server_add_interface(server, &card.base), 0);
    }
    void TearDown() override
    {
        speaker.reset();
        spice_server_remove_interface(&card.base);
        Clients::TearDown();
    }

    /* Also plays the guest's audio */
    std::unique_ptr<RawClient> connect()
    {
        auto client = std::make_unique<RawClient>(server, false);
        EXPECT_TRUE(client->ok());
        speaker = std::make_unique<RawChannel>(server, SPICE_CHANNEL_PLAYBACK, 0, 0,
                                               client->main->session(), false);
        EXPECT_TRUE(speaker->linked());
        client->init();
        return client;
    }

    /* The guest moves until DONE; false after ten seconds without */
    bool moves_until(LentImage &image, RawClient &client, const std::function<bool()> &done)
    {
        /* On a busy machine the link looks slow, and motion stays a stream for longer */
        for (int i = 0; i < 3000 && !done(); i++) {
            flip(image);
            client.run_until([] { return false; }, 16);
            speaker->receive();
        }
        return done();
    }

    SpicePlaybackInstance card = {};
    std::unique_ptr<RawChannel> speaker;
};

/* Images have no time at which they are shown */
TEST_F(Audio, what_moves_is_a_stream_while_it_plays_and_images_after_that)
{
    LentImage &image = lend(1, 320, 240);
    auto client = connect();
    auto &display_channel = *client->display;
    std::vector<int32_t> waits; // ms between a frame's arrival and its time
    bool plays = false;
    display_channel.heard = [&](uint16_t type, const uint8_t *body, size_t size) {
        uint32_t words[2] = {}; // stream, time
        if (plays && type == SPICE_MSG_DISPLAY_STREAM_DATA && size >= sizeof(words)) {
            memcpy(words, body, sizeof(words));
            waits.push_back(int32_t(words[1] - mm_time()));
        }
    };

    const unsigned images_before = display_channel.count(SPICE_MSG_DISPLAY_DRAW_COPY);
    ASSERT_TRUE(moves_until(image, *client, [&] {
        return display_channel.count(SPICE_MSG_DISPLAY_DRAW_COPY) > images_before + 20;
    }));
    EXPECT_TRUE(display_channel.streams().empty()) << "on this link images carry what moves";

    spice_server_playback_start(&card);
    ASSERT_TRUE(moves_until(image, *client, [&] {
        return display_channel.count(SPICE_MSG_DISPLAY_STREAM_DATA) > 10;
    })) << "there is no stream to be in step with audio";
    plays = true;
    ASSERT_TRUE(moves_until(image, *client, [&] { return waits.size() > 20; }));
    for (int32_t wait : waits) {
        /* The client's clock includes audio's own delay then: none is added */
        ASSERT_LE(wait, 0);
    }

    plays = false;
    spice_server_playback_stop(&card);
    const unsigned images = display_channel.count(SPICE_MSG_DISPLAY_DRAW_COPY);
    EXPECT_TRUE(moves_until(image, *client, [&] {
        return display_channel.streams().empty() &&
            display_channel.count(SPICE_MSG_DISPLAY_DRAW_COPY) > images + 20;
    })) << "the stream goes on without a reason";
}

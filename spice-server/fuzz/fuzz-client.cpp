/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A client that has linked properly and then sends anything, while the guest draws. Whatever
 * it does, each draw is answered, each image comes back, and the client can go. */
#include "fuzz-display.hpp"
#include "raw-client.hpp"

struct Session {
    FuzzDisplay &display;
    FuzzedDataProvider &data;
    RawClient client;
};

static Bytes body(FuzzedDataProvider &data, size_t most)
{
    return data.ConsumeBytes<uint8_t>(data.ConsumeIntegralInRange<size_t>(0, most));
}

/* Messages that the display channel knows, with bodies of their shape or of any */
static void send_message(RawChannel &channel, FuzzedDataProvider &data)
{
    static const uint16_t types[] = {
        SPICE_MSGC_ACK_SYNC, SPICE_MSGC_ACK, SPICE_MSGC_PONG, SPICE_MSGC_MIGRATE_FLUSH_MARK,
        SPICE_MSGC_MIGRATE_DATA, SPICE_MSGC_DISCONNECTING, SPICE_MSGC_DISPLAY_INIT,
        SPICE_MSGC_DISPLAY_STREAM_REPORT, SPICE_MSGC_DISPLAY_PREFERRED_COMPRESSION,
        SPICE_MSGC_DISPLAY_GL_DRAW_DONE, SPICE_MSGC_DISPLAY_PREFERRED_VIDEO_CODEC_TYPE,
    };
    const uint16_t type = data.ConsumeIntegralInRange<int>(0, 9) ? data.PickValueInArray(types)
                                                                 : data.ConsumeIntegral<uint16_t>();
    channel.send(type, body(data, 64));
}

static void send_report(RawChannel &channel, FuzzedDataProvider &data)
{
    static const uint32_t values[] = { 0, 1, 2, 63, 64, INT32_MAX, UINT32_MAX };
    uint32_t words[8];
    for (auto &word : words) {
        word = data.ConsumeBool() ? data.PickValueInArray(values) : data.ConsumeIntegral<uint32_t>();
    }
    auto begin = reinterpret_cast<const uint8_t *>(words);
    channel.send(SPICE_MSGC_DISPLAY_STREAM_REPORT, Bytes(begin, begin + sizeof(words)));
}

static void send_codecs(RawChannel &channel, FuzzedDataProvider &data)
{
    Bytes codecs = body(data, 16);
    for (auto &codec : codecs) {
        codec = data.ConsumeBool() ? codec % 8 : codec;
    }
    codecs.insert(codecs.begin(), data.ConsumeIntegralInRange<int>(0, 7) ? codecs.size()
                                                                         : data.ConsumeIntegral<uint8_t>());
    channel.send(SPICE_MSGC_DISPLAY_PREFERRED_VIDEO_CODEC_TYPE, codecs);
}

static void step(Session &s)
{
    RawChannel &channel = *s.client.display;
    FuzzedDataProvider &data = s.data;

    switch (data.ConsumeIntegralInRange<int>(0, 15)) {
    case 0: s.client.init(); break;
    case 1: send_message(channel, data); break;
    case 2: send_report(channel, data); break;
    case 3: send_codecs(channel, data); break;
    case 4: channel.send(SPICE_MSGC_DISPLAY_PREFERRED_COMPRESSION,
                         { data.ConsumeIntegral<uint8_t>() }); break;
    case 5: channel.send(SPICE_MSGC_DISPLAY_GL_DRAW_DONE); break;
    case 6: {
        const Bytes bytes = body(data, 40);
        channel.send_raw(bytes.data(), bytes.size());
        break;
    }
    case 7: channel.answers_draws = data.ConsumeBool(); break;
    case 8: s.display.release(data); break;
    case 9: channel.close(); break;
    case 10: case 11: s.display.scanout(data, true); break;
    case 12: case 13: s.display.draw(data); break;
    default: {
        const unsigned before = channel.pictures();
        s.client.run_until([&] { return channel.pictures() > before; },
                           data.ConsumeIntegralInRange<unsigned>(0, 12));
        break;
    }
    }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static std::unique_ptr<FuzzDisplay> display;
    static unsigned inputs;
    FuzzedDataProvider data(bytes, size);

    if (inputs++ % 64 == 0) {
        display.reset();
        display = std::make_unique<FuzzDisplay>(true);
    }
    {
        const bool local = data.ConsumeBool();
        const uint32_t caps = data.ConsumeBool() ? all_display_caps()
                                                 : data.ConsumeIntegral<uint32_t>();
        Session session { *display, data, { display->server, local, caps } };
        require(session.client.ok(), "a client can link after any other");
        if (data.ConsumeBool()) {
            display->scanout(data, true);
        }
        if (data.ConsumeIntegralInRange<int>(0, 3)) {
            session.client.init();
        }
        while (data.remaining_bytes() > 0) {
            step(session);
        }
        require(display->wait_for_answers(), "each draw is answered while the client is there");
    }
    require(run_main_loop(40000, [&] { return display->clients() == 0; }), "the client can go");
    display->settle();
    return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Messages written by hand have the bytes that spice's generated marshallers write. One of spice's
 * own tests: the marshallers are inside its library. */
#include <config.h>

#include <cstring>

#include <glib.h>

#include <common/generated_server_marshallers.h>
#include <common/marshaller.h>
#include <common/messages.h>

#include "gl-draw.hpp"
#include "gl-message.hpp"

using namespace red;

namespace {

constexpr GlRect AREA{ 0x102, 0x304, 0x506, 0x708 };
const std::vector<uint8_t> DATA = { 0xff, 0xd8, 0, 1, 2, 3, 0xff };

/* What a marshaller has written */
class Marshalled
{
public:
    Marshalled(): m(spice_marshaller_new()) { spice_marshaller_set_base(m, 0); }
    ~Marshalled() { spice_marshaller_destroy(m); }
    Marshalled(const Marshalled &) = delete;
    Marshalled &operator=(const Marshalled &) = delete;

    operator SpiceMarshaller *() { return m; }
    void add(const std::vector<uint8_t> &data) { spice_marshaller_add(m, data.data(), data.size()); }
    std::vector<uint8_t> bytes()
    {
        size_t size;
        int free_it;
        spice_marshaller_flush(m);
        auto linear = spice_marshaller_linearize(m, 0, &size, &free_it);
        std::vector<uint8_t> all(linear, linear + size);
        if (free_it) {
            free(linear);
        }
        return all;
    }

private:
    SpiceMarshaller *const m;
};

/* BODY: what the marshallers have written */
void check(const GlMessage &message, uint16_t type, const std::vector<uint8_t> &body)
{
    g_assert_cmpuint(message.type, ==, type);
    g_assert_cmpmem(message.body.data(), message.body.size(), body.data(), body.size());
}

SpiceRect spice_rect(const GlRect &rect)
{
    SpiceRect made;
    made.left = rect.x;
    made.top = rect.y;
    made.right = rect.x + rect.w;
    made.bottom = rect.y + rect.h;
    return made;
}

void test_screen()
{
    {
        Marshalled m;
        SpiceMsgSurfaceCreate create{};
        create.width = 0x10203;
        create.height = 0x40506;
        create.format = SPICE_SURFACE_FMT_32_xRGB;
        create.flags = SPICE_SURFACE_FLAGS_PRIMARY;
        spice_marshall_msg_display_surface_create(m, &create);
        check(gl_surface_create(0x10203, 0x40506), SPICE_MSG_DISPLAY_SURFACE_CREATE, m.bytes());
    }
    Marshalled m;
    const SpiceMsgSurfaceDestroy destroy{};
    spice_marshall_msg_display_surface_destroy(m, &destroy);
    check(gl_surface_destroy(), SPICE_MSG_DISPLAY_SURFACE_DESTROY, m.bytes());
    check(gl_mark(), SPICE_MSG_DISPLAY_MARK, {});
}

void test_streams()
{
    SpiceClipRects none{};
    for (bool shown : { false, true }) {
        SpiceClip clip{};
        clip.type = shown ? SPICE_CLIP_TYPE_NONE : SPICE_CLIP_TYPE_RECTS;
        clip.rects = &none;
        for (bool top_down : { false, true }) {
            Marshalled m;
            SpiceMsgDisplayStreamCreate create{};
            create.id = 0xabcdef01;
            create.flags = top_down ? SPICE_STREAM_FLAGS_TOP_DOWN : 0;
            create.codec_type = SPICE_VIDEO_CODEC_TYPE_VP8;
            create.src_width = create.stream_width = AREA.w;
            create.src_height = create.stream_height = AREA.h;
            create.dest = spice_rect(AREA);
            create.clip = clip;
            spice_marshall_msg_display_stream_create(m, &create);
            check(gl_stream_create(0xabcdef01, SPICE_VIDEO_CODEC_TYPE_VP8, AREA, top_down, shown),
                  SPICE_MSG_DISPLAY_STREAM_CREATE, m.bytes());
        }
        Marshalled m;
        SpiceMsgDisplayStreamClip message{};
        message.id = 0xabcdef01;
        message.clip = clip;
        spice_marshall_msg_display_stream_clip(m, &message);
        check(gl_stream_clip(0xabcdef01, shown), SPICE_MSG_DISPLAY_STREAM_CLIP, m.bytes());
    }
    {
        Marshalled m;
        SpiceMsgDisplayStreamData data{};
        data.base.id = 0xabcdef01;
        data.base.multi_media_time = 0x12345678;
        data.data_size = DATA.size();
        spice_marshall_msg_display_stream_data(m, &data);
        m.add(DATA);
        check(gl_stream_data(0xabcdef01, 0x12345678, DATA), SPICE_MSG_DISPLAY_STREAM_DATA,
              m.bytes());
    }
    {
        Marshalled m;
        SpiceMsgDisplayStreamActivateReport activate{};
        activate.stream_id = 1;
        activate.unique_id = 0x02030405;
        activate.max_window_size = 6;
        activate.timeout_ms = 0x0708;
        spice_marshall_msg_display_stream_activate_report(m, &activate);
        check(gl_stream_activate_report(1, 0x02030405, 6, 0x0708),
              SPICE_MSG_DISPLAY_STREAM_ACTIVATE_REPORT, m.bytes());
    }
    Marshalled m;
    SpiceMsgDisplayStreamDestroy destroy{};
    destroy.id = 0xabcdef01;
    spice_marshall_msg_display_stream_destroy(m, &destroy);
    check(gl_stream_destroy(0xabcdef01), SPICE_MSG_DISPLAY_STREAM_DESTROY, m.bytes());
}

void test_ping()
{
    Marshalled m;
    SpiceMsgPing ping{};
    ping.id = 0x01020304;
    ping.timestamp = 0x05060708090a0b0c;
    spice_marshall_msg_ping(m, &ping);
    check(gl_ping(ping.id, ping.timestamp), SPICE_MSG_PING, m.bytes());
}

/* The image's number differs each time: takes MESSAGE's */
uint64_t image_id(const GlMessage &message)
{
    constexpr size_t IMAGE = 57; // where it begins
    uint64_t id = 0;
    g_assert_cmpuint(message.body.size(), >=, IMAGE + 8);
    for (size_t i = 0; i < 8; i++) {
        id |= uint64_t{message.body[IMAGE + i]} << 8 * i;
    }
    return id;
}

void check_image(const GlMessage &message, SpiceImage &image)
{
    Marshalled m;
    SpiceMarshaller *to_image, *mask, *palette, *lzplt_palette;
    SpiceMsgDisplayDrawCopy copy{};
    copy.base.box = spice_rect(AREA);
    copy.data.src_area = spice_rect({ 0, 0, AREA.w, AREA.h });
    copy.data.rop_descriptor = SPICE_ROPD_OP_PUT;
    copy.data.scale_mode = SPICE_IMAGE_SCALE_MODE_NEAREST;
    spice_marshall_msg_display_draw_copy(m, &copy, &to_image, &mask);
    image.descriptor.id = image_id(message);
    image.descriptor.width = AREA.w;
    image.descriptor.height = AREA.h;
    spice_marshall_Image(to_image, &image, &palette, &lzplt_palette);
    spice_marshaller_add(to_image, DATA.data(), DATA.size());
    check(message, SPICE_MSG_DISPLAY_DRAW_COPY, m.bytes());
}

void test_images()
{
    for (auto type : { SPICE_IMAGE_TYPE_QUIC, SPICE_IMAGE_TYPE_LZ_RGB, SPICE_IMAGE_TYPE_LZ4,
                       SPICE_IMAGE_TYPE_JPEG }) {
        SpiceImage image{};
        image.descriptor.type = type;
        image.u.jpeg.data_size = DATA.size(); // it is at the same place in all of these
        check_image(gl_image_message(AREA, type, DATA), image);
    }
    SpiceImage image{};
    image.descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
    image.u.bitmap.format = SPICE_BITMAP_FMT_32BIT;
    image.u.bitmap.flags = SPICE_BITMAP_FLAGS_TOP_DOWN;
    image.u.bitmap.x = AREA.w;
    image.u.bitmap.y = AREA.h;
    image.u.bitmap.stride = AREA.w * 4;
    check_image(gl_pixels_body(AREA).data(DATA.data(), DATA.size())
                    .message(SPICE_MSG_DISPLAY_DRAW_COPY), image);
}

void test_image_ids()
{
    const uint64_t first = image_id(gl_image_message(AREA, SPICE_IMAGE_TYPE_JPEG, DATA));
    const uint64_t second = image_id(gl_image_message(AREA, SPICE_IMAGE_TYPE_JPEG, DATA));
    g_assert_cmpuint(first, !=, second);
}

} // namespace

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, nullptr);
    g_test_add_func("/server/gl-message/screen", test_screen);
    g_test_add_func("/server/gl-message/streams", test_streams);
    g_test_add_func("/server/gl-message/ping", test_ping);
    g_test_add_func("/server/gl-message/images", test_images);
    g_test_add_func("/server/gl-message/image-ids", test_image_ids);
    return g_test_run();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Lossless images of frames, decoded by what clients decode them with. One of spice's own tests:
 * the encoders are inside its library. */
#include <config.h>

#include <cstring>
#include <set>
#include <thread>

#include <glib.h>
#ifdef USE_LZ4
#include <lz4.h>
#endif

#include <common/lz.h>
#include <common/quic.h>

#include "gl-draw.hpp"
#include "gl-lossless.hpp"

using namespace red;

namespace {

enum class Kind { text, photo, noise };

uint32_t hash(uint32_t x, uint32_t y)
{
    uint32_t n = x * 73856093u ^ y * 19349663u;
    n = (n ^ n >> 13) * 0x5bd1e995u;
    return n ^ n >> 15;
}

GlFramePtr picture(Kind kind, uint32_t width, uint32_t height)
{
    auto frame = GlFrame::create(width, height);
    for (uint32_t y = 0; y < height; y++) {
        auto pixel = frame->writable_line(y);
        for (uint32_t x = 0; x < width; x++, pixel += GlFrame::BYTES) {
            const uint32_t n = hash(x, y), glyph = hash(x / 8, y / 16);
            const bool ink = glyph & 1 && x % 8 < 6 && glyph >> (x % 8 + y % 16) & 1;
            for (int c = 0; c < 3; c++) {
                pixel[c] = kind == Kind::text ? (ink ? 30 : 250) :
                    kind == Kind::photo ? (x * (c + 1) / 4 + y / 2) % 180 + (n >> 8 * c & 3) :
                    n >> 8 * c;
            }
            pixel[3] = 0xff;
        }
    }
    return frame;
}

/* ---- what a client does with the message ---- */

class Reader
{
public:
    Reader(const std::vector<uint8_t> &bytes_, size_t at_ = 0): bytes(bytes_), at(at_) {}
    uint64_t number(size_t size)
    {
        uint64_t value = 0;
        g_assert_cmpuint(at + size, <=, bytes.size());
        for (size_t i = 0; i < size; i++) {
            value |= uint64_t{bytes[at + i]} << 8 * i;
        }
        at += size;
        return value;
    }
    GlRect rect()
    {
        const uint32_t top = number(4), left = number(4), bottom = number(4), right = number(4);
        return { left, top, right - left, bottom - top };
    }
    std::vector<uint8_t> rest() const { return { bytes.begin() + at, bytes.end() }; }

private:
    const std::vector<uint8_t> &bytes;
    size_t at;
};

struct Drawn {
    GlRect area;
    uint64_t id;
    uint8_t type;
    std::vector<uint8_t> pixels; /* B, G, R, x */
};

SPICE_GNUC_NORETURN SPICE_GNUC_PRINTF(2, 3) void quic_error(QuicUsrContext *, const char *, ...)
{
    g_error("QUIC");
}

SPICE_GNUC_NORETURN SPICE_GNUC_PRINTF(2, 3) void lz_error(LzUsrContext *, const char *, ...)
{
    g_error("LZ");
}

template<class Usr> SPICE_GNUC_PRINTF(2, 3) void say_nothing(Usr *, const char *, ...) {}

/* Callbacks of the decoders, apart from errors: all the data is there from the beginning */
template<class Usr> Usr usual()
{
    Usr usr{};
    usr.warn = usr.info = say_nothing<Usr>;
    usr.malloc = [](Usr *, int size) { return g_malloc(size); };
    usr.free = [](Usr *, void *memory) { g_free(memory); };
    usr.more_lines = [](Usr *, uint8_t **) { return 0; };
    return usr;
}

void decode_quic(std::vector<uint8_t> data, Drawn *drawn)
{
    auto usr = usual<QuicUsrContext>();
    usr.error = quic_error;
    usr.more_space = [](QuicUsrContext *, uint32_t **, int) { return 0; };
    auto quic = quic_create(&usr);
    QuicImageType type;
    int width, height;
    g_assert_cmpint(quic_decode_begin(quic, reinterpret_cast<uint32_t *>(data.data()),
                                      data.size() / 4, &type, &width, &height), ==, QUIC_OK);
    g_assert_cmpint(type, ==, QUIC_IMAGE_TYPE_RGB32);
    g_assert_cmpuint(width, ==, drawn->area.w);
    g_assert_cmpuint(height, ==, drawn->area.h);
    g_assert_cmpint(quic_decode(quic, QUIC_IMAGE_TYPE_RGB32, drawn->pixels.data(), width * 4), ==,
                    QUIC_OK);
    quic_destroy(quic);
}

void decode_lz(std::vector<uint8_t> data, Drawn *drawn)
{
    auto usr = usual<LzUsrContext>();
    usr.error = lz_error;
    usr.more_space = [](LzUsrContext *, uint8_t **) { return 0; };
    auto lz = lz_create(&usr);
    LzImageType type;
    int width, height, pixels, top_down;
    lz_decode_begin(lz, data.data(), data.size(), &type, &width, &height, &pixels, &top_down,
                    nullptr);
    g_assert_cmpint(type, ==, LZ_IMAGE_TYPE_RGB32);
    g_assert_cmpuint(width, ==, drawn->area.w);
    g_assert_cmpuint(height, ==, drawn->area.h);
    g_assert_true(top_down);
    lz_decode(lz, LZ_IMAGE_TYPE_RGB32, drawn->pixels.data());
    lz_destroy(lz);
}

#ifdef USE_LZ4
void decode_lz4(const std::vector<uint8_t> &data, Drawn *drawn)
{
    auto stream = LZ4_createStreamDecode();
    size_t at = 2, out = 0;
    g_assert_cmpuint(data[0], ==, 1); /* top down */
    g_assert_cmpuint(data[1], ==, SPICE_BITMAP_FMT_32BIT);
    while (at + 4 < data.size()) {
        uint32_t size = 0;
        for (int i = 0; i < 4; i++) {
            size = size << 8 | data[at++];
        }
        const int got = LZ4_decompress_safe_continue(
            stream, reinterpret_cast<const char *>(data.data() + at),
            reinterpret_cast<char *>(drawn->pixels.data() + out), size,
            drawn->pixels.size() - out);
        g_assert_cmpint(got, >, 0);
        out += got;
        at += size;
    }
    g_assert_cmpuint(out, ==, drawn->pixels.size());
    LZ4_freeStreamDecode(stream);
}
#endif

Drawn draw(const GlMessage &message)
{
    Drawn drawn;
    Reader base(message.body);
    g_assert_cmpuint(message.type, ==, SPICE_MSG_DISPLAY_DRAW_COPY);
    g_assert_cmpuint(base.number(4), ==, 0); /* surface */
    drawn.area = base.rect();
    g_assert_cmpuint(base.number(1), ==, SPICE_CLIP_TYPE_NONE);
    Reader image(message.body, base.number(4));
    const GlRect source = base.rect(), whole = { 0, 0, drawn.area.w, drawn.area.h };
    g_assert_true(source == whole);
    g_assert_cmpuint(base.number(2), ==, SPICE_ROPD_OP_PUT);
    base.number(1); /* scale mode */
    base.number(1); /* of the mask: flags, position */
    base.number(8);
    g_assert_cmpuint(base.number(4), ==, 0); /* which is not there */

    drawn.id = image.number(8);
    drawn.type = image.number(1);
    g_assert_cmpuint(image.number(1), ==, 0); /* flags */
    g_assert_cmpuint(image.number(4), ==, drawn.area.w);
    g_assert_cmpuint(image.number(4), ==, drawn.area.h);
    drawn.pixels.resize(size_t{drawn.area.w} * drawn.area.h * 4);
    if (drawn.type == SPICE_IMAGE_TYPE_BITMAP) {
        g_assert_cmpuint(image.number(1), ==, SPICE_BITMAP_FMT_32BIT);
        g_assert_cmpuint(image.number(1), ==, SPICE_BITMAP_FLAGS_TOP_DOWN);
        g_assert_cmpuint(image.number(4), ==, drawn.area.w);
        g_assert_cmpuint(image.number(4), ==, drawn.area.h);
        g_assert_cmpuint(image.number(4), ==, drawn.area.w * 4);
        g_assert_cmpuint(image.number(4), ==, 0); /* palette */
        drawn.pixels = image.rest();
        return drawn;
    }
    const uint32_t size = image.number(4);
    g_assert_cmpuint(size, ==, image.rest().size());
    switch (drawn.type) {
    case SPICE_IMAGE_TYPE_QUIC:
        decode_quic(image.rest(), &drawn);
        break;
    case SPICE_IMAGE_TYPE_LZ_RGB:
        decode_lz(image.rest(), &drawn);
        break;
#ifdef USE_LZ4
    case SPICE_IMAGE_TYPE_LZ4:
        decode_lz4(image.rest(), &drawn);
        break;
#endif
    default:
        g_assert_not_reached();
    }
    return drawn;
}

void expect_same(const Drawn &drawn, const GlFrame &frame)
{
    g_assert_cmpuint(drawn.pixels.size(), ==, size_t{drawn.area.w} * drawn.area.h * 4);
    for (uint32_t y = 0; y < drawn.area.h; y++) {
        for (uint32_t x = 0; x < drawn.area.w; x++) {
            const auto a = drawn.pixels.data() + (size_t{y} * drawn.area.w + x) * 4;
            g_assert_true(memcmp(a, frame.pixel(drawn.area.x + x, drawn.area.y + y), 3) == 0);
        }
    }
}

const SpiceImageCompression ALL[] = {
    SPICE_IMAGE_COMPRESSION_OFF, SPICE_IMAGE_COMPRESSION_AUTO_GLZ,
    SPICE_IMAGE_COMPRESSION_AUTO_LZ, SPICE_IMAGE_COMPRESSION_QUIC, SPICE_IMAGE_COMPRESSION_GLZ,
    SPICE_IMAGE_COMPRESSION_LZ, SPICE_IMAGE_COMPRESSION_LZ4,
};

size_t bytes_of(const std::vector<GlMessage> &messages)
{
    size_t bytes = 0;
    for (const auto &message : messages) {
        bytes += message.body.size();
    }
    return bytes;
}

/* ---- tests ---- */

void test_pixels()
{
    GlLossless lossless;
    for (auto kind : { Kind::text, Kind::photo, Kind::noise }) {
        const auto frame = picture(kind, 203, 97);
        for (auto compression : ALL) {
            for (const GlRect &area : { frame->all(), GlRect{ 7, 11, 100, 50 },
                                        GlRect{ 202, 96, 1, 1 }, GlRect{ 0, 5, 203, 1 },
                                        GlRect{ 5, 0, 1, 97 },
                                        GlRect{ 9, 9, 2, 2 }, GlRect{ 0, 0, 3, 3 },
                                        GlRect{ 30, 30, 5, 4 } }) {
                const auto drawn = draw(lossless.image(*frame, area, { compression, true }));
                g_assert_true(drawn.area == area);
                expect_same(drawn, *frame);
            }
        }
    }
}

uint8_t type_of(Kind kind, const GlLossless::Choice &choice,
                const GlRect &area = { 0, 0, 256, 128 })
{
    GlLossless lossless;
    return draw(lossless.image(*picture(kind, 256, 128), area, choice)).type;
}

void test_choice()
{
#ifdef USE_LZ4
    const auto lz4 = SPICE_IMAGE_TYPE_LZ4;
#else
    const auto lz4 = SPICE_IMAGE_TYPE_LZ_RGB;
#endif
    const auto automatic = SPICE_IMAGE_COMPRESSION_AUTO_GLZ;
    g_assert_cmpuint(type_of(Kind::text, { automatic }), ==, SPICE_IMAGE_TYPE_LZ_RGB);
    g_assert_cmpuint(type_of(Kind::photo, { automatic }), ==, SPICE_IMAGE_TYPE_QUIC);
    g_assert_cmpuint(type_of(Kind::text, { automatic, true }), ==, SPICE_IMAGE_TYPE_LZ_RGB);

    /* as the administrator has configured it */
    g_assert_cmpuint(type_of(Kind::photo, { SPICE_IMAGE_COMPRESSION_LZ, true }), ==,
                     SPICE_IMAGE_TYPE_LZ_RGB);
    g_assert_cmpuint(type_of(Kind::text, { SPICE_IMAGE_COMPRESSION_QUIC, true }), ==,
                     SPICE_IMAGE_TYPE_QUIC);
    g_assert_cmpuint(type_of(Kind::text, { SPICE_IMAGE_COMPRESSION_GLZ, true }), ==,
                     SPICE_IMAGE_TYPE_LZ_RGB);
    g_assert_cmpuint(type_of(Kind::text, { SPICE_IMAGE_COMPRESSION_LZ4, false }), ==,
                     SPICE_IMAGE_TYPE_LZ_RGB);
    g_assert_cmpuint(type_of(Kind::text, { SPICE_IMAGE_COMPRESSION_LZ4, true }), ==, lz4);
    g_assert_cmpuint(type_of(Kind::text, { SPICE_IMAGE_COMPRESSION_OFF, true }), ==,
                     SPICE_IMAGE_TYPE_BITMAP);

    /* pictures that the encoders cannot encode, or only make larger */
    g_assert_cmpuint(type_of(Kind::photo, { SPICE_IMAGE_COMPRESSION_QUIC }, { 0, 0, 64, 2 }), ==,
                     SPICE_IMAGE_TYPE_BITMAP);
    g_assert_cmpuint(type_of(Kind::text, { automatic }, { 0, 0, 3, 4 }), ==,
                     SPICE_IMAGE_TYPE_BITMAP);
}

void test_bands()
{
    const auto frame = picture(Kind::text, 1000, 700);
    GlLossless lossless;
    std::vector<GlMessage> messages;
    const std::vector<GlRect> areas = { { 0, 0, 1000, 500 }, {}, { 10, 600, 20, 90 } };

    g_assert_true(lossless.all_images(*frame, areas, {}, 100000000, &messages));
    std::set<uint64_t> ids;
    std::vector<GlRect> drawn;
    for (const auto &message : messages) {
        const auto image = draw(message);
        g_assert_cmpuint(size_t{image.area.w} * image.area.h, <=, GlLossless::BAND);
        expect_same(image, *frame);
        g_assert_true(ids.insert(image.id).second);
        drawn.push_back(image.area);
    }
    /* one below the other, then the small one */
    g_assert_cmpuint(drawn.size(), >=, 4 + 1);
    uint32_t y = 0;
    for (size_t i = 0; i + 1 < drawn.size(); i++) {
        g_assert_cmpuint(drawn[i].y, ==, y);
        g_assert_cmpuint(drawn[i].w, ==, 1000);
        y += drawn[i].h;
    }
    g_assert_cmpuint(y, ==, 500);
    g_assert_true(drawn.back() == areas.back());
}

void test_budget()
{
    const auto frame = picture(Kind::noise, 640, 480);
    const std::vector<GlRect> areas = { { 0, 0, 100, 100 }, { 100, 0, 100, 100 },
                                        { 0, 100, 640, 380 } };
    GlLossless lossless;
    std::vector<GlMessage> all, messages(1);

    g_assert_true(lossless.all_images(*frame, areas, {}, SIZE_MAX, &all));
    const size_t bytes = bytes_of(all);
    g_assert_cmpuint(all.size(), >, 3);

    /* a budget that is exactly enough, and one of a byte less */
    g_assert_true(lossless.all_images(*frame, areas, {}, bytes, &messages));
    g_assert_cmpuint(messages.size(), ==, 1 + all.size());
    messages.resize(1);
    g_assert_false(lossless.all_images(*frame, areas, {}, bytes - 1, &messages));
    g_assert_cmpuint(messages.size(), ==, 1);

    g_assert_cmpuint(lossless.images(*frame, areas, {}, bytes - 1, &messages), ==, 2);
    g_assert_cmpuint(messages.size(), ==, 3);
    g_assert_cmpuint(lossless.images(*frame, areas, {}, all[0].body.size(), &messages), ==, 1);
    g_assert_cmpuint(lossless.images(*frame, areas, {}, 0, &messages), ==, 0);
    g_assert_cmpuint(lossless.images(*frame, {}, {}, 0, &messages), ==, 0);
    g_assert_cmpuint(messages.size(), ==, 4);

    /* ends soon: the time does not grow with what is left to do */
    const auto large = picture(Kind::noise, 1920, 1080);
    gint64 begin = g_get_monotonic_time();
    g_assert_false(lossless.all_images(*large, { large->all() }, {}, 1000000, &messages));
    const gint64 given_up = g_get_monotonic_time() - begin;
    begin = g_get_monotonic_time();
    g_assert_true(lossless.all_images(*large, { large->all() }, {}, SIZE_MAX, &messages));
    g_assert_cmpint(given_up * 2, <, g_get_monotonic_time() - begin);
}

void test_threads()
{
    const auto frame = picture(Kind::photo, 240, 160);
    GlLossless alone;
    std::vector<std::vector<uint8_t>> expected;
    for (auto compression : ALL) {
        expected.push_back(draw(alone.image(*frame, frame->all(), { compression, true })).pixels);
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&] {
            GlLossless own;
            for (int i = 0; i < 5; i++) {
                for (size_t c = 0; c < G_N_ELEMENTS(ALL); c++) {
                    const auto drawn = draw(own.image(*frame, frame->all(), { ALL[c], true }));
                    g_assert_true(drawn.pixels == expected[c]);
                }
            }
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
}

void test_jpeg_message()
{
    const std::vector<uint8_t> data = { 0xff, 0xd8, 1, 2, 3 };
    const auto message = gl_image_message({ 3, 4, 50, 60 }, SPICE_IMAGE_TYPE_JPEG, data);
    Reader base(message.body);
    base.number(4);
    const GlRect area = base.rect(), expected = { 3, 4, 50, 60 };
    g_assert_true(area == expected);
    base.number(1);
    Reader image(message.body, base.number(4));
    image.number(8);
    g_assert_cmpuint(image.number(1), ==, SPICE_IMAGE_TYPE_JPEG);
    image.number(1);
    g_assert_cmpuint(image.number(4), ==, 50);
    g_assert_cmpuint(image.number(4), ==, 60);
    g_assert_cmpuint(image.number(4), ==, data.size());
    g_assert_true(image.rest() == data);
}

} // namespace

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, nullptr);
    g_test_add_func("/server/gl-lossless/pixels", test_pixels);
    g_test_add_func("/server/gl-lossless/choice", test_choice);
    g_test_add_func("/server/gl-lossless/bands", test_bands);
    g_test_add_func("/server/gl-lossless/budget", test_budget);
    g_test_add_func("/server/gl-lossless/threads", test_threads);
    g_test_add_func("/server/gl-lossless/jpeg-message", test_jpeg_message);
    return g_test_run();
}

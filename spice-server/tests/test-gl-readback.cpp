/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gl-readback.hpp"

#include "gl-fixture.hpp"

using namespace red;

namespace {

constexpr uint64_t SECOND_NS = 1000000000;

/* The picture's pixels in RECT as read, or what was wrong */
testing::AssertionResult shows_picture(GlReadback &readback, const GlSource &source,
                                       const GlRect &rect, int tolerance = 0)
{
    std::string why;
    const size_t stride = rect.w * 4 + 12;
    std::vector<uint8_t> pixels(stride * rect.h, 0xee);

    if (!readback.begin(source, rect, &why)) {
        return testing::AssertionFailure() << "begin: " << why;
    }
    if (!readback.finish(pixels.data(), stride, &why)) {
        return testing::AssertionFailure() << "finish: " << why;
    }
    for (uint32_t y = 0; y < rect.h; y++) {
        const uint8_t *line = pixels.data() + y * stride;
        for (uint32_t x = 0; x < rect.w; x++) {
            const Color c = picture_color(rect.x + x, rect.y + y);
            const uint8_t *p = line + x * 4;
            if (abs(p[0] - c.b) > tolerance || abs(p[1] - c.g) > tolerance ||
                abs(p[2] - c.r) > tolerance || p[3] != 0xff) {
                return testing::AssertionFailure() << "pixel " << x << "," << y << " of " <<
                    rect.w << "x" << rect.h << "+" << rect.x << "+" << rect.y << " is BGRx " <<
                    int(p[0]) << "," << int(p[1]) << "," << int(p[2]) << "," << int(p[3]) <<
                    ", not " << int(c.b) << "," << int(c.g) << "," << int(c.r) << ",255";
            }
        }
        for (size_t i = rect.w * 4; i < stride; i++) {
            if (line[i] != 0xee) {
                return testing::AssertionFailure() << "wrote past the end of line " << y;
            }
        }
    }
    return testing::AssertionSuccess();
}

std::vector<GlRect> rectangles(uint32_t w, uint32_t h)
{
    std::vector<GlRect> all = { { 0, 0, w, h }, { 0, 0, 1, 1 }, { w - 1, h - 1, 1, 1 },
                                { 0, h - 1, w, 1 }, { w - 1, 0, 1, h } };
    if (w > 6 && h > 6) {
        all.push_back({ 3, 1, w - 5, h - 4 });
        all.push_back({ w / 2, h / 2, w - w / 2, h - h / 2 });
    }
    return all;
}

} // namespace

class Readback: public GlTest
{
protected:
    GlSource source(const TextureImage &texture, uint64_t id, bool y0_top)
    {
        return { id, texture.image, texture.width, texture.height, y0_top };
    }
};

TEST_F(Readback, gives_the_picture_in_both_orientations_and_odd_sizes)
{
    GlReadback readback(*context);
    uint64_t id = 0;
    const uint32_t sizes[][2] = { { 1, 1 }, { 7, 5 }, { 64, 64 }, { 801, 601 }, { 1366, 7 } };

    for (const auto &size : sizes) {
        for (bool y0_top : { true, false }) {
            ASSERT_TRUE(drawer->make_current());
            TextureImage texture(*drawer, size[0], size[1]);
            texture.upload_picture(y0_top);
            id++;
            for (const GlRect &rect : rectangles(size[0], size[1])) {
                EXPECT_TRUE(shows_picture(readback, source(texture, id, y0_top), rect)) <<
                    "y0_top " << y0_top;
            }
            readback.forget(id);
            ASSERT_TRUE(drawer->make_current());
        }
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include <config.h>

#include "gl-lossless.hpp"

#include <algorithm>

#include "gl-draw.hpp"
#include "image-encoders.h"
#include "spice-bitmap-utils.h"

namespace red {

namespace {

/* The output of an encoder: a list of buffers */
struct Compressed {
    Compressed() = default;
    ~Compressed()
    {
        while (auto buffer = result.comp_buf) {
            result.comp_buf = buffer->send_next;
            compress_buf_free(buffer);
        }
    }
    Compressed(const Compressed &) = delete;
    Compressed &operator=(const Compressed &) = delete;

    SpiceImage image{};
    compress_send_data_t result{};
};

struct ChunksDestroy {
    void operator()(SpiceChunks *chunks) const { spice_chunks_destroy(chunks); }
};

/* Pixels as spice's encoders need them: without gaps between lines */
struct Bitmap {
    Bitmap(const uint8_t *pixels, const GlRect &area)
    {
        bitmap.format = SPICE_BITMAP_FMT_32BIT;
        bitmap.flags = SPICE_BITMAP_FLAGS_TOP_DOWN;
        bitmap.x = area.w;
        bitmap.y = area.h;
        bitmap.stride = area.w * GlFrame::BYTES;
        /* neither freed nor written to, though chunks and encoders take no const pointers */
        chunks.reset(spice_chunks_new_linear(const_cast<uint8_t *>(pixels),
                                             bitmap.stride * bitmap.y));
        bitmap.data = chunks.get();
    }
    size_t size() const { return size_t{bitmap.stride} * bitmap.y; }

    SpiceBitmap bitmap{};
    std::unique_ptr<SpiceChunks, ChunksDestroy> chunks;
};

/* As for 2D displays (dcc.cpp) */
bool quic_can(const GlRect &area)
{
    constexpr uint32_t LEAST = 3;

    return area.w >= LEAST && area.h >= LEAST;
}

SpiceImageCompression choose(Bitmap *pixels, const GlRect &area, const GlLossless::Choice &choice)
{
    constexpr size_t LEAST = 54; /* bytes that are worth compressing, as for 2D displays */

    if (pixels->size() < LEAST) {
        return SPICE_IMAGE_COMPRESSION_OFF;
    }
    switch (choice.compression) {
    case SPICE_IMAGE_COMPRESSION_OFF:
        return SPICE_IMAGE_COMPRESSION_OFF;
    case SPICE_IMAGE_COMPRESSION_QUIC:
        return quic_can(area) ? SPICE_IMAGE_COMPRESSION_QUIC : SPICE_IMAGE_COMPRESSION_OFF;
    case SPICE_IMAGE_COMPRESSION_LZ4:
        return choice.lz4 ? SPICE_IMAGE_COMPRESSION_LZ4 : SPICE_IMAGE_COMPRESSION_LZ;
    case SPICE_IMAGE_COMPRESSION_LZ:
    case SPICE_IMAGE_COMPRESSION_GLZ:
        return SPICE_IMAGE_COMPRESSION_LZ;
    default:
        if (quic_can(area) &&
            bitmap_get_graduality_level(&pixels->bitmap) == BITMAP_GRADUAL_HIGH) {
            return SPICE_IMAGE_COMPRESSION_QUIC;
        }
        return SPICE_IMAGE_COMPRESSION_LZ;
    }
}

} // namespace

class GlLossless::Encoders
{
public:
    Encoders()
    {
        image_encoder_shared_init(&statistics);
        image_encoders_init(&encoders, &statistics);
    }
    ~Encoders() { image_encoders_free(&encoders); }
    Encoders(const Encoders &) = delete;
    Encoders &operator=(const Encoders &) = delete;

    GlMessage image(const GlFrame &frame, const GlRect &area, const Choice &choice);

private:
    const uint8_t *without_gaps(const GlFrame &frame, const GlRect &area);
    bool compress(SpiceImageCompression how, Bitmap *pixels, Compressed *compressed);

    ImageEncoderSharedData statistics{};
    ImageEncoders encoders{};
    std::vector<uint8_t> copy; /* the last band's pixels */
};

const uint8_t *GlLossless::Encoders::without_gaps(const GlFrame &frame, const GlRect &area)
{
    if (area.w == frame.width()) {
        return frame.line(area.y);
    }
    copy.clear();
    for (uint32_t y = 0; y < area.h; y++) {
        const uint8_t *line = frame.pixel(area.x, area.y + y);
        copy.insert(copy.end(), line, line + area.w * GlFrame::BYTES);
    }
    return copy.data();
}

/* False if the result would be larger than the pixels */
bool GlLossless::Encoders::compress(SpiceImageCompression how, Bitmap *pixels,
                                    Compressed *compressed)
{
    auto image = &compressed->image;
    auto result = &compressed->result;

    switch (how) {
    case SPICE_IMAGE_COMPRESSION_QUIC:
        return image_encoders_compress_quic(&encoders, image, &pixels->bitmap, result);
#ifdef USE_LZ4
    case SPICE_IMAGE_COMPRESSION_LZ4:
        return image_encoders_compress_lz4(&encoders, image, &pixels->bitmap, result);
#else
    case SPICE_IMAGE_COMPRESSION_LZ4:
#endif
    case SPICE_IMAGE_COMPRESSION_LZ:
        return image_encoders_compress_lz(&encoders, image, &pixels->bitmap, result);
    default:
        return false;
    }
}

GlMessage GlLossless::Encoders::image(const GlFrame &frame, const GlRect &area,
                                      const Choice &choice)
{
    Bitmap pixels(without_gaps(frame, area), area);
    Compressed compressed;

    if (!compress(choose(&pixels, area, choice), &pixels, &compressed)) {
        return gl_pixels_body(area).data(pixels.chunks->chunk[0].data, pixels.size())
            .message(SPICE_MSG_DISPLAY_DRAW_COPY);
    }
    size_t left = compressed.result.comp_buf_size;
    auto body = gl_image_body(area,
                              static_cast<SpiceImageType>(compressed.image.descriptor.type), left);
    for (auto buffer = compressed.result.comp_buf; buffer && left > 0; buffer = buffer->send_next) {
        const size_t now = std::min(left, sizeof(buffer->buf));
        body.data(buffer->buf.bytes, now);
        left -= now;
    }
    return body.message(SPICE_MSG_DISPLAY_DRAW_COPY);
}

GlLossless::GlLossless(): encoders(std::make_unique<Encoders>()) {}

GlLossless::~GlLossless() = default;

GlMessage GlLossless::image(const GlFrame &frame, const GlRect &area, const Choice &choice)
{
    return encoders->image(frame, area, choice);
}

size_t GlLossless::images(const GlFrame &frame, const std::vector<GlRect> &areas,
                          const Choice &choice, size_t budget, std::vector<GlMessage> *messages)
{
    constexpr uint32_t ROUND = 8; /* lines: bands end where blocks of an earlier JPEG do */
    size_t done = 0;

    for (const auto &area : areas) {
        const size_t before = messages->size();
        uint32_t lines = std::max<size_t>(BAND / std::max(area.w, 1u), 1);
        if (lines > ROUND) {
            lines -= lines % ROUND;
        }
        for (uint32_t y = 0; y < area.h && area.w > 0; y += lines) {
            auto message = encoders->image(frame, { area.x, area.y + y, area.w,
                                                    std::min(lines, area.h - y) }, choice);
            if (message.body.size() > budget) {
                messages->resize(before);
                return done;
            }
            budget -= message.body.size();
            messages->push_back(std::move(message));
        }
        done++;
    }
    return done;
}

bool GlLossless::all_images(const GlFrame &frame, const std::vector<GlRect> &areas,
                            const Choice &choice, size_t budget, std::vector<GlMessage> *messages)
{
    const size_t before = messages->size();
    if (images(frame, areas, choice, budget, messages) == areas.size()) {
        return true;
    }
    messages->resize(before);
    return false;
}

} // namespace red

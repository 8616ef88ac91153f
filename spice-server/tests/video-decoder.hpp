/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* Decodes video as a client does: what comes out is what its user sees. */
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <spice/enums.h>

/* B, G, R, x */
struct DecodedPicture {
    uint32_t width = 0, height = 0;
    std::vector<uint8_t> pixels;
};

class VideoDecoder
{
public:
    /* Null, with the reason, where GStreamer has no decoder for it. AS_SPICE_GTK: the decoder is
     * told no more of H.264 than spice-gtk tells it, so that it has to find out where units end. */
    static std::unique_ptr<VideoDecoder> create(SpiceVideoCodecType codec, std::string *why,
                                                bool as_spice_gtk = false);
    ~VideoDecoder();
    VideoDecoder(const VideoDecoder &) = delete;
    VideoDecoder &operator=(const VideoDecoder &) = delete;

    void push(const std::vector<uint8_t> &data);
    /* The next picture; false: none within MS */
    bool pull(DecodedPicture *picture, unsigned ms);

private:
    VideoDecoder() = default;

    struct Pipeline;
    std::unique_ptr<Pipeline> pipeline;
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* What GlHardware knows of a client that it may serve. Display worker's thread. */
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gl-bit-rate.hpp"
#include "gl-hw-encoder.hpp"

namespace red {

/* Filled by the encoder's threads, may outlive the client */
struct GlHwInbox {
    std::mutex lock;
    std::vector<std::vector<uint8_t>> frames;
    std::string failure;
};

struct GlHwClient {
    enum class State {
        STILL,      /* it gets pictures, and has no encoder */
        STARTING,   /* it gets pictures until the encoder has delivered the first frame */
        MOVING,     /* it has been told of the stream, and gets no pictures */
    };

    State state = State::STILL;
    std::unique_ptr<GlHwEncoder> encoder;
    std::shared_ptr<GlHwInbox> inbox;
    GlBitRate bit_rate;
    bool y0_top = false;
    bool missed = false;             /* a picture came too early, or the link had no room for it */
    uint64_t pushed_ns = 0;          /* when the last picture was pushed */
};

} // namespace red

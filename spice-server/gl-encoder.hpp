/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * What hardware and software encoders have in common: one picture is encoded at a time, the newest
 * one waits meanwhile, and an encoder that stalls is abandoned.
 *
 * Nothing here waits for the pipeline: a thread of the encoder's own sets it up and ends it. If a
 * driver or library hangs there, only that thread hangs.
 */
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gl-frame.hpp"
#include "gl-rect.hpp"

namespace red {

struct GlDmabuf;

/* A picture to be encoded */
struct GlEncoderPicture {
    /* Exactly one of the two; KEEPER keeps it alive */
    const GlDmabuf *buffer = nullptr;
    const GlFrame *frame = nullptr;
    GlRect part;
    /* Released, in any thread, when the encoder no longer reads the pixels */
    std::shared_ptr<const void> keeper;
};

/* A pipeline as the encoder sees it. Any thread, one at a time. No call may block, but creating and
 * destroying a pipeline may hang. */
class GlEncoderPipeline
{
public:
    struct Handlers { /* called from the pipeline's threads */
        std::function<void(std::vector<uint8_t> &&frame, bool key)> encoded;
        std::function<void(const std::string &why)> failed; /* possibly more than once */
    };

    GlEncoderPipeline() = default;
    /* No handler is called afterwards */
    virtual ~GlEncoderPipeline() = default;
    GlEncoderPipeline(const GlEncoderPipeline &) = delete;
    GlEncoderPipeline &operator=(const GlEncoderPipeline &) = delete;

    /* Calls RELEASE(OPAQUE), in any thread, when the picture is no longer read */
    virtual void push(const GlEncoderPicture &picture, void (*release)(void *opaque),
                      void *opaque) = 0;
    virtual void force_key_frame() = 0;
    virtual void set_bit_rate(uint64_t bits_per_second) = 0;
};

class GlEncoder
{
public:
    /* Pictures in the pipeline at most. Of those pushed meanwhile only the newest is kept. */
    static constexpr unsigned MAX_IN_FLIGHT = 1;
    /* Longest time from a picture's entering the pipeline to its encoded frame */
    static constexpr uint32_t STALL_MS = 1000;
    /* Longest time from the first push() to the first frame, which includes setting up */
    static constexpr uint32_t START_MS = 3000;

    /* Called from any thread, one at a time; never from within the encoder's calls, nor after its
     * destructor. They must not destroy the encoder. */
    struct Callbacks {
        std::function<void(std::vector<uint8_t> &&frame, bool key)> encoded;
        /* Called once; no callback follows it. WHY: one sentence */
        std::function<void(const std::string &why)> failed;
    };

    /* Returns a playing pipeline; null, with the reason in *why, on failure. Called in the
     * encoder's own thread. */
    using MakePipeline = std::function<std::unique_ptr<GlEncoderPipeline>(
        GlEncoderPipeline::Handlers &&handlers, std::string *why)>;

    /* Returns at once; Callbacks::failed reports what fails later. Null, with the reason in *why,
     * if no thread can be created. */
    static std::unique_ptr<GlEncoder> create(MakePipeline &&make, Callbacks &&callbacks,
                                             std::string *why);
    /* Waits for a callback that is running, but not for the pipeline */
    ~GlEncoder();
    GlEncoder(const GlEncoder &) = delete;
    GlEncoder &operator=(const GlEncoder &) = delete;

    void push(GlEncoderPicture &&picture);
    /* The next picture that enters the pipeline becomes a key frame */
    void force_key_frame();
    void set_bit_rate(uint64_t bits_per_second);

    /* Pictures pushed whose frames have not come out, including the one that waits */
    unsigned pending() const;
    /* Pictures that were replaced by a newer one before they were encoded */
    uint64_t replaced() const;

    /* Waits, at most MS, until all destroyed encoders of the process have ended. False: some hang;
     * their pictures are then kept forever, so that no owner of one is called back. */
    static bool wait_ended(uint32_t ms);

private:
    class Run;

    explicit GlEncoder(std::shared_ptr<Run> run);
    const std::shared_ptr<Run> run;
};

} // namespace red

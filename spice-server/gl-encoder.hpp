/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What video encoders of either kind have in common: a picture at a time goes in and its frame
 * comes out, the newest picture waits meanwhile, and an encoder that stalls is given up.
 *
 * Nothing here waits for the pipeline: a thread of the encoder's own sets it up and ends it, and
 * one that hangs there (a driver, a library) hangs alone.
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

/* On its way into an encoder */
struct GlEncoderPicture {
    /* One of the two, KEEPER's */
    const GlDmabuf *buffer = nullptr;
    const GlFrame *frame = nullptr;
    GlRect part;
    /* Keeps the pixels: dropped, in any thread, when the encoder does not read them any more */
    std::shared_ptr<const void> keeper;
};

/* A pipeline as the encoder sees it. Any thread, one at a time; nothing may wait, but making and
 * ending it may hang. */
class GlEncoderPipeline
{
public:
    struct Handlers { /* from the pipeline's threads */
        std::function<void(std::vector<uint8_t> &&frame, bool key)> encoded;
        std::function<void(const std::string &why)> failed; /* maybe more than once */
    };

    GlEncoderPipeline() = default;
    /* No handler is called after that */
    virtual ~GlEncoderPipeline() = default;
    GlEncoderPipeline(const GlEncoderPipeline &) = delete;
    GlEncoderPipeline &operator=(const GlEncoderPipeline &) = delete;

    /* RELEASE(OPAQUE) when the picture is not read any more; in any thread */
    virtual void push(const GlEncoderPicture &picture, void (*release)(void *opaque),
                      void *opaque) = 0;
    virtual void force_key_frame() = 0;
    virtual void set_bit_rate(uint64_t bits_per_second) = 0;
};

class GlEncoder
{
public:
    /* Pictures that the encoder may be reading; above that the newest waits, older ones go */
    static constexpr unsigned MAX_IN_FLIGHT = 1;
    /* From a picture's way in to its frame's way out */
    static constexpr uint32_t STALL_MS = 1000;
    /* The same for the first one, while which the pipeline is set up */
    static constexpr uint32_t START_MS = 3000;

    /* Called from any thread, one at a time; never within the encoder's calls except close(), nor
     * after its destructor. They must not destroy the encoder. */
    struct Callbacks {
        std::function<void(std::vector<uint8_t> &&frame, bool key)> encoded;
        /* Once, and nothing after it. WHY: one sentence */
        std::function<void(const std::string &why)> failed;
    };

    /* Playing; null with *why when that fails. Called in the encoder's own thread. */
    using MakePipeline = std::function<std::unique_ptr<GlEncoderPipeline>(
        GlEncoderPipeline::Handlers &&handlers, std::string *why)>;

    /* Returns at once; what goes wrong later is for Callbacks::failed. Null with *why: there is no
     * thread to be had. */
    static std::unique_ptr<GlEncoder> create(MakePipeline &&make, Callbacks &&callbacks,
                                             std::string *why);
    /* Does not wait */
    ~GlEncoder();
    GlEncoder(const GlEncoder &) = delete;
    GlEncoder &operator=(const GlEncoder &) = delete;

    void push(GlEncoderPicture &&picture);
    /* The next picture pushed gives a key frame */
    void force_key_frame();
    void set_bit_rate(uint64_t bits_per_second);

    /* Pictures pushed whose frames have not come out, those waiting included */
    unsigned pending() const;
    /* Pictures that a newer one has replaced before they were encoded */
    uint64_t replaced() const;

    /* Waits until all encoders of the process that were destroyed have come to their end. False:
     * some hang; the pictures in these are then kept for ever, so that nobody is called back. */
    static bool wait_ended(uint32_t ms);

private:
    class Run;

    explicit GlEncoder(std::shared_ptr<Run> run);
    const std::shared_ptr<Run> run;
};

} // namespace red

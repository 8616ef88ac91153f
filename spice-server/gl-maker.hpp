/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * The thread that compresses one remote client's images, so that the display worker does nothing
 * slow. One job at a time.
 */
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <spice/enums.h>

#include "gl-jpeg.hpp"
#include "gl-message.hpp"
#include "gl-plan.hpp"

namespace red {

/* The result of a job */
struct GlBatch {
    std::vector<GlMessage> messages; /* to be sent in this order */
    size_t bytes = 0;                /* of all messages */
    GlSent sent;
};

class GlMaker
{
public:
    struct Settings {
        SpiceImageCompression compression; /* of lossless images */
        bool lz4;                          /* the client can decode it */
    };

    /* READY: called from the maker's thread when a job is done; must not call the maker. SHARE: the
     * one of all clients of the display */
    GlMaker(std::shared_ptr<GlJpegShare> share, std::function<void()> ready);
    /* Does not wait: the thread ends once its job is done */
    ~GlMaker();
    GlMaker(const GlMaker &) = delete;
    GlMaker &operator=(const GlMaker &) = delete;

    /* Must not be busy(). False: no thread can be created. */
    bool start(GlJob &&job, const Settings &settings);
    bool busy() const { return working; }
    /* The result of the job; nothing while it is being done. The maker is not busy() afterwards. */
    std::optional<GlBatch> take();

    /* Bytes that a JPEG of PIXELS moving pixels takes if it is good enough to be preferred to other
     * codecs; 0: unknown */
    size_t jpeg_size(size_t pixels) const;

    /* Waits, at most MS, until the threads of all makers of the process have ended */
    static bool wait_ended(uint32_t ms);

private:
    class Work;

    const std::shared_ptr<Work> work;
    bool started = false, working = false;
};

} // namespace red

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread in which one remote client's images are compressed: nothing slow is done in the display
 * worker. One job at a time.
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

/* What has been made of a job */
struct GlBatch {
    std::vector<GlMessage> messages; /* to be sent in this order */
    size_t bytes = 0;                /* in all */
    GlSent sent;
};

class GlMaker
{
public:
    struct Settings {
        SpiceImageCompression compression; /* of lossless images */
        bool lz4;                          /* the client can take that */
    };

    /* READY: called from the thread when a job is done, must not call the maker. SHARE: between all
     * clients of the display */
    GlMaker(std::shared_ptr<GlJpegShare> share, std::function<void()> ready);
    /* Does not wait: the thread ends when it is done with its job */
    ~GlMaker();
    GlMaker(const GlMaker &) = delete;
    GlMaker &operator=(const GlMaker &) = delete;

    /* Only when it is not busy(). False: there is no thread to be had. */
    bool start(GlJob &&job, const Settings &settings);
    bool busy() const { return working; }
    /* What has become of the job; nothing while it is being done. It is not busy after that. */
    std::optional<GlBatch> take();

    /* Bytes of a JPEG of so many pixels of what moves, good enough to be preferred to other codecs;
     * 0: unknown */
    size_t jpeg_size(size_t pixels) const;

    /* Waits until the threads of all makers that are gone have ended, so long at most */
    static bool wait_ended(uint32_t ms);

private:
    class Work;

    const std::shared_ptr<Work> work;
    bool started = false, working = false;
};

} // namespace red

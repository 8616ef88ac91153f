/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Acknowledgements as other clients send them: late, or several at once. */
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

class AckHabit
{
public:
    struct Settings {
        int late = 0;        /* each acknowledgement waits this long, ms */
        int together = 1;    /* they are sent this many at a time, */
        int at_most = 200;   /* or this long, ms, after the first of them */

        bool any() const { return late > 0 || together > 1; }
    };

    explicit AckHabit(const Settings &settings): settings(settings) {}

    /* A whole message that an ordinary client sends at NOW (ms). Appends what is sent now to OUT. */
    void message(const uint8_t *data, size_t length, int64_t now, std::vector<uint8_t> *out);
    /* When release() has to be called; nothing if no acknowledgement waits */
    std::optional<int64_t> next() const;
    void release(int64_t now, std::vector<uint8_t> *out);

private:
    const Settings settings;
    std::deque<int64_t> waiting; /* when each waiting acknowledgement must be sent, in order */
};

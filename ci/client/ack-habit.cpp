/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ack-habit.hpp"

#include <spice/enums.h>

static const uint8_t ACK[] = {SPICE_MSGC_ACK, 0, 0, 0, 0, 0};

void AckHabit::message(const uint8_t *data, size_t length, int64_t now, std::vector<uint8_t> *out)
{
    if ((data[0] | data[1] << 8) != SPICE_MSGC_ACK) {
        out->insert(out->end(), data, data + length);
        return;
    }
    if (settings.together <= 1) {
        waiting.push_back(now + settings.late);
        return;
    }
    /* No acknowledgement waits longer than the first */
    waiting.push_back(waiting.empty() ? now + settings.at_most : waiting.front());
    if (waiting.size() >= size_t(settings.together)) {
        release(waiting.front(), out);
    }
}

std::optional<int64_t> AckHabit::next() const
{
    return waiting.empty() ? std::nullopt : std::optional<int64_t>(waiting.front());
}

void AckHabit::release(int64_t now, std::vector<uint8_t> *out)
{
    while (!waiting.empty() && waiting.front() <= now) {
        out->insert(out->end(), ACK, ACK + sizeof(ACK));
        waiting.pop_front();
    }
}

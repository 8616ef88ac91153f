/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What query-spice reports of displays and their clients */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "value.hpp"

struct DisplayClient {
    int64_t id = 0; /* the connection's */
    std::string from; /* HOST:PORT, or "unix" */
    std::string path, codec; /* codec: empty if there is no video */
    std::string reason; /* of the last change of path */
    int64_t frames = 0, bytes = 0, path_changes = 0;
    /* The link to a remote client */
    bool has_link = false;
    int64_t bit_rate = 0, round_trip_ns = 0, bytes_in_flight = 0, frames_per_second = 0, frames_late = 0;
};

struct Display {
    int64_t id = 0;
    std::string platform, node, renderer; /* node: empty if there is none */
    int64_t scanouts = 0, draws = 0, draws_unseen = 0, draws_late = 0, draws_unanswered = 0;
    int64_t images = 0, prime_exports = 0, readbacks = 0, readback_bytes = 0;
    int64_t block_ns = 0, longest_draw_ns = 0;
    std::vector<DisplayClient> clients;
};

/* spice: query-spice's answer. Empty if QEMU reports no displays. */
std::vector<Display> displays_of(const Value &spice);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What query-spice answers: one display with a local and a remote client */
#pragma once

#include <string>

inline std::string spice_answer(int draws, int frames, int bytes)
{
    return R"({"enabled": true, "channels": [
        {"connection-id": 7, "channel-type": 1, "channel-id": 0, "family": "ipv4", "host": "wrong", "port": "1"},
        {"connection-id": 7, "channel-type": 2, "channel-id": 0, "family": "ipv4", "host": "10.0.0.9", "port": "4242"},
        {"connection-id": 8, "channel-type": 2, "channel-id": 0, "family": "unix", "host": "", "port": ""}],
      "displays": [{"id": 0, "egl-platform": "gbm", "egl-node": "/dev/dri/renderD128", "egl-renderer": "A GPU",
        "draws": )" + std::to_string(draws) + R"(, "draws-late": 3, "readbacks": 5, "prime-exports": 2,
        "longest-draw-ns": 2500000, "clients": [
          {"connection-id": 7, "path": "software", "codec": "h264", "frames": )" + std::to_string(frames) +
        R"(, "bytes": )" + std::to_string(bytes) + R"(, "path-changes": 2, "path-reason": "the picture is moving",
           "link": {"bit-rate": 20000000, "round-trip-ns": 12500000, "bytes-in-flight": 4000,
                    "frames-per-second": 60, "frames-late": 4}},
          {"connection-id": 8, "path": "local", "frames": 90, "bytes": 1000, "path-changes": 1}]}]})";
}

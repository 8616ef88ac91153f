# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a client sees nothing new when the path that serves it fails.

The machine needs TIMESTAMPS, the client --counter.
"""

import datetime
import re
import time

from .waiting import SCALE, wait_until

TIMESTAMPS = ("-msg", "timestamp=on")
# What a failed path may take to give way to the next, and as much more as all takes with sanitizers
BOUND_S = 0.25 * SCALE
ATTEMPTS = 5


def _warned_at(vm, words):
    """When QEMU said so, in time.monotonic()'s seconds; None if it has not"""
    for line in vm.stderr().splitlines():
        if words in line:
            day = re.match(r"(\S+)Z ", line).group(1)
            said = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc)
            return said.timestamp() - (time.time() - time.monotonic())
    return None


def gap_at_failure(vm, client, words):
    """Waits until QEMU says WORDS and the client has seen a picture after it; seconds from then
    to the next picture"""
    seen = []

    def enough():
        seen.extend(at for at, _ in client.seen())
        at = _warned_at(vm, words)
        return at is not None and any(one > at for one in seen) and at

    at = wait_until(enough, "QEMU says {!r}, and a picture after it".format(words), timeout=60)
    return min(one for one in seen if one > at) - at


def assert_in_time(fail):
    """FAIL lets a path fail and returns gap_at_failure(). It may do so again: a busy machine can
    miss the bound by itself."""
    gaps = []
    for _ in range(ATTEMPTS):
        gaps.append(fail())
        if gaps[-1] < BOUND_S:
            return
    raise AssertionError("the next path took more than {} s each time: {}".format(BOUND_S, gaps))

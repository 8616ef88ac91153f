# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a client sees nothing new if its path fails.

The machine needs TIMESTAMPS, the client --counter.
"""

import datetime
import re
import time

from .waiting import SCALE, wait_until

TIMESTAMPS = ("-msg", "timestamp=on")
# The time that falling back to the next path may take, and more, since sanitizers slow down everything
BOUND_S = 0.25 * SCALE
ATTEMPTS = 5


def _warned_at(vm, words):
    """When QEMU printed that, in time.monotonic()'s seconds; None if it has not"""
    for line in vm.stderr().splitlines():
        if words in line:
            day = re.match(r"(\S+)Z ", line).group(1)
            said = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc)
            return said.timestamp() - (time.time() - time.monotonic())
    return None


def gap_at_failure(vm, client, words):
    """Waits until QEMU has printed WORDS and the client has shown a picture after that; returns the
    seconds from then to that picture"""
    seen = []

    def enough():
        seen.extend(at for at, _ in client.seen())
        at = _warned_at(vm, words)
        return at is not None and any(one > at for one in seen) and at

    at = wait_until(enough, "QEMU says {!r}, and a picture after it".format(words), timeout=60)
    return min(one for one in seen if one > at) - at


def assert_in_time(fail):
    """FAIL makes a path fail and returns gap_at_failure(). It is tried again if it misses the bound,
    which may be due to a busy machine."""
    gaps = []
    for _ in range(ATTEMPTS):
        gaps.append(fail())
        if gaps[-1] < BOUND_S:
            return
    raise AssertionError("the next path took more than {} s each time: {}".format(BOUND_S, gaps))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for conditions, with a deadline."""

import os
import time

# For machines that are much slower than two cores with TCG
SCALE = float(os.environ.get("SPICEGL_TIMEOUT_SCALE", "1"))


class Late(AssertionError):
    """A condition did not come true in time"""


def wait_until(condition, what, timeout=20, interval=0.05):
    """Returns condition()'s first true value; raises Late after timeout seconds.

    what: text for the message, or a function that makes it
    """
    deadline = time.monotonic() + timeout * SCALE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            text = what() if callable(what) else what
            raise Late("not within {:g} s: {}".format(timeout * SCALE, text))
        time.sleep(interval)

# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's trace, as its backend "log" writes it."""

import datetime
import re

# Seconds, or from QEMU 10.2 on a date, which has no fraction if that is 0
EVENT = re.compile(r"(?:\d+@(\d+\.\d+):|([\d-]+T[\d:.]+)Z )(\w+)")


def event(line):
    """(time.time()'s seconds, the event's name); None if the line is not an event"""
    found = EVENT.match(line)
    if not found:
        return None
    seconds, date, name = found.groups()
    return (float(seconds) if seconds else
            datetime.datetime.fromisoformat(date + "+00:00").timestamp()), name

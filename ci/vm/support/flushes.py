# SPDX-License-Identifier: GPL-2.0-or-later
"""When the guest drew each frame, from QEMU's trace, and when a client showed it."""

import os
import time

from . import trace


class Flushes:
    """The guest's flushes in QEMU's trace. Give a machine options() as extra."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self._path = os.path.join(folder, "trace.log")
        self._times = []
        self._read = 0
        # The trace has the time of day, a client the monotonic clock
        self._offset = time.time() - time.monotonic()

    def options(self):
        # debug-threads: which threads are the guest's processors
        return ["-name", "guest,debug-threads=on", "-D", self._path, "-msg", "timestamp=on",
                "-trace", "enable=virtio_gpu_cmd_res_flush"]

    def times(self):
        """The time of each, in time.monotonic()'s seconds"""
        with open(self._path, encoding="utf-8", errors="replace") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith("\n"):
                    break
                self._read += len(line.encode())
                event = trace.event(line)
                if event and event[1] == "virtio_gpu_cmd_res_flush":
                    self._times.append(self.monotonic(event[0]))
        return self._times

    def monotonic(self, time_of_day):
        """In time.monotonic()'s seconds"""
        return time_of_day - self._offset


class FrameTimes:
    """When the guest flushes each frame from now on. Begin while the guest stands still."""

    def __init__(self, machine, flushes):
        self._machine, self._flushes = machine, flushes
        self.frame, self._index = machine.progress()["frame"], len(flushes.times())

    def all(self):
        """{number: seconds of time.monotonic()}; call it when the guest stands still again. {} if frames
        have shared flushes, as those of a guest that has to wait"""
        times = self._flushes.times()[self._index:]
        last = self._machine.progress()["frame"]
        if len(times) != last - self.frame:
            return {}
        return {self.frame + 1 + i: at for i, at in enumerate(times)}


def first_seen(seen):
    """When each number was shown first: {number: time}"""
    first = {}
    for at, number in seen:
        first.setdefault(number, at)
    return first


def longest_gap(times, began, ended):
    """The longest time without a new frame, between began and ended"""
    points = [began] + sorted(at for at in times if began <= at <= ended) + [ended]
    return max(later - earlier for earlier, later in zip(points, points[1:]))

# SPDX-License-Identifier: GPL-2.0-or-later
"""How long QEMU waited for each draw, from its trace events."""

import os

from . import trace


class DrawTimes:
    """Give a machine options() as extra. Times are the host's time.time()."""

    def __init__(self, folder):
        self._path = os.path.join(folder, "trace.log")

    def options(self):
        return ["-D", self._path, "-msg", "timestamp=on",
                "-trace", "enable=qemu_spice_egl_draw",
                "-trace", "enable=qemu_spice_egl_draw_done"]

    def between(self, since, until):
        """The times, in seconds, of the draws that were completed in between"""
        times, start = [], None
        with open(self._path, encoding="utf-8", errors="replace") as log:
            for line in log:
                event = trace.event(line)
                if not event:
                    continue
                now, name = event
                if name == "qemu_spice_egl_draw":
                    start = now
                elif name == "qemu_spice_egl_draw_done" and start is not None:
                    if since <= now <= until:
                        times.append(now - start)
                    start = None
        return times

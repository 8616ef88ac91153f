# SPDX-License-Identifier: GPL-2.0-or-later
"""How long QEMU waited for each draw, from its trace events."""

import os
import re


class DrawTimes:
    """Give a machine options() as extra. Times are the host's time.time()."""

    def __init__(self, folder):
        self._path = os.path.join(folder, "trace.log")

    def options(self):
        return ["-D", self._path, "-msg", "timestamp=on",
                "-trace", "enable=qemu_spice_egl_draw",
                "-trace", "enable=qemu_spice_egl_draw_done"]

    def between(self, since, until):
        """The times in seconds of the draws that were done in between"""
        times, start = [], None
        with open(self._path, encoding="utf-8", errors="replace") as log:
            for line in log:
                event = re.match(r"\d+@(\d+\.\d+):qemu_spice_egl_(draw|draw_done)\b", line)
                if not event:
                    continue
                now = float(event.group(1))
                if event.group(2) == "draw":
                    start = now
                elif start is not None:
                    if since <= now <= until:
                        times.append(now - start)
                    start = None
        return times

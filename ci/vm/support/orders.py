# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests' orders to preloaded doubles: in the environment, or by files while QEMU runs."""

import contextlib
import os

from . import stack


def write(path, words):
    """Readers of the file find all of it, or its former contents"""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(words)
    os.rename(path + ".new", path)


READER = "SPICE GL reader"


def slow_gpu(milliseconds):
    """A machine's options for a GPU that takes this time to read a picture"""
    return {"preload": [stack.gl_reset()],
            "environment": {"GL_READ_MS": str(milliseconds), "GL_RESET_THREAD": READER}}


class GpuReset:
    """Resets of the GPU, as spice-server's GL context sees them, simulated by ci/faults/gl-reset"""

    def __init__(self, folder):
        self._path = os.path.join(folder, "reset")
        self.environment = {"GL_RESET_FILE": self._path, "GL_RESET_THREAD": READER}
        self.preload = [stack.gl_reset()]

    def order(self, how="once"):
        """The next context that checks for resets is lost; see ci/faults/gl-reset/gl-reset.c"""
        write(self._path, how + "\n")

    def happened(self):
        """Whether the last order has been carried out or withdrawn"""
        return not os.path.exists(self._path)

    def withdraw(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

# SPDX-License-Identifier: GPL-2.0-or-later
"""EGL calls of a process, counted from outside of it by ci/eglcount."""

import os
import sys

from . import stack


def read(path):
    """eglcount's data: {"calls": {name: number}, "ok": …, "displays": […], "contexts": […]}"""
    folder = os.path.join(stack.TOP, "ci", "eglcount")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    import eglcount
    return eglcount.read(path)


def initialised(counts):
    """How often an EGLDisplay was initialised"""
    return counts["ok"].get("eglInitialize", 0)

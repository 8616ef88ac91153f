# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU built with sanitizers, and their reports."""

import glob
import os

from . import stack

SUPPRESSIONS = os.path.join(stack.TOP, "ci", "sanitize", "lsan.supp")
# handle_abort: a report for spice_critical() too. Without the slow unwinder the stacks of
# allocations end in the first library that was built without frame pointers.
ASAN = ("detect_leaks=1:halt_on_error=1:abort_on_error=0:handle_abort=1:exitcode=99:"
        "detect_stack_use_after_return=0:malloc_context_size=20")
LSAN = "suppressions={}:print_suppressions=0:exitcode=99".format(SUPPRESSIONS)
UBSAN = "print_stacktrace=1:halt_on_error=0"


def on():
    """Whether the QEMU under test has them"""
    return os.environ.get("SPICE_GL_VARIANT") == "sanitized"


def environment(logdir):
    """For QEMU: where the sanitizers' reports go, among others"""
    if not on():
        return {}
    path = "log_path={}/sanitizer".format(logdir)
    return {"ASAN_OPTIONS": ASAN + ":" + path, "LSAN_OPTIONS": LSAN,
            "UBSAN_OPTIONS": UBSAN + ":" + path}


def reports(logdir):
    """All reports, as text; empty if there are none"""
    text = ""
    for path in sorted(glob.glob(os.path.join(glob.escape(logdir), "sanitizer.*"))):
        with open(path, encoding="utf-8", errors="replace") as file:
            # Not a report: ASan prints this once for every program with coroutines
            text += "".join(line for line in file if "makecontext/swapcontext" not in line)
    return text


def problems(logdir):
    """The reports as a list of texts"""
    text = reports(logdir).strip()
    return ["a sanitizer reports, see {}/sanitizer.*: {}".format(logdir, text[:1500])] if text else []

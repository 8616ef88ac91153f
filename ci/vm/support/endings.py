# SPDX-License-Identifier: GPL-2.0-or-later
"""How a program or a guest's kernel ended, and what it left in its log."""

import re
import signal

# Messages of GLib and of libraries that log through it, before they continue or abort. Warnings of
# other domains are not errors: a lost connection is one of them.
GLIB = re.compile(r"[ -](CRITICAL|ERROR) \*\*|GLib(-GObject|-GIO)?-WARNING \*\*")
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer:|: runtime error: ")
KERNEL = re.compile(r"Kernel panic|\bOops\b|\bBUG: |Call Trace:|general protection fault|"
                    r"blocked for more than \d+ seconds|soft lockup")


def how(status):
    """A process's exit status, as text"""
    if status is None:
        return "has not ended"
    if status >= 0:
        return "ended with status {}".format(status)
    try:
        return "was ended by {}".format(signal.Signals(-status).name)
    except ValueError:
        return "was ended by signal {}".format(-status)


def last_lines(text, count=5):
    """The end of a log, on one line"""
    return " | ".join(text.strip().splitlines()[-count:]) or "empty"


def _first(pattern, lines):
    return next((line.strip() for line in lines if pattern.search(line)), None)


def of_process(name, status, expected, log):
    """The errors in the end of a process, as a list of texts

    expected: the right exit statuses; a signal's is its negative number
    log: all of its output
    """
    problems = []
    if status not in expected:
        problems.append("{} {}; its log ends: {}".format(name, how(status), last_lines(log)))
    for what, pattern in (("GLib", GLIB), ("a sanitizer", SANITIZER)):
        line = _first(pattern, log.splitlines())
        if line:
            problems.append("{} has a complaint of {} in its log: {}".format(name, what, line))
    return problems


def of_kernel(name, lines):
    """A guest's kernel's messages about its own failure, as a list of texts"""
    line = _first(KERNEL, lines)
    return ["the kernel of {} failed: {}".format(name, line)] if line else []


def leave(error, problems):
    """At the end of a with block: raises the problems, with the error that ended the block, if any"""
    if not problems:
        return
    text = "; ".join(problems)
    if error is None:
        raise AssertionError(text)
    # Exceptions that are not about the test, such as a signal to all of it, are passed on unchanged
    if isinstance(error, Exception):
        raise AssertionError("{}: {}; besides: {}".format(type(error).__name__, error, text)) from error

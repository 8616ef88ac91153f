# SPDX-License-Identifier: GPL-2.0-or-later
"""A process's resources, counted from outside."""

import collections
import os
import re


def _kind(target):
    """A descriptor's target without the parts that differ from one to the next"""
    return re.sub(r"[0-9]+", "N", target)


# KiB: a larger mapping is the guest's memory, or an emulator's buffer for translated code
OWN_MAPPING = 200 * 1024


def _memory(pid):
    """Pss in KiB without the guest's memory and without code: how much of these two is in use
    depends on the guest"""
    total = 0
    with open("/proc/{}/smaps".format(pid), encoding="utf-8", errors="replace") as file:
        counted = False
        for line in file:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                code = "x" in line.split()[1]
            elif line.startswith("Size:"):
                counted = not code and int(line.split()[1]) <= OWN_MAPPING
            elif line.startswith("Pss:") and counted:
                total += int(line.split()[1])
    return total


class Resources:
    """files: {kind: number}, threads: {name: number}, memory: KiB, see _memory()"""

    def __init__(self, machine):
        pid = machine.process.pid
        self.files = collections.Counter(_kind(t) for t in machine.open_files().values())
        self.threads = collections.Counter()
        for task in os.listdir("/proc/{}/task".format(pid)):
            try:
                with open("/proc/{}/task/{}/comm".format(pid, task), encoding="utf-8") as file:
                    self.threads[_kind(file.read().strip())] += 1
            except FileNotFoundError:
                pass
        self.memory = _memory(pid)

    def more_than(self, other):
        """The resources that have grown compared with another, as text; empty if none"""
        found = []
        for what, mine, theirs in (("descriptors", self.files, other.files),
                                   ("threads", self.threads, other.threads)):
            more = mine - theirs
            if more:
                found.append("{} {}".format(what, dict(more)))
        return ", ".join(found)

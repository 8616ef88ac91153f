#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the file of ci/eglcount's LD_PRELOAD library (EGLCOUNT_FILE), at any time.

As a program it prints JSON:
  {"pid", "calls": {name: number}, "ok": {name: number that succeeded, or of textures},
   "main_ns": {name: nanoseconds that they took in the process's first thread},
   "main_longest_ns": {name: nanoseconds of the longest of these since --reset-longest},
   "displays": [{"handle", "initialized", "terminated"}],
   "contexts": [{"handle", "share", "display", "thread", "thread_name"}],
   "contexts_created": number}
Handles are integers; a share of 0 means EGL_NO_CONTEXT. From Python: eglcount.read(path),
eglcount.reset_longest(path).
"""

import argparse
import json
import struct
import sys

MAGIC = b"EGLCOUNT 3\n"
HEADER = struct.Struct("=16s5Q")
COUNTER = struct.Struct("=40s4Q")
LONGEST = struct.Struct("=Q")  # the last of a counter
DISPLAY = struct.Struct("=3Q")
CONTEXT = struct.Struct("=4Q16s")


def _text(raw):
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def parse(data):
    """The counts in the bytes of such a file; ValueError if it is none."""
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise ValueError("not a file of eglcount")
    _, pid, counters, displays, contexts, created = HEADER.unpack_from(data)
    offset = HEADER.size
    if len(data) < offset + counters * COUNTER.size + displays * DISPLAY.size \
            + contexts * CONTEXT.size:
        raise ValueError("file of eglcount is cut short")
    result = {"pid": pid, "calls": {}, "ok": {}, "main_ns": {}, "main_longest_ns": {},
              "displays": [], "contexts": [], "contexts_created": created}
    for _ in range(counters):
        name, calls, good, spent, longest = COUNTER.unpack_from(data, offset)
        offset += COUNTER.size
        result["calls"][_text(name)] = calls
        result["ok"][_text(name)] = good
        result["main_ns"][_text(name)] = spent
        result["main_longest_ns"][_text(name)] = longest
    for _ in range(displays):
        handle, initialized, terminated = DISPLAY.unpack_from(data, offset)
        offset += DISPLAY.size
        if handle:
            result["displays"].append({"handle": handle, "initialized": initialized,
                                       "terminated": terminated})
    for _ in range(contexts):
        handle, share, display, thread, name = CONTEXT.unpack_from(data, offset)
        offset += CONTEXT.size
        if handle:
            result["contexts"].append({"handle": handle, "share": share, "display": display,
                                       "thread": thread, "thread_name": _text(name)})
    return result


def read(path):
    """The counts in the file PATH."""
    with open(path, "rb") as stream:
        return parse(stream.read())


def reset_longest(path):
    """Resets the longest times in the file PATH, while the program runs.

    A call that ends at this moment may be lost, or counted as if it came afterwards."""
    with open(path, "r+b", buffering=0) as stream:
        counters = len(parse(stream.read())["calls"])
        for number in range(1, counters + 1):
            stream.seek(HEADER.size + number * COUNTER.size - LONGEST.size)
            stream.write(LONGEST.pack(0))


def main():
    parser = argparse.ArgumentParser(
        description="Prints what ci/eglcount's LD_PRELOAD library has counted, as JSON.")
    parser.add_argument("file", help="the EGLCOUNT_FILE of the program")
    parser.add_argument("--reset-longest", action="store_true",
                        help="print it, and count the longest calls anew from now on")
    arguments = parser.parse_args()
    path = arguments.file
    try:
        print(json.dumps(read(path), indent=2))
        if arguments.reset_longest:
            reset_longest(path)
    except (OSError, ValueError) as error:
        sys.exit(f"eglcount: {path}: {error}; was the program run with LD_PRELOAD and "
                 "EGLCOUNT_FILE, and has it called EGL?")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's serial console: what it prints, line by line, and commands to it."""

import re
import socket
import threading
import time

from .waiting import SCALE, Late


class Serial:
    """Listens on a Unix socket that QEMU connects to, so that no output is lost."""

    def __init__(self, path, log_path):
        self.lines = []
        self.closed = False
        self._changed = threading.Condition()
        self._log = open(log_path, "w", encoding="utf-8", errors="replace")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)
        self._connection = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            self._connection, _ = self._listener.accept()
            with self._connection.makefile("r", encoding="utf-8", errors="replace",
                                           newline=None) as stream:
                for line in stream:
                    self._add(line.rstrip("\n"))
        except OSError:
            pass
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _add(self, line):
        self._log.write("{:.3f} {}\n".format(time.monotonic(), line))
        self._log.flush()
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def position(self):
        """To be passed to wait() as 'after': only output from now on counts"""
        with self._changed:
            return len(self.lines)

    def wait(self, pattern, timeout=30, after=0):
        """The match of pattern, a regular expression, in the first line that has one"""
        deadline = time.monotonic() + timeout * SCALE
        seen = after
        with self._changed:
            while True:
                while seen < len(self.lines):
                    found = re.search(pattern, self.lines[seen])
                    if found:
                        return found
                    if "SPICEGL error" in self.lines[seen]:
                        raise Late("the guest says: " + self.lines[seen])
                    seen += 1
                left = deadline - time.monotonic()
                if self.closed or left <= 0:
                    raise Late("the guest did not print {!r} {}; its last lines: {}".format(
                        pattern, "before it ended" if self.closed else "in time",
                        self.lines[-5:]))
                self._changed.wait(left)

    def send(self, text):
        self._connection.sendall(text.encode() + b"\n")

    def close(self):
        """After QEMU's end: reads the rest of its output"""
        if self._connection:
            self._thread.join(5)
        for end in (self._connection, self._listener):
            if end:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()
        self._thread.join(5)
        self._log.close()

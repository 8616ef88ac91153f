# SPDX-License-Identifier: GPL-2.0-or-later
"""The frames of a moving guest that a client shows, by their number, and when."""

import statistics
import time

from .flushes import FrameTimes, first_seen, longest_gap
from .waiting import wait_until


class Watch:
    """From the beginning of motion to its end: begin(), any number of span(), end().

    machine: with a guest that stands still and a pattern that carries numbers, "motion" or
        "counter", and Flushes' options
    client: with --counter, and --compare for exact()
    """

    def __init__(self, machine, flushes, client):
        self._machine, self._client = machine, client
        machine.tell("stop")
        # For frames in flight to the trace and the client
        time.sleep(0.3)
        client.seen()
        self._frames = FrameTimes(machine, flushes)
        self._seen, self._spans = [], []
        self._flushed, self._first = {}, {}

    def begin(self):
        self._machine.tell("flips forever")

    def span(self, seconds):
        """Waits that long; end() returns a Span of that time"""
        before = self._client.display()
        began = time.monotonic()
        time.sleep(seconds)
        self._seen += self._client.seen()
        self._spans.append((began, time.monotonic(), before, self._client.display()))

    def end(self):
        """Stops the guest; returns a Span for each call of span()"""
        self._machine.tell("stop")
        time.sleep(0.3)
        self._seen += self._client.seen()
        self._flushed = self._frames.all()
        self._first = first_seen((at, number) for at, number in self._seen
                                 if number > self._frames.frame)
        return [Span(*one, self._first, self._flushed) for one in self._spans]

    def first_after(self):
        """Seconds from the first frame's flush to the first that is shown; None if none is"""
        if not self._first or not self._flushed:
            return None
        return min(self._first.values()) - min(self._flushed.values())

    def exact(self, timeout):
        """Waits until every pixel of the last frame is shown; returns how many seconds after that
        frame's flush this was"""
        last = self._machine.progress()["frame"]

        def look():
            since = self._client.ask("quality")["exact_since"]
            return since >= 0 and self._client.display()["counter"] == last and since / 1e6

        since = wait_until(look, lambda: "the last frame, {}, is shown without loss; shown is {}".format(
            last, self._client.display()["counter"]), timeout)
        # A frame may also be shown exactly at once
        return since - self._flushed.get(last, since)


class Span:
    """A time within motion; began and ended are time.monotonic()'s"""

    def __init__(self, began, ended, before, after, first, flushed):
        self.began, self.ended = began, ended
        self._before, self._after = before, after
        self._first = {n: at for n, at in first.items() if began <= at <= ended}
        self._flushed = flushed

    def shown(self):
        """The number of frames"""
        return len(self._first)

    def flushed(self):
        return sum(1 for at in self._flushed.values() if self.began <= at <= self.ended)

    def share(self):
        """The part of the guest's frames that was shown"""
        return self.shown() / max(self.flushed(), 1)

    def latency(self):
        """The median from flush to screen, in seconds; None if nothing was shown"""
        times = [at - self._flushed[n] for n, at in self._first.items() if n in self._flushed]
        return statistics.median(times) if times else None

    def gap(self):
        """The longest time without a new frame, in seconds"""
        return longest_gap(self._first.values(), self.began, self.ended)

    def grown(self, key):
        """By how much a number of the client's report has"""
        return self._after[key] - self._before[key]

    def not_drawn(self):
        """Frames of video that have arrived and have not been shown: some may wait for their time"""
        return self.grown("video_frames") - self.grown("video_shown")

    def __str__(self):
        latency = self.latency()
        return "{} of {} shown, latency {}, gap {:.0f} ms, {} of {} video frames not drawn".format(
            self.shown(), self.flushed(),
            "{:.0f} ms".format(latency * 1000) if latency is not None else "-", self.gap() * 1000,
            self.not_drawn(), self.grown("video_frames"))

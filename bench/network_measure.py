# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client shows of a guest over a link: one measurement, from still to motion to still.

Frames have numbers, which the client reads in its picture; QEMU's trace has the time at which the guest
flushed each. So a frame counts when it is shown, with the time from flush to screen.
"""

import statistics
import time

from support.flushes import FrameTimes, first_seen, longest_gap
from support.waiting import Late, wait_until

from measure import Usage, percentile

# Seconds of motion before the steady state
WARM_UP = 2
# To wait for the last frame to be shown without loss
LOSSLESS_WITHIN = 20
KEYS = 24


def per_second(began, ended, first, flushed):
    """For each second of motion: [frames shown, median ms from flush to screen or None]"""
    series = []
    for second in range(int(ended - began)):
        shown = {n: at for n, at in first.items() if second <= at - began < second + 1}
        times = [(at - flushed[n]) * 1000 for n, at in shown.items() if n in flushed]
        series.append([len(shown), round(statistics.median(times), 1) if times else None])
    return series


class Measurement:
    """client: see network_cases.py"""

    def __init__(self, machine, flushes, link, client, seconds):
        self._machine, self._flushes, self._link = machine, flushes, link
        self._client, self._seconds = client, seconds

    def run(self):
        """All numbers, by name; None: not measured. Times are ms unless their names say otherwise."""
        self._machine.tell("stop")
        time.sleep(0.3)
        frames = FrameTimes(self._machine, self._flushes)
        before = self._motion_begins()
        began = time.monotonic()
        time.sleep(WARM_UP)
        start = self._state()
        time.sleep(self._seconds)
        end = self._state()
        seen, quality = self._client.seen(), self._client.quality()
        self._machine.tell("stop")
        settled = self._settle()
        flushed = frames.all()
        seen += self._client.seen()
        first = first_seen((at, number) for at, number in seen if number > frames.frame)
        return {**self._steady(start, end, first, flushed),
                **self._edges(began, end["time"], first, flushed, settled),
                **self._quality(quality, start["time"]),
                "totals": self._client.difference(before, self._client.totals())}

    def _motion_begins(self):
        self._client.seen()
        self._client.quality()
        self._link.counters()
        if self._link.name == "steps":
            self._link.begin_steps()
        before = self._client.totals()
        self._machine.tell("flips forever")
        return before

    def _state(self):
        return {"time": time.monotonic(), "usage": Usage(self._machine.process.pid),
                "link": self._link.counters(), "guest": self._machine.progress(),
                "totals": self._client.totals()}

    def _settle(self):
        """When the last frame was shown without loss; call after the guest has stopped"""
        last = self._machine.progress()["frame"]
        try:
            return wait_until(lambda: self._client.exact_since(last), "", LOSSLESS_WITHIN)
        except Late:
            return None

    def _steady(self, start, end, first, flushed):
        began, ended = start["time"], end["time"]
        span = ended - began
        delay = self._link.counters()["down"]["delay_ms"]
        shown = {n: at for n, at in first.items() if began <= at <= ended}
        latency = [(at - flushed[n]) * 1000 - delay for n, at in shown.items() if n in flushed]
        down, down_then = start["link"]["down"], end["link"]["down"]
        carried = (down_then["bytes"] - down["bytes"]) * 8 / span
        usage, usage_then = start["usage"], end["usage"]
        return {
            "flips_per_s": (end["guest"]["flips"] - start["guest"]["flips"]) / span,
            "shown_per_s": len(shown) / span,
            "latency_p50_ms": statistics.median(latency) if latency else None,
            "latency_p99_ms": percentile(latency, 0.99) if latency else None,
            "mbit_per_s": carried / 1e6,
            "link_used": carried / down["rate"] if down["rate"] else None,
            "queue_max_ms": down_then["queue_max"] * 8e3 / down["rate"] if down["rate"] else None,
            "packets_dropped": down_then["dropped"] - down["dropped"],
            "cpu_host_s_per_s": ((usage_then.total - usage.total) -
                                 (usage_then.guest - usage.guest)) / span,
            "steady": self._client.difference(start["totals"], end["totals"]),
            # The delay that the measuring machine itself has added
            "link_late_max_ms": max(end["link"][way]["late_max_ms"] for way in ("down", "up"))}

    @staticmethod
    def _edges(began, ended, first, flushed, settled):
        times = sorted(first.values())
        motion = min(flushed.values(), default=began)
        stopped = max(flushed.values(), default=ended)
        return {
            "first_shown_ms": (times[0] - motion) * 1000 if times else None,
            "longest_gap_ms": longest_gap(times, times[0] if times else began, ended) * 1000,
            "lossless_ms": (settled - stopped) * 1000 if settled else None,
            "per_second": per_second(began, ended, first, flushed),
            "_seen": [(round(at - began, 4), number, round((at - flushed[number]) * 1000, 1))
                      for number, at in sorted(first.items()) if number in flushed]}


    @staticmethod
    def _quality(quality, since):
        values = [db for at, _, db in quality if at >= since]
        return {"psnr_p5_db": percentile(values, 0.05) if values else None,
                "psnr_p50_db": statistics.median(values) if values else None}


def echoes(machine, client):
    """The times from a key to the square that answers it, in ms, while a video plays in a part of the
    screen; [] if none is shown"""
    pattern = machine.guest["pattern"]
    client.connect_keyboard()
    machine.tell("set pattern=window echo=1")
    machine.tell("flips forever")
    time.sleep(WARM_UP)
    times = []
    for i in range(KEYS):
        times += client.press_and_wait()
        time.sleep(0.05 + 0.013 * (i % 5)) # at any time between two frames
    machine.tell("stop")
    machine.tell("set pattern={} echo=0".format(pattern))
    return times

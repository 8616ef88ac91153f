# SPDX-License-Identifier: GPL-2.0-or-later
"""What a QEMU costs and what its clients get, seen from outside of it.

CPU times come from the kernel (/proc), a frame's way from two ends: QEMU's trace event of the
guest's flush, which stock QEMU has too, and the frame number that a client reads in the picture.
"""

import os
import re
import statistics
import subprocess
import time

from support import eglcalls
from support.waiting import Late

TICK = os.sysconf("SC_CLK_TCK")
# What a display does in the main loop; virgl's own calls are not among them
DISPLAY_CALLS = ("glReadPixels", "eglCreateImage", "eglDestroyImage", "eglCreateSync",
                 "eglExportDMABUFImageQueryMESA", "eglExportDMABUFImageMESA")
FLUSH = re.compile(r"\d+@(\d+\.\d+):virtio_gpu_cmd_res_flush\b")


class Usage:
    """CPU seconds of a process so far: all of it, its first thread (QEMU's main loop), and the
    threads that are the guest's processors"""

    def __init__(self, pid):
        with open("/proc/{}/stat".format(pid), encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        self.total = (int(fields[11]) + int(fields[12])) / TICK
        self.main = self._thread(pid, pid)
        self.guest = 0.0
        for task in os.listdir("/proc/{}/task".format(pid)):
            try:
                with open("/proc/{}/task/{}/comm".format(pid, task), encoding="utf-8") as file:
                    name = file.read()
                if name.startswith("CPU "):
                    self.guest += self._thread(pid, task)
            except FileNotFoundError:
                pass

    @staticmethod
    def _thread(pid, task):
        with open("/proc/{}/task/{}/schedstat".format(pid, task), encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9


def peak_memory_mb(pid):
    with open("/proc/{}/status".format(pid), encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024


class Flushes:
    """The guest's flushes in QEMU's trace. Give a machine options() as extra."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self._path = os.path.join(folder, "trace.log")
        self._times = []
        self._read = 0
        # The trace has the time of day, a client the clock that nobody sets
        self._offset = time.time() - time.monotonic()

    def options(self):
        # debug-threads: which threads are the guest's processors
        return ["-name", "guest,debug-threads=on", "-D", self._path, "-msg", "timestamp=on",
                "-trace", "enable=virtio_gpu_cmd_res_flush"]

    def times(self):
        """When each was, in time.monotonic()'s seconds"""
        with open(self._path, encoding="utf-8", errors="replace") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith("\n"):
                    break
                self._read += len(line.encode())
                event = FLUSH.match(line)
                if event:
                    self._times.append(float(event.group(1)) - self._offset)
        return self._times


def _ms(nanoseconds):
    return None if nanoseconds is None else nanoseconds / 1e6


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def latencies_ms(flushes, frame_before, flushes_before, seen):
    """From the guest's flush of a frame to the client's picture with its number.

    FLUSHES: times; the one at FLUSHES_BEFORE is of the frame after FRAME_BEFORE
    """
    first = {}
    for at, number in seen:
        first.setdefault(number, at)
    found = []
    for number, at in first.items():
        index = flushes_before + number - frame_before - 1
        if flushes_before <= index < len(flushes):
            found.append((at - flushes[index]) * 1000)
    return found


class Window:
    """Some seconds of one machine with one client or none"""

    def __init__(self, vm, client, flushes, counts):
        self._vm, self._client, self._flushes, self._counts = vm, client, flushes, counts

    def _exports(self):
        return eglcalls.read(self._counts)["calls"].get("eglExportDMABUFImageMESA", 0)

    def _display(self):
        """What QEMU itself tells of the display; {} if it is not the patched one"""
        try:
            return self._vm.display()
        except (AssertionError, KeyError):
            return {}

    def _main_loop_ns(self):
        """How long the display has kept QEMU's main loop: by its own account, or, where it has
        none, the calls to EGL and the readbacks that were made there, which is not all"""
        own = self._display().get("block-ns")
        if own is not None:
            return own
        spent = eglcalls.read(self._counts)["main_ns"]
        return sum(spent.get(name, 0) for name in DISPLAY_CALLS)

    def _received(self):
        return self._client.totals() if self._client else {"frames": 0, "bytes": None}

    def measure(self, seconds, numbered):
        """The measures of one round; see README.md here for what they are"""
        pid = self._vm.process.pid
        self._vm.tell("stop")
        time.sleep(0.3)
        frame, flushed = self._vm.progress()["frame"], len(self._flushes.times())
        self._vm.tell("flips forever")
        time.sleep(max(1.5, seconds / 3)) # a stream begins, an encoder finds its rate
        if self._client:
            self._client.seen()
        guest, received, exports = self._vm.progress(), self._received(), self._exports()
        kept = self._main_loop_ns()
        usage, began = Usage(pid), time.monotonic()
        time.sleep(seconds)
        usage_then, ended = Usage(pid), time.monotonic()
        seen = self._client.seen() if self._client else []
        guest_then, received_then = self._vm.progress(), self._received()
        exported, kept = self._exports() - exports, self._main_loop_ns() - kept
        span, flips = ended - began, guest_then["flips"] - guest["flips"]
        guest_span = max(guest_then["t"] - guest["t"], 1) / 1000

        if numbered: # frames that come twice count once
            frames = len({number for _, number in seen})
        else:
            frames = received_then["frames"] - received["frames"]
        latency = []
        if numbered and flips < 2 * 60 * guest_span: # of faster ones some share a flush
            latency = latencies_ms(self._flushes.times(), frame, flushed, seen)
        cpu = usage_then.total - usage.total
        size = None
        if received["bytes"] is not None and received_then["bytes"] is not None and frames:
            size = (received_then["bytes"] - received["bytes"]) / frames
        return {
            "cpu_s_per_s": cpu / span,
            "cpu_host_s_per_s": max(cpu - (usage_then.guest - usage.guest), 0) / span,
            "cpu_s_per_frame": cpu / frames if frames else None,
            "main_cpu_ms_per_flip": (usage_then.main - usage.main) * 1000 / max(flips, 1),
            "block_mean_ms": kept / 1e6 / max(flips, 1),
            "block_longest_ms": _ms(self._display().get("longest-block-ns")),
            "flips_per_s": flips / guest_span,
            "frames_per_s": frames / span,
            "latency_p50_ms": statistics.median(latency) if latency else None,
            "latency_p99_ms": percentile(latency, 0.99) if latency else None,
            "bytes_per_frame": size,
            "rss_mb": peak_memory_mb(pid),
            "exports_per_flip": exported / max(flips, 1),
            "fd_calls_per_flip": None,
        }

    def descriptor_calls(self, seconds):
        """System calls for descriptors that come and go, per flip. strace slows QEMU down: this
        is counted apart from all that is timed."""
        before = self._vm.progress()["flips"]
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-e", "trace=dup,dup2,dup3,close,sendmsg", "-o",
             os.path.join(self._vm.logdir, "strace.log"), "-p", str(self._vm.process.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(seconds)
            if tracer.poll() is not None:
                return None
        finally:
            tracer.terminate()
            tracer.wait()
        flips = self._vm.progress()["flips"] - before
        with open(os.path.join(self._vm.logdir, "strace.log"), encoding="utf-8",
                  errors="replace") as log:
            calls = sum(1 for line in log if re.match(r"\d+ +(dup|close|sendmsg)", line) and
                        ("SCM_RIGHTS" in line or "sendmsg" not in line))
        return calls / max(flips, 1)


__all__ = ["Flushes", "Late", "Usage", "Window", "latencies_ms", "peak_memory_mb", "percentile"]

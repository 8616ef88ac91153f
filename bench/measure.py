# SPDX-License-Identifier: GPL-2.0-or-later
"""What a QEMU costs and what its clients get, seen from outside of it.

CPU times come from the kernel (/proc). A frame is observed at two points: QEMU's trace event of
the guest's flush, which stock QEMU has too, and the frame number that a client reads in the picture.
"""

import os
import re
import statistics
import subprocess
import time

from support.flushes import Flushes, first_seen

import eglcount

# The calls of a display in the main loop, without virgl's own
DISPLAY_CALLS = ("glReadPixels", "glFlush", "glFinish", "eglCreateImage", "eglDestroyImage",
                 "eglCreateSync", "eglDestroySync",
                 "eglExportDMABUFImageQueryMESA", "eglExportDMABUFImageMESA")
# System calls that make, copy, pass or close descriptors, as strace writes them. The arguments of
# recvmsg are known when it returns, those of the others when it is called.
TRACED = "dup,dup2,dup3,fcntl,memfd_create,close,sendmsg,recvmsg,ioctl"
DESCRIPTOR_CALL = re.compile(
    r"\d+ +(\d+\.\d+) (?:(?:dup|memfd_create|close)\w*\(|fcntl\(\d+, F_DUPFD|sendmsg\(.*SCM_RIGHTS"
    r"|(?:recvmsg\(|<\.\.\. recvmsg resumed).*SCM_RIGHTS"
    r"|ioctl\(\d+, (?:UDMABUF_CREATE|DRM_IOCTL_PRIME_))")


class Usage:
    """CPU seconds of a process so far: all of it, its first thread (QEMU's main loop), and the
    threads that are the guest's processors"""

    def __init__(self, pid):
        # clock_getcpuclockid(3): to the nanosecond, where /proc has ticks
        self.total = time.clock_gettime((~pid << 3) | 2)
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


def forget_peak_memory(pid):
    """Resets the peak; False where the kernel cannot do that (clear_refs)"""
    try:
        with open("/proc/{}/clear_refs".format(pid), "w", encoding="ascii") as file:
            file.write("5")
        return True
    except OSError:
        return False


def peak_memory_mb(pid):
    with open("/proc/{}/status".format(pid), encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024


def own_account(before, after, flips):
    """How long the display has kept QEMU's main loop busy, as the patched QEMU counts it.

    The longest time is a maximum since QEMU began: if it has grown within the window, it is the
    window's own; otherwise it is only a limit.
    """
    if "block-ns" not in after:
        return {"block_mean_ms": None, "block_longest_ms": None, "block_longest_at_most": None}
    return {"block_mean_ms": (after["block-ns"] - before["block-ns"]) / 1e6 / max(flips, 1),
            "block_longest_ms": after["longest-block-ns"] / 1e6,
            "block_longest_at_most": after["longest-block-ns"] == before["longest-block-ns"]}


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def latencies_ms(flushes, frame_before, flushes_before, seen):
    """From the guest's flush of a frame to the client's picture with its number.

    FLUSHES: times; the one at FLUSHES_BEFORE is of the frame after FRAME_BEFORE
    """
    found = []
    for number, at in first_seen(seen).items():
        index = flushes_before + number - frame_before - 1
        if flushes_before <= index < len(flushes):
            found.append((at - flushes[index]) * 1000)
    return found


class Window:
    """Some seconds of one machine with one client or none"""

    def __init__(self, vm, client, flushes, counts):
        self._vm, self._client, self._flushes, self._counts = vm, client, flushes, counts

    def _exports(self):
        return eglcount.read(self._counts)["calls"].get("eglExportDMABUFImageMESA", 0)

    def _display(self):
        """What QEMU itself reports of the display; {} if it is not the patched one"""
        try:
            return self._vm.display()
        except (AssertionError, KeyError):
            return {}

    def _calls_ns(self, which):
        """How long EGL calls and readbacks have kept QEMU's main loop busy, by name: one measure
        for all stacks, which does not cover everything that keeps it busy"""
        spent = eglcount.read(self._counts)[which]
        return {name: spent.get(name, 0) for name in DISPLAY_CALLS}

    def _received(self):
        return self._client.totals() if self._client else {"frames": 0, "bytes": None}

    def measure(self, seconds, numbered):
        """The measures of one round, which report.py explains. Seconds are those of this machine,
        and None means that it was not measured."""
        pid = self._vm.process.pid
        self._vm.tell("stop")
        time.sleep(0.3)
        frame, flushed = self._vm.progress()["frame"], len(self._flushes.times())
        self._vm.tell("flips forever")
        time.sleep(max(1.5, seconds / 3)) # a stream begins, an encoder finds its rate
        if self._client:
            self._client.seen()
        guest, received, exports = self._vm.progress(), self._received(), self._exports()
        own, calls = self._display(), self._calls_ns("main_ns")
        eglcount.reset_longest(self._counts)
        has_peak = forget_peak_memory(pid)
        usage, began = Usage(pid), time.monotonic()
        time.sleep(seconds)
        usage_then, ended = Usage(pid), time.monotonic()
        longest = max(self._calls_ns("main_longest_ns").values())
        seen = self._client.seen() if self._client else []
        guest_then, received_then = self._vm.progress(), self._received()
        own_then, calls_then = self._display(), self._calls_ns("main_ns")
        exported = self._exports() - exports
        span, flips = ended - began, guest_then["flips"] - guest["flips"]
        guest_span = max(guest_then["t"] - guest["t"], 1) / 1000

        if numbered: # frames that come twice count once
            first = first_seen(seen).values()
            frames = sum(1 for at in first if began <= at <= ended)
        else:
            frames = received_then["frames"] - received["frames"]
        self._vm.tell("stop")
        time.sleep(0.3)
        flushes = self._flushes.times()
        # A fast guest's frames, and those of one that is made to wait, share flushes: no latency is known
        matched = len(flushes) - flushed == self._vm.progress()["frame"] - frame
        latency = latencies_ms(flushes, frame, flushed, seen) if numbered and matched else []
        cpu = usage_then.total - usage.total
        size = None
        if received["bytes"] is not None and received_then["bytes"] is not None and frames:
            size = (received_then["bytes"] - received["bytes"]) / frames
        return {
            "cpu_s_per_s": cpu / span,
            "cpu_host_s_per_s": max(cpu - (usage_then.guest - usage.guest), 0) / span,
            "cpu_s_per_frame": cpu / frames if frames else None,
            "main_cpu_ms_per_flip": (usage_then.main - usage.main) * 1000 / max(flips, 1),
            "calls_mean_ms": (sum(calls_then.values()) - sum(calls.values())) / 1e6 / max(flips, 1),
            "calls_longest_ms": longest / 1e6,
            **own_account(own, own_then, flips),
            "flips_per_s": flips / guest_span,
            "frames_per_s": frames / span,
            "latency_p50_ms": statistics.median(latency) if latency else None,
            "latency_p99_ms": percentile(latency, 0.99) if latency else None,
            "bytes_per_frame": size,
            "rss_mb": peak_memory_mb(pid) if has_peak else None,
            "exports_per_flip": exported / max(flips, 1),
            "fd_calls_per_flip": None,
        }

    def descriptor_calls(self, seconds):
        """System calls that create, pass or close descriptors, per flip; None if strace does not work.

        All of QEMU's are counted, whatever their purpose, on all stacks alike. If a double
        replaces /dev/udmabuf, its dup is counted instead of an ioctl. strace slows QEMU down, so
        nothing is timed meanwhile.
        """
        self._vm.tell("flips forever")
        time.sleep(0.5)
        path = os.path.join(self._vm.logdir, "strace.log")
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-ttt", "-e", "trace=" + TRACED, "-e", "signal=none",
             "-o", path, "-p", str(self._vm.process.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.3) # all threads are attached
            began = time.monotonic()
            time.sleep(seconds)
            ended = time.monotonic()
            if tracer.poll() is not None:
                return None
        finally:
            tracer.terminate()
            tracer.wait()
        with open(path, encoding="utf-8", errors="replace") as log:
            calls = [self._flushes.monotonic(float(call.group(1)))
                     for call in map(DESCRIPTOR_CALL.match, log) if call]
        # While QEMU is traced, the guest's own count of flips would come too late

        def within(times):
            return sum(1 for at in times if began <= at <= ended)
        return within(calls) / max(within(self._flushes.times()), 1)


__all__ = ["Flushes", "Usage", "Window", "latencies_ms", "peak_memory_mb", "percentile"]

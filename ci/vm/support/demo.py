# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/demo: boots one guest three times, and reports what each kind of client costs."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from . import eglcalls, picture, stack
from .flushes import Flushes, FrameTimes, first_seen
from .link import Link, LinkedMachine
from .machine import Machine
from .waiting import Late

SIZE = (1280, 720)
# The link to the remote client, see ci/link
LINK = "wifi"
COLUMNS = (("case", "case"), ("flips", "flips"), ("prime exports", "prime_exports"),
           ("readbacks", "readbacks"), ("frames shown", "frames_shown"),
           ("latency, ms", "latency_ms"), ("Mbit/s", "mbit_s"), ("codec", "codec"), ("path", "path"))
SENTENCE = ("Over {} a remote client saw the guest's 3D output, encoded in software, while QEMU "
            "exported nothing.")


def say(text):
    print("demo: " + text, file=sys.stderr, flush=True)


def version_of(command):
    try:
        text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False, text=True).stdout.strip()
    except OSError:
        return None
    return text.splitlines()[0] if text else None


def versions(machine):
    return {
        "qemu": version_of([stack.qemu(), "--version"]),
        "spice-server": machine.qmp("query-spice").get("compiled-version"),
        "virglrenderer": version_of(["pkg-config", "--modversion", "virglrenderer"]),
        "spice-gtk": version_of(["pkg-config", "--modversion", "spice-client-glib-2.0"]),
        "guest-kernel": guest_kernel(),
        "accelerator": stack.accelerator(),
    }


def guest_kernel():
    folder = stack.built("guest/kernel/boot", "scripts/build guest")
    return next((name[len("vmlinuz-"):] for name in os.listdir(folder)
                 if name.startswith("vmlinuz-")), None)


def make_link(folder):
    """The link, or None if none can be made"""
    try:
        return Link(LINK, folder)
    except (Late, OSError) as error:
        say("no link can be made here, the remote client is on this machine: {}".format(error))
        return None


def described(link):
    if not link:
        return "this machine's loopback"
    down = link.counters()["down"]
    return "a link like {} ({:.0f} Mbit/s, {:.0f} ms each way, {} congestion control)".format(
        {"wifi": "Wi-Fi"}.get(link.name, link.name), down["rate"] / 1e6, down["delay_ms"], link.congestion)


class Case:
    """One boot of the guest with one kind of client, or none"""

    def __init__(self, name, way, flips, outdir):
        self.name, self.way, self.flips, self.outdir = name, way, flips, outdir
        self.problem = self.over = None
        self.egl = self.versions = None

    def run(self):
        """The case's row of the report"""
        folder = os.path.join(self.outdir, self.name)
        os.makedirs(folder, exist_ok=True)
        link = make_link(folder) if self.way == "tcp" else None
        try:
            return self._run(folder, link)
        finally:
            if link:
                link.close()

    def _run(self, folder, link):
        counts = os.path.join(folder, "egl-calls")
        flushes = Flushes(folder)
        options = {"link": link} if link else {}
        machine = (LinkedMachine if link else Machine)(
            self.outdir, name=self.name, unix=True, tcp=True, extra=flushes.options(),
            guest={"pattern": "motion", "size": "{}x{}".format(*SIZE)},
            preload=[stack.eglcount()] + stack.dmabuf_preload(),
            environment={"EGLCOUNT_FILE": counts}, **options)
        with machine:
            row = self._watch(machine, flushes)
            self.versions = versions(machine)
            display = machine.display()
        if self.way == "tcp":
            self.over = described(link)
        self.egl = {"platform": display["egl-platform"], "renderer": display["egl-renderer"],
                    "initialised": eglcalls.initialised(eglcalls.read(counts))}
        return row

    def _watch(self, machine, flushes):
        client = None
        if self.way:
            client = machine.client(self.way, self.name, options=["--counter"])
            client.wait_for_frames(1)
            client.seen()
        before = machine.display()
        received = client.display() if client else None
        frames = FrameTimes(machine, flushes)
        numbers = machine.flips(self.flips)
        # While the picture moves it is sent as video; a moment later it is not
        server = (machine.display()["clients"] or [{}])[0]
        now = client.display() if client else received
        after = machine.display()
        latency = median_latency(client.seen(), frames) if client else None
        shown = self._picture(machine, client) if client else None
        received_bytes = now["bytes"] - received["bytes"] if client else 0
        return {
            "case": self.name, "flips": numbers["flips"],
            "prime_exports": after["prime-exports"],
            "readbacks": after["readbacks"],
            "frames_shown": now["counter_changes"] - received["counter_changes"] if client else 0,
            "latency_ms": None if latency is None else round(latency * 1000),
            "bytes": received_bytes,
            "mbit_s": round(received_bytes * 8e-3 / max(numbers["t"], 1), 1),
            "codec": server.get("codec"), "path": server.get("path", "none"),
            "picture": shown,
            "draws": after["draws"] - before["draws"],
            "longest_frame_us": numbers["maxgap"],
        }

    def _picture(self, machine, client):
        """Lets the guest show its test picture, and saves the client's picture of it"""
        machine.tell("set pattern=corners")
        machine.flips(30)
        tolerance = picture.LOSSLESS if self.way == "unix" else picture.LOSSY
        client.wait_for_picture(
            lambda p: picture.wrong_corners(p, *SIZE, tolerance=tolerance))
        path = os.path.join(stack.BUILD, "demo", self.name + ".png")
        client.ask("save " + path)
        return os.path.relpath(path, stack.TOP)


def median_latency(seen, frames):
    """The time from the guest's flush to the client's picture, in seconds; None: frames shared flushes,
    or nothing was shown"""
    flushed = frames.all()
    times = [at - flushed[number] for number, at in first_seen(seen).items() if number in flushed]
    return statistics.median(times) if times else None


def table(rows):
    cells = [[title for title, _ in COLUMNS]]
    for row in rows:
        cells.append(["-" if row[key] is None else str(row[key]) for _, key in COLUMNS])
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = []
    for line in cells:
        lines.append("  ".join(cell.rjust(width) if 0 < i < 7 else cell.ljust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def shortcomings(rows, egl):
    """The broken promises, as a list of texts"""
    by_case = {row["case"]: row for row in rows}
    nobody, local, remote = by_case["nobody"], by_case["local"], by_case["remote"]
    checks = [
        (egl["initialised"] == 1,
         "EGL was initialised {} times".format(egl["initialised"])),
        (nobody["prime_exports"] == 0 and nobody["readbacks"] == 0,
         "with nobody connected there were {prime_exports} exports and {readbacks} "
         "readbacks".format(**nobody)),
        (local["path"] == "local" and local["readbacks"] == 0,
         "the local client was served by {path}, with {readbacks} readbacks".format(**local)),
        (0 < local["prime_exports"] < local["flips"] / 10,
         "the local client cost {prime_exports} exports for {flips} flips".format(**local)),
        (remote["path"] == "software",
         "the remote client was served by " + str(remote["path"])),
        (remote["prime_exports"] == 0,
         "the remote client cost {prime_exports} exports".format(**remote)),
        (remote["frames_shown"] > 0 and remote["readbacks"] > 0,
         "the remote client showed {frames_shown} frames".format(**remote)),
    ]
    return [text for good, text in checks if not good]


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--flips", type=int, default=300, help="frames the guest shows in each "
                        "case (%(default)s)")
    arguments = parser.parse_args()
    outdir = os.path.join(stack.BUILD, "demo")
    os.makedirs(outdir, exist_ok=True)
    for stale in ("report.json", "remote.png", "local.png"):
        if os.path.exists(os.path.join(outdir, stale)):
            os.remove(os.path.join(outdir, stale))
    started = time.monotonic()
    rows = []
    case = None
    for name, way in (("nobody", None), ("local", "unix"), ("remote", "tcp")):
        say("guest with {} ...".format("nobody connected" if not way else
                                       "a {} client".format(name)))
        shutil.rmtree(os.path.join(outdir, name), ignore_errors=True)
        case = Case(name, way, arguments.flips, outdir)
        rows.append(case.run())
    report = {"versions": case.versions, "egl": case.egl, "cases": rows, "remote_over": case.over}
    with open(os.path.join(outdir, "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    print(table(rows))
    print()
    problems = shortcomings(rows, case.egl)
    for problem in problems:
        print("demo: not as promised: " + problem)
    if not problems:
        print(SENTENCE.format(case.over))
    say("{:.0f} s; build/demo/report.json, remote.png and local.png are written".format(
        time.monotonic() - started))
    return 1 if problems else 0


def run(job, logs):
    """Ends the program with JOB()'s status, or with an error; logs: a sentence that says where they are"""
    try:
        sys.exit(job())
    except stack.Missing as error:
        sys.exit("demo: " + str(error))
    except AssertionError as error:
        sys.exit("demo: {}\ndemo: {}".format(error, logs))


if __name__ == "__main__":
    run(main, "the logs of each case are in build/demo/CASE/")

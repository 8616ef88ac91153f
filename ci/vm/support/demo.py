# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job: one guest, three times over, and what each kind of client cost."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time

from . import eglcalls, picture, stack
from .machine import Machine

SIZE = (1280, 720)
COLUMNS = (("case", "case"), ("flips", "flips"), ("prime exports", "prime_exports"),
           ("readbacks", "readbacks"), ("frames shown", "frames_shown"),
           ("bytes", "bytes"), ("codec", "codec"), ("path", "path"))
SENTENCE = ("A remote client saw the guest's 3D output, encoded in software, while QEMU "
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


class Case:
    """One boot of the guest with one kind of client, or none"""

    def __init__(self, name, way, flips, outdir):
        self.name, self.way, self.flips, self.outdir = name, way, flips, outdir
        self.problem = None
        self.egl = self.versions = None

    def run(self):
        """The case's row of the report"""
        counts = os.path.join(self.outdir, self.name, "egl-calls")
        os.makedirs(os.path.dirname(counts), exist_ok=True)
        machine = Machine(self.outdir, name=self.name, unix=True, tcp=True,
                          guest={"pattern": "motion", "size": "{}x{}".format(*SIZE)},
                          preload=[stack.eglcount()] + stack.dmabuf_preload(),
                          environment={"EGLCOUNT_FILE": counts})
        with machine:
            row = self._watch(machine)
            self.versions = versions(machine)
            display = machine.display()
        self.egl = {"platform": display["egl-platform"], "renderer": display["egl-renderer"],
                    "initialised": eglcalls.initialised(eglcalls.read(counts))}
        return row

    def _watch(self, machine):
        client = None
        if self.way:
            client = machine.client(self.way, self.name, options=["--counter"])
            client.wait_for_frames(1)
        before = machine.display()
        received = client.display() if client else None
        numbers = machine.flips(self.flips)
        # While the picture moves it goes as video; a moment later it does not
        server = (machine.display()["clients"] or [{}])[0]
        now = client.display() if client else received
        after = machine.display()
        shown = self._picture(machine, client) if client else None
        return {
            "case": self.name, "flips": numbers["flips"],
            "prime_exports": after["prime-exports"],
            "readbacks": after["readbacks"],
            "frames_shown": now["counter_changes"] - received["counter_changes"] if client else 0,
            "bytes": now["bytes"] - received["bytes"] if client else 0,
            "codec": server.get("codec"), "path": server.get("path", "none"),
            "picture": shown,
            "draws": after["draws"] - before["draws"],
            "longest_frame_us": numbers["maxgap"],
        }

    def _picture(self, machine, client):
        """Has the guest show its test picture, and keeps what the client makes of it"""
        machine.tell("set pattern=corners")
        machine.flips(30)
        tolerance = picture.LOSSLESS if self.way == "unix" else picture.LOSSY
        client.wait_for_picture(
            lambda p: picture.wrong_corners(p, *SIZE, tolerance=tolerance))
        path = os.path.join(stack.BUILD, "demo", self.name + ".png")
        client.ask("save " + path)
        return os.path.relpath(path, stack.TOP)


def table(rows):
    cells = [[title for title, _ in COLUMNS]]
    for row in rows:
        cells.append(["-" if row[key] is None else str(row[key]) for _, key in COLUMNS])
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    lines = []
    for line in cells:
        lines.append("  ".join(cell.rjust(width) if i in (1, 2, 3, 4, 5) else cell.ljust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def shortcomings(rows, egl):
    """What is not as promised, one text each"""
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
    report = {"versions": case.versions, "egl": case.egl, "cases": rows}
    with open(os.path.join(outdir, "report.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    print(table(rows))
    print()
    problems = shortcomings(rows, case.egl)
    for problem in problems:
        print("demo: not as promised: " + problem)
    if not problems:
        print(SENTENCE)
    say("{:.0f} s; build/demo/report.json, remote.png and local.png are written".format(
        time.monotonic() - started))
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except stack.Missing as error:
        sys.exit("demo: " + str(error))
    except AssertionError as error:
        sys.exit("demo: {}\ndemo: the logs of each case are in build/demo/CASE/".format(error))

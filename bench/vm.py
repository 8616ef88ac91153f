# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/bench: whole guests side by side, and the micro benchmarks."""

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import time

from support import stack
from support.demo import version_of
from support.machine import Machine, _free_port
from support.waiting import Late

import bounds
import micro_results
from cases import CASES, QUICK_CASES, WORKLOADS
from measure import Flushes, Window

OUT = os.path.join(stack.BUILD, "bench")


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


class Bench:
    """Collects results; each is kept as soon as it is there"""

    def __init__(self, arguments):
        self._arguments = arguments
        self._about = None
        self._rows = {}
        self.results = {
            "version": 1, "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
            "command": "scripts/bench " + " ".join(sys.argv[1:]), "quick": arguments.quick,
            "machine": {}, "versions": {}, "micro": None, "vm": [], "bounds": []}

    def row(self, case, workload, size):
        key = (str(case), workload, size)
        if key not in self._rows:
            row = {"stack": case.stack, "client": case.client, "workload": workload,
                   "size": size, "skipped": None, "rounds": []}
            self._rows[key] = row
            self.results["vm"].append(row)
        return self._rows[key]

    def save(self):
        self.results["bounds"] = bounds.check(self.results["vm"])
        path = os.path.join(OUT, "results.json")
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(self.results, file, indent=1)
            file.write("\n")
        os.replace(path + ".part", path)

    def describe(self, machine):
        """The machine that measures, and what runs on it; once"""
        if self.results["machine"]:
            return
        display = machine.display()
        self.results["machine"] = {
            "cpu": _cpu_name(), "cores": os.cpu_count(),
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2 ** 20,
            "kernel": platform.release(), "accelerator": stack.accelerator(),
            "renderer": display["egl-renderer"],
            "dmabuf": "udmabuf" if stack.has_real_udmabuf() else "double of udmabuf"}
        self.results["versions"] = {
            "qemu": version_of([stack.qemu(), "--version"]),
            "spice-server": machine.qmp("query-spice").get("compiled-version"),
            "virglrenderer": version_of(["pkg-config", "--modversion", "virglrenderer"]),
            "gstreamer": version_of(["pkg-config", "--modversion", "gstreamer-1.0"]),
            "spice-gtk": version_of(["pkg-config", "--modversion", "spice-client-glib-2.0"])}

    def run_case(self, case, size, number):
        """One boot, through all workloads"""
        name = "{}-{}-{}-{}".format(case.stack, case.client, size, number)
        folder = os.path.join(OUT, name)
        shutil.rmtree(folder, ignore_errors=True)
        counts, port = os.path.join(folder, "egl-calls"), _free_port()
        flushes = Flushes(folder)
        options = case.options(port)
        options["extra"] = options.get("extra", []) + flushes.options()
        options["environment"] = dict(options.get("environment", {}), EGLCOUNT_FILE=counts)
        with Machine(OUT, name=name, guest={"pattern": "counter", "size": size},
                     preload=[stack.eglcount()] + stack.dmabuf_preload(), **options) as machine:
            if case.stack == "this":
                self.describe(machine)
            client = case.connect(machine, port)
            try:
                self._run_workloads(case, size, machine, Window(machine, client, flushes, counts))
            finally:
                if hasattr(client, "close"):
                    client.close()

    def _run_workloads(self, case, size, machine, window):
        for workload in self._arguments.workloads:
            commands, numbered = WORKLOADS[workload]
            machine.tell("stop")
            for command in commands:
                machine.tell(command)
            measures = window.measure(self._arguments.seconds, numbered)
            row = self.row(case, workload, size)
            if workload == "fast" and not row["rounds"] and case.client != "remote":
                measures["fd_calls_per_flip"] = window.descriptor_calls(1)
            row["rounds"].append(measures)
            say("{} {}, {}: {:.0f} flips/s, {:.0f} frames/s, CPU {:.2f}".format(
                workload, size, case, measures["flips_per_s"], measures["frames_per_s"],
                measures["cpu_s_per_s"]))


def _cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        return next((line.split(":", 1)[1].strip() for line in file
                     if line.startswith("model name")), platform.machine())


def micro(quick):
    """The micro benchmarks' results; None with a word where there are none"""
    try:
        program = stack.built("bench-tools/micro/spicegl-micro", "scripts/build bench")
        import micro_results
    except (stack.Missing, ImportError) as error:
        say("no micro benchmarks: {}".format(error))
        return None
    say("micro benchmarks …")
    path = os.path.join(OUT, "micro.json")
    environment = dict(os.environ)
    if stack.dmabuf_preload():
        environment["LD_PRELOAD"] = ":".join(stack.dmabuf_preload())
    subprocess.run([program, "--benchmark_out_format=json", "--benchmark_out=" + path] +
                   (["--benchmark_min_time=0.01s"] if quick else []),
                   stdout=subprocess.DEVNULL, env=environment, check=True)
    context, results = micro_results.read(path)
    return {"context": context, "results": results}


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures, side by side in "
                                     "one run, what each kind of client costs; writes "
                                     "build/bench/results.json and build/bench/report.html.")
    parser.add_argument("--quick", action="store_true",
                        help="one short round of some cases: that it works, not how fast")
    parser.add_argument("--rounds", type=int, help="how often each case is measured (5)")
    parser.add_argument("--seconds", type=float, help="that each measurement takes (4)")
    parser.add_argument("--sizes", nargs="+", help="of the guest's screen (1280x720 1920x1080)")
    parser.add_argument("--workloads", nargs="+", choices=sorted(WORKLOADS), help="(all)")
    parser.add_argument("--no-micro", action="store_true", help="whole guests only")
    arguments = parser.parse_args()
    quick = arguments.quick
    arguments.rounds = arguments.rounds or (1 if quick else 5)
    arguments.seconds = arguments.seconds or (2 if quick else 4)
    arguments.sizes = arguments.sizes or (["1280x720"] if quick else ["1280x720", "1920x1080"])
    arguments.workloads = arguments.workloads or (["small", "motion"] if quick else list(WORKLOADS))
    return arguments


def main():
    arguments = parse()
    os.makedirs(OUT, exist_ok=True)
    bench = Bench(arguments)
    if not arguments.no_micro:
        bench.results["micro"] = micro(arguments.quick)
    cases = QUICK_CASES if arguments.quick else CASES
    started = time.monotonic()
    for number in range(1, arguments.rounds + 1):
        for size in arguments.sizes:
            for case in cases:
                say("round {}/{}, {} s: {} at {}".format(
                    number, arguments.rounds, int(time.monotonic() - started), case, size))
                try:
                    bench.run_case(case, size, number)
                except (stack.Missing, Late) as error:
                    for workload in arguments.workloads:
                        row = bench.row(case, workload, size)
                        if not row["rounds"]:
                            row["skipped"] = str(error).split("\n", 1)[0]
                    say("{} at {}: {}".format(case, size, error))
                bench.save()
    say("{:.0f} s; build/bench/results.json is written".format(time.monotonic() - started))
    measured = [row for row in bench.results["vm"] if row["rounds"]]
    return 0 if measured and not any(row["skipped"] for row in bench.results["vm"]) else 1


if __name__ == "__main__":
    sys.exit(main())

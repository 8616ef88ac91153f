# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/bench: whole guests side by side, and the micro benchmarks."""

import argparse
import datetime
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time

from support import stack
from support.demo import version_of
from support.machine import Machine

import bounds
import micro_results
from cases import CASES, QUICK_CASES, WORKLOADS
from measure import Flushes, Window

OUT = os.path.join(stack.BUILD, "bench")


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    """Collects results, and stores each at once"""

    def __init__(self, arguments):
        self._arguments = arguments
        self._about = None
        self._rows = {}
        self.results = {
            "version": 2, "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
            "command": "scripts/bench " + " ".join(sys.argv[1:]), "quick": arguments.quick,
            "machine": {}, "versions": {}, "micro": None, "micro_error": None,
            "micro_elsewhere": [], "vm": [], "bounds": []}

    def row(self, case, workload, size):
        key = (str(case), workload, size)
        if key not in self._rows:
            row = {"stack": case.stack, "client": case.client, "workload": workload,
                   "size": size, "skipped": None, "errors": [], "rounds": []}
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
        """Records, once, the machine that measures and what runs on it"""
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
        counts, port = os.path.join(folder, "egl-calls"), free_port()
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
                self._run_workloads(case, size, number, machine,
                                    Window(machine, client, flushes, counts))
            finally:
                if hasattr(client, "close"):
                    client.close()

    def _run_workloads(self, case, size, number, machine, window):
        for workload in self._arguments.workloads:
            numbered = self._set_workload(machine, workload)
            measures = dict(window.measure(self._arguments.seconds, numbered), round=number)
            self.row(case, workload, size)["rounds"].append(measures)
            say("{} {}, {}: {:.0f} flips/s, {:.0f} frames/s, CPU {:.2f}".format(
                workload, size, case, measures["flips_per_s"], measures["frames_per_s"],
                measures["cpu_s_per_s"]))
        for workload in self._arguments.workloads:
            rounds = self.row(case, workload, size)["rounds"]
            if len(rounds) == 1: # once is enough, after everything that is timed
                self._set_workload(machine, workload)
                rounds[0]["fd_calls_per_flip"] = window.descriptor_calls(
                    3 if workload == "idle" else 1)

    @staticmethod
    def _set_workload(machine, workload):
        """Whether its pictures are numbered"""
        commands, numbered = WORKLOADS[workload]
        for command in ["stop"] + commands:
            machine.tell(command)
        return numbered

    def skip(self, case, size, reason):
        for workload in self._arguments.workloads:
            self.row(case, workload, size)["skipped"] = reason

    def try_case(self, case, size, number):
        """Records an error as the reason for missing results, and lets the next case go on"""
        try:
            self.run_case(case, size, number)
        except Exception as error: # whatever it is: the other cases are worth keeping
            text = "{}: {}".format(type(error).__name__, str(error).split("\n", 1)[0])
            rows = [self.row(case, workload, size) for workload in self._arguments.workloads]
            lacking = [row for row in rows if number not in [r["round"] for r in row["rounds"]]]
            # after all windows the calls for descriptors are counted
            for row in lacking or rows:
                row["errors"].append({"round": number, "error": text})
            say("{} at {}: {}".format(case, size, error))


def _cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        return next((line.split(":", 1)[1].strip() for line in file
                     if line.startswith("model name")), platform.machine())


def micro(quick):
    """The micro benchmarks' results; None, and why, if there are none. If one fails, the earlier
    ones are kept."""
    path = os.path.join(OUT, "micro.json")
    if os.path.exists(path):
        os.remove(path)
    environment = dict(os.environ)
    try:
        program = stack.built("bench-tools/micro/spicegl-micro", "scripts/build bench")
        if stack.dmabuf_preload():
            environment["LD_PRELOAD"] = ":".join(stack.dmabuf_preload())
    except stack.Missing as error:
        return None, str(error)
    say("micro benchmarks …")
    done = subprocess.run([program, "--benchmark_out_format=json", "--benchmark_out=" + path] +
                          (["--benchmark_min_time=0.01s"] if quick else []), check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment,
                          text=True, errors="replace")
    sys.stderr.write(done.stderr)
    problem = None
    if done.returncode:
        problem = ": ".join(["spicegl-micro ended with status {}".format(done.returncode)] +
                            done.stderr.strip().splitlines()[-1:])
    try:
        return read_micro(path), problem
    except (OSError, ValueError, KeyError) as error:
        return None, problem or "{}: {}".format(path, error)


def read_micro(path):
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
    parser.add_argument("--stacks", nargs="+", choices=sorted({case.stack for case in CASES}),
                        help="(all)")
    parser.add_argument("--no-micro", action="store_true", help="whole guests only")
    parser.add_argument("--micro-from", metavar="FILE", action="append", default=[],
                        help="micro.json of another machine, for a table of its own; repeatable")
    parser.add_argument("--unavailable", nargs=2, metavar=("STACK", "REASON"), action="append",
                        default=[], help="leave a stack out, and say why; repeatable")
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
        bench.results["micro"], problem = micro(arguments.quick)
        bench.results["micro_error"] = problem
        if problem:
            say(problem)
    bench.results["micro_elsewhere"] = [read_micro(path) for path in arguments.micro_from]
    unavailable = dict(arguments.unavailable)
    cases = [case for case in (QUICK_CASES if arguments.quick else CASES)
             if not arguments.stacks or case.stack in arguments.stacks]
    started = time.monotonic()
    for number in range(1, arguments.rounds + 1):
        for size in arguments.sizes:
            for case in cases:
                if case.stack in unavailable:
                    bench.skip(case, size, unavailable[case.stack])
                else:
                    say("round {}/{}, {} s: {} at {}".format(
                        number, arguments.rounds, int(time.monotonic() - started), case, size))
                    bench.try_case(case, size, number)
                bench.save()
    say("{:.0f} s; build/bench/results.json is written".format(time.monotonic() - started))
    failed = bench.results["micro_error"] or any(row["errors"] for row in bench.results["vm"])
    return 1 if failed or not any(row["rounds"] for row in bench.results["vm"]) else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/bench network: what remote clients show over links like real ones."""

import argparse
import datetime
import json
import os
import shutil
import socket
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path[:0] = [os.path.join(TOP, "ci", "vm"), os.path.join(TOP, "ci", "eglcount")]

from support import stack  # noqa: E402
from support.flushes import Flushes  # noqa: E402
from support.link import Link  # noqa: E402

from measure import percentile  # noqa: E402
from network_cases import CASES, COMPARED, make_machine  # noqa: E402
from network_measure import Measurement, echoes  # noqa: E402

LINKS = ("lan", "wifi", "vpn", "dsl", "bloat", "lte", "thin", "steps")
# Going through the steps takes 18 s
STEPS_SECONDS = 18
OUT = os.path.join(stack.BUILD, "bench")
COLUMNS = (("link", "{}"), ("case", "{}"), ("codec", "{}"), ("flips_per_s", "{:.0f}"),
           ("shown_per_s", "{:.1f}"), ("latency_p50_ms", "{:.0f}"), ("latency_p99_ms", "{:.0f}"),
           ("mbit_per_s", "{:.1f}"), ("link_used", "{:.0%}"), ("queue_max_ms", "{:.0f}"),
           ("psnr_p5_db", "{:.1f}"), ("psnr_p50_db", "{:.1f}"), ("first_shown_ms", "{:.0f}"),
           ("longest_gap_ms", "{:.0f}"), ("lossless_ms", "{:.0f}"), ("echo_p50_ms", "{:.0f}"),
           ("echo_p95_ms", "{:.0f}"), ("cpu_host_s_per_s", "{:.2f}"))
HEADS = {"flips_per_s": "flips/s", "shown_per_s": "shown/s", "latency_p50_ms": "p50", "latency_p99_ms": "p99",
         "mbit_per_s": "Mbit/s", "link_used": "used", "queue_max_ms": "queue", "psnr_p5_db": "PSNR p5",
         "psnr_p50_db": "p50", "first_shown_ms": "first", "longest_gap_ms": "gap",
         "lossless_ms": "lossless", "echo_p50_ms": "echo p50", "echo_p95_ms": "p95",
         "cpu_host_s_per_s": "CPU"}


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def parse():
    parser = argparse.ArgumentParser(
        prog="scripts/bench network",
        description="What remote clients show over links like real ones, of a guest with full-screen "
        "motion at 60 Hz. A frame counts when the client shows it, which its number tells. Times are "
        "in ms; latency is from the guest's flush, without the link's own delay. Writes a table, and "
        "build/bench/network.json.",
        epilog="Links: {}. Cases: {}.".format(", ".join(LINKS), "; ".join(
            "{}{}".format(name, " ({})".format(case.about) if case.about else "")
            for name, case in CASES.items())))
    parser.add_argument("--link", "--links", dest="links", nargs="+", choices=LINKS, metavar="NAME",
                        default=["lan", "wifi", "vpn", "dsl", "thin"], help="(%(default)s)")
    parser.add_argument("--case", "--cases", dest="cases", nargs="+", choices=CASES, metavar="NAME",
                        default=list(COMPARED), help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=6, help="of steady motion (%(default)s)")
    parser.add_argument("--size", default="1280x720", help="of the guest's screen (%(default)s)")
    parser.add_argument("--pattern", default="motion", choices=("motion", "counter"),
                        help="full-screen motion, or a band of 64 lines that changes (%(default)s)")
    parser.add_argument("--congestion", help="TCP's congestion control, e.g. reno")
    parser.add_argument("--echo", action="store_true", help="measure keys, too: 8 s more")
    parser.add_argument("--json", default=os.path.join(OUT, "network.json"), metavar="FILE",
                        help="(%(default)s)")
    parser.add_argument("--frames", action="store_true",
                        help="put each frame into the file: seconds, number, latency")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE",
                        help="for QEMU; repeatable")
    return parser.parse_args()


def measure(case_name, link_name, arguments):
    """One boot, one client"""
    case, port = CASES[case_name], free_port()
    name = "network-{}-{}".format(link_name, case_name)
    folder = os.path.join(OUT, name)
    shutil.rmtree(folder, ignore_errors=True)
    flushes = Flushes(folder)
    seconds = max(arguments.seconds, STEPS_SECONDS) if link_name == "steps" else arguments.seconds
    with Link(link_name, folder, arguments.congestion) as link:
        machine = make_machine(case, link, port, OUT, name,
                               {"pattern": arguments.pattern, "size": arguments.size},
                               flushes.options(), stack.dmabuf_preload())
        machine.add_environment(word.split("=", 1) for word in arguments.env)
        with machine:
            client = case.connect(machine, link, port)
            try:
                row = Measurement(machine, flushes, link, client, seconds).run()
                if arguments.echo:
                    times = echoes(machine, client)
                    row["echoes_ms"] = [round(ms) for ms in times]
                    row["echo_p50_ms"] = percentile(times, 0.5) if times else None
                    row["echo_p95_ms"] = percentile(times, 0.95) if times else None
            finally:
                client.close()
        row.update(link=link_name, case=case_name, size=arguments.size, congestion=link.congestion,
                   codec=row["totals"].get("codec") or "-")
    return row


def table(rows):
    heads = [HEADS.get(key, key) for key, _ in COLUMNS]
    cells = [["–" if row.get(key) is None else form.format(row[key]) for key, form in COLUMNS]
             for row in rows]
    widths = [max(len(line[i]) for line in [heads] + cells) for i in range(len(heads))]
    lines = [heads] + cells
    return "\n".join("  ".join(cell.ljust(width) if i < 3 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))) for line in lines)


def main():
    arguments = parse()
    os.makedirs(OUT, exist_ok=True)
    rows, errors = [], 0
    results = {"version": 1, "size": arguments.size, "rows": rows, "errors": [],
               "date": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds")}
    for link_name in arguments.links:
        for case_name in arguments.cases:
            try:
                row = measure(case_name, link_name, arguments)
            except Exception as error: # whatever it is: the other cases are worth keeping
                errors += 1
                results["errors"].append({"link": link_name, "case": case_name, "error": str(error)})
                say("{}, {}: {}: {}".format(link_name, case_name, type(error).__name__, error))
                continue
            if not arguments.frames:
                del row["_seen"]
            rows.append(row)
            say("{} {}: {:.1f} shown/s, {}".format(link_name, case_name, row["shown_per_s"],
                                                  row["totals"]))
            with open(arguments.json, "w", encoding="utf-8") as file:
                json.dump(results, file, indent=1)
                file.write("\n")
    print(table(rows))
    return 1 if errors or not rows else 0


if __name__ == "__main__":
    sys.exit(main())

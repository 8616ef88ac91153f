# SPDX-License-Identifier: GPL-2.0-or-later
"""What spicegl-micro (bench/micro) wrote with --benchmark_out, for the report.

    micro_results.py FILE.json    prints it as a table
"""

import json
import re
import sys

SIZE = re.compile(r"\d+x\d+")
# What Google Benchmark itself says about the machine and the run
OWN_CONTEXT = ("platform", "renderer", "vendor", "gl_version", "egl_vendor")


def result_of(run):
    """One benchmark; "skipped": what the display lacks; "failed": what went wrong"""
    name, *words = run["run_name"].split("/")
    counts = {key: run.get(key) for key in ("median_ns", "p99_ns", "samples")}
    return {"name": name,
            "size": next((word for word in words if SIZE.fullmatch(word)), None),
            **{key: None if value is None else round(value) for key, value in counts.items()},
            "skipped": run.get("skip_message") if run.get("skipped") else None,
            "failed": run.get("error_message") if run.get("error_occurred") else None}


def parse(text):
    """The complete part of the JSON of a run that may have ended early"""
    try:
        return json.loads(text)
    except ValueError:
        # A benchmark is an object at four spaces
        end = text.rfind("\n    }")
        return json.loads(text[:end] + "\n    }]}")


def read(path):
    """(context, results): where it ran, and a dictionary for each benchmark. "size" is None where
    it does not matter; numbers are None where there was no sample."""
    with open(path, encoding="utf-8") as file:
        written = parse(file.read())
    context = {key: written["context"].get(key) for key in OWN_CONTEXT}
    results = [result_of(run) for run in written["benchmarks"] if run["run_type"] == "iteration"]
    return context, results


def main(path):
    context, results = read(path)
    for key, value in context.items():
        print("{:<12} {}".format(key, value))
    print("\n{:<18} {:<10} {:>12} {:>12} {:>9}".format("", "", "median ns", "p99 ns", "samples"))
    for result in results:
        name = "{:<18} {:<10}".format(result["name"], result["size"] or "")
        problem = result["failed"] or result["skipped"]
        if problem:
            print("{} {}: {}".format(name, "failed" if result["failed"] else "skipped", problem))
        else:
            print("{} {:>12} {:>12} {:>9}".format(name, result["median_ns"], result["p99_ns"],
                                                  result["samples"]))


if __name__ == "__main__":
    main(sys.argv[1])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Did scripts/bench measure what it says? One line per result, as ci/results.py writes them:
status, name, seconds, log and reason, separated by tabs. No thresholds: numbers are for people.

    check.py FOLDER    of results.json and report.html
"""

import html.parser
import json
import os
import sys

# Measured in every window, and in the first of a case
ALWAYS = ("cpu_s_per_s", "cpu_host_s_per_s", "main_cpu_ms_per_flip", "calls_mean_ms",
          "calls_longest_ms", "flips_per_s", "frames_per_s", "rss_mb", "exports_per_flip")
AT_FIRST = ("fd_calls_per_flip",)
OF_THIS_STACK = ("block_mean_ms", "block_longest_ms")


def problem_of_row(row):
    """What is wrong with the rounds of one case, as text; None if nothing"""
    if row["errors"]:
        return row["errors"][0]["error"]
    if not row["rounds"]:
        return "no round"
    wanted = ALWAYS + (OF_THIS_STACK if row["stack"] == "this" else ())
    missing = [key for key in AT_FIRST if row["rounds"][0].get(key) is None]
    for measures in row["rounds"]:
        missing += [key for key in wanted if measures.get(key) is None]
        if missing:
            return "not measured: {}".format(", ".join(missing))
        if not measures["flips_per_s"] > 0 or not measures["cpu_s_per_s"] > 0:
            return "the guest stood still: {}".format(measures)
        if row["client"] == "none" and measures["frames_per_s"]:
            return "frames for nobody: {}".format(measures)
        if row["client"] != "none":
            if not measures["frames_per_s"] > 0:
                return "no frames: {}".format(measures)
            # frames of guests that are made to wait share flushes
            if row["workload"] in ("small", "motion") and row["stack"] == "this" and \
                    not measures["latency_p50_ms"]:
                return "no latency: {}".format(measures)
        if measures["calls_mean_ms"] and not measures["calls_longest_ms"]:
            return "calls, and no longest: {}".format(measures)
        if row["stack"] == "this" and measures["exports_per_flip"] > 0.5:
            return "exports with flips: {}".format(measures)
    return None


def report(status, name, reason=""):
    print("{}\tbench/{}\t0\t-\t{}".format(status, name, " ".join(str(reason).split())[:300]))


def check_row(row):
    name = "{stack}, {client}: {workload} {size}".format(**row)
    if row["skipped"]:
        report("skipped", name, row["skipped"])
        return
    problem = problem_of_row(row)
    report("failed" if problem else "passed", name, problem or "")


def check_micro(micro, error):
    if error:
        report("failed", "micro", error)
    elif not micro or not micro["results"]:
        report("failed", "micro", "no results")
    for result in micro["results"] if micro else []:
        name = "micro: {} {}".format(result["name"], result["size"] or "").strip()
        if result["skipped"]:
            report("skipped", name, result["skipped"])
        elif result["failed"]:
            report("failed", name, result["failed"])
        elif not 0 < result["median_ns"] <= result["p99_ns"]:
            report("failed", name, "median {median_ns}, p99 {p99_ns}".format(**result))
        else:
            report("passed", name)


class Page(html.parser.HTMLParser):
    """Counts plots, and what would have to be fetched"""

    def __init__(self):
        super().__init__()
        self.plots, self.fetched = 0, []

    def handle_starttag(self, tag, attrs):
        self.plots += tag == "svg"
        for key, value in attrs:
            if key == "src" or (tag == "link" and key == "href"):
                self.fetched.append(value)


def check_report(path):
    page = Page()
    try:
        with open(path, encoding="utf-8") as file:
            page.feed(file.read())
    except OSError as error:
        report("failed", "report", error)
        return
    foreign = [url for url in page.fetched if not url.startswith("data:")]
    if foreign or not page.plots:
        report("failed", "report", "{} plots, needs {}".format(page.plots, foreign))
    else:
        report("passed", "report")


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "results.json"), encoding="utf-8") as file:
        results = json.load(file)
    for row in results["vm"]:
        check_row(row)
    check_micro(results["micro"], results["micro_error"])
    check_report(os.path.join(folder, "report.html"))


if __name__ == "__main__":
    main()

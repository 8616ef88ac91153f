# SPDX-License-Identifier: GPL-2.0-or-later
"""Did scripts/bench measure what it says? One line per result, as ci/results.py writes them:
passed|failed|skipped, name and reason, separated by tabs. No thresholds: numbers are for people.

    check.py FOLDER    of results.json and report.html
"""

import html.parser
import json
import os
import sys


def problem_of_row(row):
    """What is wrong with the rounds of one case, as text; None if nothing"""
    if row["skipped"]:
        return row["skipped"]
    if not row["rounds"]:
        return "no round"
    for measures in row["rounds"]:
        if not measures["flips_per_s"] > 0 or not measures["cpu_s_per_s"] > 0:
            return "the guest stood still: {}".format(measures)
        if row["client"] == "none" and measures["frames_per_s"]:
            return "frames for nobody: {}".format(measures)
        if row["client"] != "none":
            if not measures["frames_per_s"] > 0:
                return "no frames: {}".format(measures)
            if row["workload"] in ("small", "motion") and not measures["latency_p50_ms"]:
                return "no latency: {}".format(measures)
        if row["stack"] == "this" and measures["exports_per_flip"] > 0.5:
            return "exports with flips: {}".format(measures)
    return None


def report(status, name, reason=""):
    print("{}\tbench/{}\t{}".format(status, name, " ".join(str(reason).split())[:300]))


def check_row(row):
    name = "{stack}, {client}: {workload} {size}".format(**row)
    problem = problem_of_row(row)
    report("failed" if problem else "passed", name, problem or "")


def check_micro(micro):
    if not micro or not micro["results"]:
        report("failed", "micro", "no results")
        return
    for result in micro["results"]:
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
    check_micro(results["micro"])
    check_report(os.path.join(folder, "report.html"))


if __name__ == "__main__":
    main()

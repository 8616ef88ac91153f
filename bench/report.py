# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes report.html, a page without other files, from the results of scripts/bench.

    report.py RESULTS.json [--markdown FILE]
"""

import argparse
import html
import io
import json
import os
import re
import statistics

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

# For each measure: key, heading, format
MEASURES = (
    ("flips_per_s", "guest flips/s", "{:.1f}"),
    ("frames_per_s", "frames/s delivered", "{:.1f}"),
    ("latency_p50_ms", "latency p50, ms", "{:.1f}"),
    ("latency_p99_ms", "latency p99, ms", "{:.1f}"),
    ("cpu_s_per_s", "QEMU CPU, s/s", "{:.2f}"),
    ("cpu_host_s_per_s", "without the guest's processors, s/s", "{:.2f}"),
    ("cpu_s_per_frame", "QEMU CPU per frame, s", "{:.4f}"),
    ("calls_mean_ms", "EGL calls in the main loop per flip, ms", "{:.3f}"),
    ("calls_longest_ms", "longest such call, ms", "{:.2f}"),
    ("block_mean_ms", "main loop kept per flip, by QEMU's account, ms", "{:.3f}"),
    ("block_longest_ms", "longest, ms", "{:.1f}"),
    ("bytes_per_frame", "bytes per frame", "{:.0f}"),
    ("exports_per_flip", "prime exports per flip", "{:.2f}"),
    ("fd_calls_per_flip", "fd system calls per flip", "{:.2f}"),
    ("rss_mb", "peak RSS, MB", "{:.0f}"),
)
PLOTTED = ("cpu_host_s_per_s", "frames_per_s", "latency_p50_ms", "calls_mean_ms")
HEADLINE = ("flips_per_s", "frames_per_s", "latency_p50_ms", "cpu_s_per_s", "cpu_host_s_per_s",
            "calls_mean_ms", "calls_longest_ms", "exports_per_flip", "fd_calls_per_flip")
STACKS = {"this": "this stack", "stock": "upstream gl=on", "stock-10.2": "QEMU 10.2 gl=on",
          "egl-headless": "egl-headless + SPICE",
          "vnc": "egl-headless + VNC"}
CLIENTS = {"none": "nobody", "local": "local client", "remote": "remote client"}
WORKLOADS = {"idle": "idle: a cursor blinks twice a second",
             "small": "small damage: a band of 64 lines at 60 Hz",
             "motion": "full-screen motion at 60 Hz",
             "fast": "flips as fast as they go, small damage"}
ABOUT = """EGL calls in the main loop are counted from outside (ci/eglcount): image, fence,
flush and export calls and readbacks in QEMU's first thread, the same on all stacks. This stack's QEMU also
keeps an account of all that its display does there; its longest is a maximum since it began, so
that “≤” stands where it did not grow in the measurement. Descriptors' system calls (dup, close,
passing, dma-bufs' ioctls; all of the process) are counted once, under strace, apart from what is
timed. Peak RSS is of the measurement alone. Latency goes from the guest's flush to the client's
picture, and is told where each frame had a flush of its own: not where frames come faster than the
device takes them."""
STYLE = """
body { font: 15px/1.5 sans-serif; max-width: 85em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px; display: block; overflow-x: auto }
th, td { border-bottom: 1px solid #ddd; padding: .25em .7em; text-align: right }
th:first-child, td:first-child { text-align: left }
.met { color: #17692d } .missed { color: #a11 } .spread { color: #888; font-size: 11px }
svg { max-width: 100%; height: auto }
"""


def values_of(row, key):
    return [r[key] for r in row["rounds"] if r.get(key) is not None]


def label(row):
    return "{}, {}".format(STACKS[row["stack"]], CLIENTS[row["client"]])


def cell(row, key, form):
    """The median and, if there are several rounds, the least and the most"""
    values = values_of(row, key)
    if not values:
        return "–"
    text = form.format(statistics.median(values))
    if key == "block_longest_ms" and any(r["block_longest_at_most"] for r in row["rounds"]):
        text = "≤ " + text
    if len(values) > 1:
        text += ' <span class="spread">{}–{}</span>'.format(form.format(min(values)),
                                                            form.format(max(values)))
    return text


def table(heads, rows):
    """HTML; cells are HTML already"""
    lines = ["<table><tr>" + "".join("<th>{}</th>".format(h) for h in heads) + "</tr>"]
    lines += ["<tr>" + "".join("<td>{}</td>".format(c) for c in cells) + "</tr>"
              for cells in rows]
    return "\n".join(lines + ["</table>"])


def svg(figure):
    """The figure as an element of a page"""
    file = io.StringIO()
    figure.savefig(file, format="svg", bbox_inches="tight")
    pyplot.close(figure)
    text = file.getvalue()
    # without the XML prologue, which names a document type elsewhere
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg"):], flags=re.S)


def plot_rows(rows):
    """A bar for each case and measure: the median, with the spread"""
    figure, axes = pyplot.subplots(1, len(PLOTTED), figsize=(4 * len(PLOTTED), 0.4 * len(rows) + 1),
                                   squeeze=False)
    forms = {key: (title, form) for key, title, form in MEASURES}
    for index, (key, axis) in enumerate(zip(PLOTTED, axes[0])):
        for at, row in enumerate(rows):
            values = values_of(row, key)
            if values:
                median = statistics.median(values)
                axis.barh(at, median, color="#2a6f97" if row["stack"] == "this" else "#b0b0b0",
                          xerr=[[median - min(values)], [max(values) - median]])
        axis.set_title(forms[key][0], fontsize=10)
        axis.set_yticks(range(len(rows)))
        axis.set_yticklabels([label(row) for row in rows] if index == 0 else [""] * len(rows))
        axis.invert_yaxis()
    return svg(figure)


def plot_micro(results):
    names = list(dict.fromkeys(r["name"] for r in results))
    sizes = list(dict.fromkeys(r["size"] for r in results if r["size"])) or [None]
    figure, axis = pyplot.subplots(figsize=(10, 0.35 * len(names) + 1))
    for number, size in enumerate(sizes):
        mine = [r for r in results if r["size"] == size or (not r["size"] and number == 0)]
        places = [names.index(r["name"]) + (number - 1) * 0.25 for r in mine]
        medians = [r["median_ns"] for r in mine]
        tails = [max(r["p99_ns"] - r["median_ns"], 0) for r in mine]
        axis.barh(places, medians, height=0.25, label=size or "",
                  xerr=[[0] * len(mine), tails])
    axis.set_xscale("log")
    axis.set_xlabel("ns: median, with the 99th percentile")
    axis.set_yticks(range(len(names)))
    axis.set_yticklabels(names)
    axis.invert_yaxis()
    axis.legend()
    return svg(figure)


def said_of(bound):
    """Whether a bound is met, as a word"""
    if bound["ratio"] is None:
        return "not measured"
    return {True: "met", False: "missed", None: "for information"}[bound["met"]]


def bounds_part(bounds):
    return table(["", "measured", "bound", "", ""],
                 [[html.escape(b["name"]), "–" if b["ratio"] is None else "%.3g" % b["ratio"],
                   html.escape(b["bound"] or "–"),
                   '<span class="{0}">{0}</span>'.format(said_of(b)), html.escape(b["note"])]
                  for b in bounds])


def vm_parts(rows):
    groups = dict.fromkeys((row["workload"], row["size"]) for row in rows)
    for workload, size in groups:
        mine = [r for r in rows if (r["workload"], r["size"]) == (workload, size) and r["rounds"]]
        if not mine:
            continue
        yield "<h2>{}, {}</h2>".format(WORKLOADS[workload], size)
        yield plot_rows(mine)
        yield table([""] + [title for _, title, _ in MEASURES],
                    [[label(row)] + [cell(row, key, form) for key, _, form in MEASURES]
                     for row in mine])


def micro_part(micro):
    done = [r for r in micro["results"] if r["median_ns"]]
    parts = ["<h2>Single operations on {}</h2>".format(
        html.escape(micro["context"].get("renderer") or "a renderer without a name"))]
    if done:
        parts.append(plot_micro(done))
        parts.append(table(["", "size", "median, ns", "p99, ns", "samples"],
                           [[r["name"], r["size"] or "", r["median_ns"], r["p99_ns"],
                             r["samples"]] for r in done]))
    return parts + list_of("Not measured there", micro_gaps(micro))


def micro_gaps(micro):
    return ["{} {}: {}".format(r["name"], r["size"] or "", r["skipped"] or r["failed"])
            for r in micro["results"] if r["skipped"] or r["failed"]]


def list_of(heading, items):
    """HTML; nothing if there is nothing in it"""
    if not items:
        return []
    return ["<h3>{}</h3><ul>".format(heading)] + \
        ["<li>{}</li>".format(html.escape(item)) for item in items] + ["</ul>"]


def gaps_part(results):
    """What was left out and why, and what went wrong"""
    gaps = []
    for row in results["vm"]:
        name = "{}: {} {}".format(label(row), row["workload"], row["size"])
        if row["skipped"]:
            gaps.append("{}: left out: {}".format(name, row["skipped"]))
        gaps += ["{}, round {}: {}".format(name, error["round"], error["error"])
                 for error in row["errors"]]
    if results["micro_error"]:
        gaps.append("single operations: " + results["micro_error"])
    return list_of("Not measured", gaps)


def facts_part(results):
    facts = dict(results["machine"], **results["versions"])
    facts.update(command=results["command"], date=results["date"])
    return ["<h2>Machine</h2>", table(["", ""], [[html.escape(str(k)), html.escape(str(v))]
                                                for k, v in facts.items()])]


def page(results):
    rounds = max([len(r["rounds"]) for r in results["vm"]] + [0])
    parts = ["<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>",
             "<title>One EGLDisplay: measurements</title><style>", STYLE, "</style></head><body>",
             "<h1>What each kind of client costs</h1>",
             "<p>Medians of {}, in turns on one machine, with the spread.{}</p>".format(
                 "1 round" if rounds == 1 else "{} rounds".format(rounds),
                 " A quick run: the numbers say that it works, no more." if results["quick"]
                 else ""),
             bounds_part(results["bounds"])]
    parts += list(vm_parts(results["vm"])) + ["<p>{}</p>".format(html.escape(ABOUT))]
    parts += gaps_part(results)
    for micro in [results["micro"]] + results["micro_elsewhere"]:
        parts += micro_part(micro) if micro else []
    parts += facts_part(results) + ["</body></html>"]
    return "\n".join(parts) + "\n"


def markdown(results):
    lines = ["| bound | measured | wanted | |", "|---|---|---|---|"]
    for b in results["bounds"]:
        lines.append("| {} | {} | {} | {} |".format(
            b["name"], "–" if b["ratio"] is None else "%.3g" % b["ratio"],
            (b["bound"] or "–").replace("<=", "≤").replace(">=", "≥"), said_of(b)))
    forms = {key: (title, form) for key, title, form in MEASURES}
    for workload, size in dict.fromkeys((r["workload"], r["size"]) for r in results["vm"]):
        lines += ["", "{}, {}:".format(WORKLOADS[workload][0].upper() + WORKLOADS[workload][1:], size), "",
                  "| | " + " | ".join(forms[key][0] for key in HEADLINE) + " |",
                  "|---|" + "---|" * len(HEADLINE)]
        for row in results["vm"]:
            if (row["workload"], row["size"]) == (workload, size) and row["rounds"]:
                cells = [cell(row, key, forms[key][1]) for key in HEADLINE]
                cells = [re.sub(r" <span.*", "", text) for text in cells]
                lines.append("| {} | {} |".format(label(row), " | ".join(cells)))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("--markdown", help="write the headline tables there, too")
    arguments = parser.parse_args()
    with open(arguments.results, encoding="utf-8") as file:
        results = json.load(file)
    path = os.path.join(os.path.dirname(arguments.results), "report.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(page(results))
    if arguments.markdown:
        with open(arguments.markdown, "w", encoding="utf-8") as file:
            file.write(markdown(results))
    print("bench: {} is written".format(os.path.relpath(path)))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes network.html, a page without other files, from the results of scripts/bench network.

    network_report.py NETWORK.json [--markdown FILE]
"""

import argparse
import html
import json
import os

from matplotlib import pyplot

from network import COLUMNS, HEADS
from report import STYLE, list_of, svg, table

PLOTTED = (("shown_per_s", "frames shown a second"), ("latency_p50_ms", "latency p50, ms"),
           ("latency_p99_ms", "latency p99, ms"), ("psnr_p50_db", "PSNR, dB"))
ABOUT = """A frame counts when the client shows it: it reads the frame's number in its picture. Latency
goes from the guest's flush to that moment, without the link's own delay one way. PSNR is of the luma of
shown frames against the guest's own, 99 where no pixel differs. “First” is from the first frame of motion
to the first that is shown, “gap” the longest time without a new one, “lossless” from the last frame to
all its pixels. “Echo” is from a key to its answer on the screen while a video plays, with both ways of
the link and the guest's next frame. CPU is QEMU's without the guest's processors, seconds per second."""


def cells(row, escape=html.escape):
    return ["–" if row.get(key) is None else escape(form.format(row[key]))
            for key, form in COLUMNS]


def plot_link(rows):
    figure, axes = pyplot.subplots(1, len(PLOTTED), figsize=(4 * len(PLOTTED), 0.4 * len(rows) + 1),
                                   squeeze=False)
    for index, ((key, title), axis) in enumerate(zip(PLOTTED, axes[0])):
        for at, row in enumerate(rows):
            if row.get(key) is not None:
                ours = row["case"] not in ("egl-headless", "vnc", "qemu-10.2")
                axis.barh(at, row[key], color="#2a6f97" if ours else "#b0b0b0")
        axis.set_title(title, fontsize=10)
        axis.set_yticks(range(len(rows)))
        axis.set_yticklabels([row["case"] for row in rows] if index == 0 else [""] * len(rows))
        axis.invert_yaxis()
    return svg(figure)


def plot_seconds(rows):
    """Shown frames and latency over time"""
    figure, axes = pyplot.subplots(1, 2, figsize=(14, 3))
    for row in rows:
        seconds = range(len(row["per_second"]))
        axes[0].plot(seconds, [shown for shown, _ in row["per_second"]], label=row["case"])
        axes[1].plot(seconds, [ms for _, ms in row["per_second"]], label=row["case"])
    axes[0].set_title("frames shown, by second of motion", fontsize=10)
    axes[1].set_title("median latency with the link's delay, ms", fontsize=10)
    axes[1].set_yscale("log")
    axes[0].legend(fontsize=8)
    return svg(figure)


def links_of(results):
    """{link: rows}, in their order"""
    links = {}
    for row in results["rows"]:
        links.setdefault(row["link"], []).append(row)
    return links


def page(results):
    heads = [HEADS.get(key, key) for key, _ in COLUMNS]
    parts = ["<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>",
             "<title>Remote clients over real links</title><style>", STYLE, "</style></head><body>",
             "<h1>Remote clients over real links: full-screen motion at 60 Hz, {}</h1>".format(
                 html.escape(results["size"])), "<p>{}</p>".format(html.escape(ABOUT))]
    for link, rows in links_of(results).items():
        parts += ["<h2>{}</h2>".format(html.escape(link)), plot_link(rows)]
        if link == "steps":
            parts.append(plot_seconds(rows))
        parts.append(table(heads, [cells(row) for row in rows]))
    parts += list_of("Not measured", ["{link}, {case}: {error}".format(**error)
                                      for error in results["errors"]])
    return "\n".join(parts + ["</body></html>"]) + "\n"


def markdown(results):
    heads = [HEADS.get(key, key) for key, _ in COLUMNS]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    lines += ["| " + " | ".join(cells(row, str)) + " |" for row in results["rows"]]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("--markdown", help="write the table there, too")
    arguments = parser.parse_args()
    with open(arguments.results, encoding="utf-8") as file:
        results = json.load(file)
    path = os.path.splitext(arguments.results)[0] + ".html"
    with open(path, "w", encoding="utf-8") as file:
        file.write(page(results))
    if arguments.markdown:
        with open(arguments.markdown, "w", encoding="utf-8") as file:
            file.write(markdown(results))
    print("bench: {} is written".format(os.path.relpath(path)))


if __name__ == "__main__":
    main()

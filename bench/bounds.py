# SPDX-License-Identifier: GPL-2.0-or-later
"""The bounds that the stack is meant to keep: ratios of medians from one run."""

import statistics

SIZE = "1280x720"


class Medians:

    def __init__(self, rows):
        self._rows = {(row["stack"], row["client"], row["workload"], row["size"]): row
                      for row in rows}

    def get(self, stack, client, workload, measure, size=SIZE):
        """None if it has not been measured"""
        row = self._rows.get((stack, client, workload, size))
        values = [r[measure] for r in row["rounds"] if r.get(measure) is not None] if row else []
        return statistics.median(values) if values else None


def _bound(name, value, limit, at_most=True, note=""):
    """A LIMIT of None: for information"""
    met = None if value is None or limit is None else \
        (value <= limit if at_most else value >= limit)
    return {"name": name, "ratio": value, "met": met, "note": note,
            "bound": None if limit is None else
            "{} {:.2f}".format("<=" if at_most else ">=", limit)}


def _ratio(one, other):
    return None if one is None or not other else one / other


def check(rows):
    """A list of {"name", "ratio", "bound" (None: for information), "met" (None: not measured, or
    for information), "note"}"""
    medians = Medians(rows)

    def against(mine, theirs, workload, measure):
        return _ratio(medians.get(*mine, workload, measure),
                      medians.get(*theirs, workload, measure))

    nobody, local, remote = ("this", "none"), ("this", "local"), ("this", "remote")
    headless = ("egl-headless", "remote")
    found = []
    for workload, called in (("small", "small damage"), ("motion", "full motion")):
        found += [
            _bound("nobody connected, {}: CPU, of stock gl=on".format(called),
                   against(nobody, ("stock", "none"), workload, "cpu_s_per_s"), 1.0),
            _bound("nobody connected, {}: prime exports per flip".format(called),
                   medians.get(*nobody, workload, "exports_per_flip"), 0),
            _bound("nobody connected, {}: CPU, of egl-headless".format(called),
                   against(nobody, ("egl-headless", "none"), workload, "cpu_s_per_s"), 0.4,
                   note="with the guest's processor"),
            _bound("nobody connected, {}: CPU without the guest's processor, of egl-headless"
                   .format(called),
                   against(nobody, ("egl-headless", "none"), workload, "cpu_host_s_per_s"), 0.4),
            _bound("local, {}: CPU, of stock gl=on".format(called),
                   against(local, ("stock", "local"), workload, "cpu_s_per_s"), 1.0),
            _bound("local, {}: prime exports per flip".format(called),
                   medians.get(*local, workload, "exports_per_flip"), 0.01,
                   note="one per image, before the measurement"),
        ]
    return found + [
        _bound("remote, small damage: frames per second, of 60",
               _ratio(medians.get(*remote, "small", "frames_per_s"), 60), 0.98, at_most=False),
        _bound("remote, small damage: flips per second, of 60",
               _ratio(medians.get(*remote, "small", "flips_per_s"), 60), 0.98, at_most=False),
        _bound("remote, small damage: CPU, of egl-headless",
               against(remote, headless, "small", "cpu_s_per_s"), 0.6,
               note="with the guest's processor"),
        _bound("remote, small damage: CPU without the guest's processor, of egl-headless",
               against(remote, headless, "small", "cpu_host_s_per_s"), 0.6),
        _bound("remote, small damage: main loop kept per flip by EGL calls, of egl-headless",
               against(remote, headless, "small", "calls_mean_ms"), 0.05,
               note="the same calls on both"),
        _bound("remote, small damage: main loop kept per flip, of egl-headless",
               _ratio(medians.get(*remote, "small", "block_mean_ms"),
                      medians.get(*headless, "small", "calls_mean_ms")), 0.05,
               note="all that the display does here, by QEMU's account; of egl-headless only "
                    "EGL's calls and the readback"),
        _bound("remote, small damage: longest EGL call in the main loop, of egl-headless",
               against(remote, headless, "small", "calls_longest_ms"), None),
        _bound("remote, full motion: frames per second",
               medians.get(*remote, "motion", "frames_per_s"), 58, at_most=False),
        _bound("remote, full motion: flips per second, of 60",
               _ratio(medians.get(*remote, "motion", "flips_per_s"), 60), 0.98, at_most=False),
        _bound("remote, full motion: frames per second, of QEMU 10.2's gl=on",
               against(remote, ("stock-10.2", "remote"), "motion", "frames_per_s"), None),
        _bound("remote, full motion: latency p50, of egl-headless",
               against(remote, headless, "motion", "latency_p50_ms"), 0.7),
        _bound("remote, small damage: latency p50, of egl-headless",
               against(remote, headless, "small", "latency_p50_ms"), 0.7),
    ]

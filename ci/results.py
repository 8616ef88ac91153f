# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns what the test runners report into one line per test:
passed|failed|skipped, group/name and reason, separated by tabs.

    results.py gtest GROUP PROGRAM TESTLOG XML    GoogleTest under meson test
    results.py meson GROUP TESTLOG                meson test
    results.py avocado GROUP JSON                 avocado run
"""

import json
import os
import sys
import xml.etree.ElementTree as ElementTree


def report(status, group, name, reason=""):
    print("{}\t{}/{}\t{}".format(status, group, name, " ".join(reason.split())[:300]))


def meson_results(testlog):
    with open(testlog, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            status = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(
                test["result"], "failed")
            output = (test.get("stdout") or "") + (test.get("stderr") or "")
            yield status, test["name"].split(" / ")[-1], test["result"], output


def skip_reason(output):
    """A TAP or plain line that says why"""
    for line in output.splitlines():
        if "SKIP" in line.upper():
            return line.strip()
    return output.strip().splitlines()[-1] if output.strip() else "gives no reason"


def meson(group, testlog):
    for status, name, result, output in meson_results(testlog):
        if status == "skipped":
            report(status, group, name, skip_reason(output))
        elif status == "failed":
            report(status, group, name, "{}: {}".format(result, output[-250:]))
        else:
            report(status, group, name)


def gtest(group, program, testlog, xml):
    failed = 0
    if os.path.exists(xml):
        for case in ElementTree.parse(xml).getroot().iter("testcase"):
            name = "{}: {}.{}".format(program, case.get("classname"), case.get("name"))
            failures = case.findall("failure")
            skipped = case.find("skipped")
            if failures:
                failed += 1
                report("failed", group, name, failures[0].get("message", ""))
            elif case.get("status") != "run" and skipped is None:
                continue    # filtered out
            elif skipped is not None:
                report("skipped", group, name, skipped.get("message") or "gives no reason")
            else:
                report("passed", group, name)
    # A program that died, or a sanitizer's report after the last test, is in no XML
    for status, _, result, output in meson_results(testlog):
        if status == "failed" and not failed:
            report("failed", group, program, "{}: {}".format(result, output[-250:]))
        elif status == "passed" and not os.path.exists(xml):
            report("passed", group, program)
        elif status == "skipped" and not os.path.exists(xml):
            report("skipped", group, program, skip_reason(output))


def avocado(group, results):
    with open(results, encoding="utf-8") as file:
        tests = json.load(file)["tests"]
    for test in tests:
        status = {"PASS": "passed", "WARN": "passed", "SKIP": "skipped",
                  "CANCEL": "skipped"}.get(test["status"], "failed")
        name = os.path.basename(test["id"].split("-", 1)[-1])
        reason = ""
        if status != "passed":
            reason = str(test.get("fail_reason") or test["status"])
        if status == "failed":
            reason += " (log: {})".format(os.path.relpath(test.get("logfile", "?")))
        report(status, group, name, reason)


if __name__ == "__main__":
    {"gtest": gtest, "meson": meson, "avocado": avocado}[sys.argv[1]](*sys.argv[2:])

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns what the test runners report into one line per test, and those into a summary.

    results.py gtest GROUP PROGRAM TESTLOG XML LOG   GoogleTest under meson test
    results.py meson GROUP TESTLOG LOG               meson test
    results.py avocado GROUP AGAIN JSON…             avocado run; AGAIN, if it is there, is of the
                                                     run that tried again what had failed
    results.py again JSON…                           what has to be tried again
    results.py summary RESULTS GROUPS                for people; status 1 if the run has failed
    results.py junit RESULTS DIR                     DIR/junit.xml, and the logs of what failed

A line has, separated by tabs: passed|flaky|failed|skipped, group/name, seconds, the logs separated
by commas ("-": none), and the reason. In the file RESULTS the group of scripts/test comes first.
GROUPS has a line for each of these groups: its name, its seconds, and those of its builds.
"""

import collections
import json
import os
import re
import shutil
import sys
import xml.etree.ElementTree as ElementTree

# The number of tests that may pass only at the second try
MOST_FLAKY = 2
SLOWEST = 10
# How much of a log's end is copied for JUnit
MOST_LOG = 4 << 20

Result = collections.namedtuple("Result", "group status name seconds logs reason")


def report(status, group, name, reason="", seconds=0.0, logs=()):
    print("{}\t{}/{}\t{:.3f}\t{}\t{}".format(
        status, group, name, seconds, ",".join(os.path.relpath(log) for log in logs) or "-",
        " ".join(reason.split())[:500]))


# The runners' reports

def meson_results(testlog):
    with open(testlog, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            status = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(
                test["result"], "failed")
            output = (test.get("stdout") or "") + (test.get("stderr") or "")
            yield (status, test["name"].split(" / ")[-1], test["result"], output,
                   float(test.get("duration") or 0))


def skip_reason(output):
    """The reason in a TAP line or a plain one"""
    for line in output.splitlines():
        if "SKIP" in line.upper():
            return line.strip()
    return output.strip().splitlines()[-1] if output.strip() else "gives no reason"


def meson(group, testlog, log):
    for status, name, result, output, seconds in meson_results(testlog):
        if status == "skipped":
            report(status, group, name, skip_reason(output), seconds)
        elif status == "failed":
            report(status, group, name, "{}: {}".format(result, output[-250:]), seconds, [log])
        else:
            report(status, group, name, "", seconds)


def gtest(group, program, testlog, xml, log):
    failed = 0
    if os.path.exists(xml):
        for case in ElementTree.parse(xml).getroot().iter("testcase"):
            name = "{}: {}.{}".format(program, case.get("classname"), case.get("name"))
            seconds = float(case.get("time") or 0)
            failures = case.findall("failure")
            skipped = case.find("skipped")
            if failures:
                failed += 1
                report("failed", group, name, failures[0].get("message", ""), seconds, [log])
            elif case.get("status") != "run" and skipped is None:
                continue    # filtered out
            elif skipped is not None:
                report("skipped", group, name, skipped.get("message") or "gives no reason")
            else:
                report("passed", group, name, "", seconds)
    # The XML does not have a program's death, nor a sanitizer's report after the last test
    for status, _, result, output, seconds in meson_results(testlog):
        if status == "failed" and not failed:
            report("failed", group, program, "{}: {}".format(result, output[-250:]), seconds, [log])
        elif status == "passed" and not os.path.exists(xml):
            report("passed", group, program, "", seconds)
        elif status == "skipped" and not os.path.exists(xml):
            report("skipped", group, program, skip_reason(output), seconds)


def avocado_tests(paths):
    """[(name as FILE:CLASS.TEST, status, seconds, log directory, reason)]"""
    tests = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            tests += json.load(file)["tests"]
    for test in tests:
        status = {"PASS": "passed", "WARN": "passed", "SKIP": "skipped",
                  "CANCEL": "skipped"}.get(test["status"], "failed")
        reason = "" if status == "passed" else str(test.get("fail_reason") or test["status"])
        yield (test["id"].split("-", 1)[-1], status, float(test.get("time_elapsed") or 0),
               test.get("logdir") or os.path.dirname(test.get("logfile") or "?/?"), reason)


def again(*paths):
    for name, status, _, _, _ in avocado_tests(paths):
        if status == "failed":
            print(name)


def avocado(group, second, *paths):
    """A test that fails and passes when it is tried again is flaky"""
    tried_again = {}
    if os.path.exists(second):
        tried_again = {name: rest for name, *rest in avocado_tests([second])}
    for name, status, seconds, log, reason in avocado_tests(paths):
        logs = [log] if status == "failed" else []
        if status == "failed" and name in tried_again:
            verdict, more, log_again, _ = tried_again[name]
            status = "flaky" if verdict == "passed" else "failed"
            seconds += more
            logs.append(log_again)
        if logs:
            reason += " (log: {})".format(", again: ".join(os.path.relpath(log) for log in logs))
        report(status, group, os.path.basename(name), reason, seconds, logs)


# All of them

def read_results(path):
    results = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            group, status, name, seconds, logs, reason = line.rstrip("\n").split("\t", 5)
            results.append(Result(group, status, name, float(seconds),
                                  [] if logs == "-" else logs.split(","), reason))
    flaky = sum(result.status == "flaky" for result in results)
    if flaky > MOST_FLAKY:
        results.append(Result("all", "failed", "all/flaky tests", 0.0, [],
                              "{} tests passed only when they were tried again, which {} "
                              "may".format(flaky, MOST_FLAKY)))
    return results


def print_groups(results, groups):
    """The time that groups and tests took"""
    with open(groups, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    counts = collections.Counter(result.group for result in results)
    print("seconds by group:")
    for name, seconds, builds in rows:
        number = len(results) if name == "all" else counts[name]
        print("  {:<16}{:>6.0f}  builds {:>5.0f}  {:>5} {}".format(
            name, float(seconds), float(builds), number, "test" if number == 1 else "tests"))
    slowest = sorted(results, key=lambda result: -result.seconds)[:SLOWEST]
    slowest = [result for result in slowest if result.seconds]
    if slowest:
        print("slowest tests:")
    for result in slowest:
        print("  {:>8.1f}  {}".format(result.seconds, result.name))


def summary(path, groups):
    results = read_results(path)
    print_groups(results, groups)
    for status, word in (("failed", "FAILED"), ("flaky", "FLAKY"), ("skipped", "skipped")):
        for result in results:
            if result.status == status:
                print("{} {}: {}".format(word, result.name, result.reason))
    counts = collections.Counter(result.status for result in results)
    # Flaky tests have passed
    passed = counts["passed"] + counts["flaky"]
    line = "{} passed, {} failed".format(passed, counts["failed"])
    if counts["skipped"]:
        line += ", {} skipped".format(counts["skipped"])
    print(line)
    return 0 if passed and not counts["failed"] else 1


def copy_log(source, target):
    """A file's end, or a directory's files' ends"""
    if os.path.isdir(source):
        for name in sorted(os.listdir(source)):
            copy_log(os.path.join(source, name), os.path.join(target, name))
    elif os.path.isfile(source) and not os.path.islink(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(source, "rb") as old, open(target, "wb") as new:
            old.seek(max(os.path.getsize(source) - MOST_LOG, 0))
            shutil.copyfileobj(old, new)


def junit_case(suite, result, folder):
    group, name = result.name.split("/", 1)
    case = ElementTree.SubElement(suite, "testcase", classname=group, name=name,
                                  time="{:.3f}".format(result.seconds))
    tag = {"failed": "failure", "flaky": "flakyFailure", "skipped": "skipped"}.get(result.status)
    if tag:
        # XML does not allow control characters
        ElementTree.SubElement(case, tag, message=re.sub(r"[\x00-\x1f\ufffe\uffff]", "?", result.reason))
    kept = []
    for number, log in enumerate(result.logs, 1):
        target = os.path.join("logs", "{}-{}".format(re.sub(r"[^\w.-]+", "_", result.name)[:150], number))
        if os.path.isfile(log):
            target = os.path.join(target, os.path.basename(log))
        copy_log(log, os.path.join(folder, target))
        kept.append(target)
    if kept:
        ElementTree.SubElement(case, "system-out").text = "\n".join(kept)


def junit(path, folder):
    results = read_results(path)
    shutil.rmtree(os.path.join(folder, "logs"), ignore_errors=True)
    os.makedirs(folder, exist_ok=True)
    root = ElementTree.Element("testsuites")
    for group in dict.fromkeys(result.group for result in results):
        of_group = [result for result in results if result.group == group]
        counts = collections.Counter(result.status for result in of_group)
        suite = ElementTree.SubElement(
            root, "testsuite", name=group, tests=str(len(of_group)), failures=str(counts["failed"]),
            errors="0", skipped=str(counts["skipped"]),
            time="{:.3f}".format(sum(result.seconds for result in of_group)))
        for result in of_group:
            junit_case(suite, result, folder)
    ElementTree.ElementTree(root).write(os.path.join(folder, "junit.xml"), encoding="utf-8",
                                        xml_declaration=True)


if __name__ == "__main__":
    sys.exit({"gtest": gtest, "meson": meson, "avocado": avocado, "again": again,
              "summary": summary, "junit": junit}[sys.argv[1]](*sys.argv[2:]))

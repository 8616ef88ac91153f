#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Failed tests are tried again, flaky ones are reported and counted, and nothing else is excused.

ci/vm/run and ci/results.py get their results from a double of avocado: each test has a file with
its outcomes, one per line.
"""

import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
AVOCADO = '''#!/usr/bin/env python3
import json, os, sys
folder = sys.argv[sys.argv.index("--job-results-dir") + 1]
# Those whose names begin with "b" run beside each other
tests = [test for test in sys.argv[sys.argv.index("--") + 1:]
         if os.path.basename(test) != "x.py:lost$" and
         ("-t" not in sys.argv or ":b" in test) and ("-t=-beside" not in sys.argv or ":b" not in test)]
if not tests:
    sys.exit(2)
results = []
for number, test in enumerate(tests, 1):
    test = test.rstrip("$")
    path = os.path.join(os.environ["OUTCOMES"], os.path.basename(test))
    with open(path) as file:
        status, *rest = file.read().split()
    with open(path, "w") as file:
        file.write("\\n".join(rest))
    logs = os.path.join(folder, "latest", str(number))
    os.makedirs(logs)
    with open(os.path.join(logs, "debug.log"), "w") as log:
        log.write(status + " of " + test)
    results.append({"id": "{}-{}".format(number, test), "status": status, "time_elapsed": "2.5", "logdir": logs,
                    "fail_reason": "it was " + status})
with open(os.path.join(folder, "latest", "results.json"), "w") as file:
    json.dump({"tests": results}, file)
sys.exit(1)
'''


class Results(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.lines = []
        os.makedirs(self.path("bin"))
        with open(self.path("bin", "avocado"), "w", encoding="ascii") as file:
            file.write(AVOCADO)
        os.chmod(self.path("bin", "avocado"), 0o755)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def vm(self, **outcomes):
        """Runs tests with these outcomes: one word for each run of a test"""
        os.makedirs(self.path("outcomes"), exist_ok=True)
        for name, words in outcomes.items():
            with open(self.path("outcomes", "x.py:" + name), "w", encoding="ascii") as file:
                file.write(words)
        subprocess.run(
            [os.path.join(HERE, "vm", "run"), "vm", self.path("vm"),
             *("ci/vm/x.py:{}$".format(name) for name in outcomes)],
            env=dict(os.environ, PATH=self.path("bin") + ":" + os.environ["PATH"],
                     OUTCOMES=self.path("outcomes")),
            stderr=subprocess.DEVNULL, check=True)
        with open(self.path("vm", "results.tsv"), encoding="utf-8") as file:
            self.lines += ["vm\t" + line for line in file.read().splitlines()]
        # Every outcome has been used, and no other one was needed
        for name in outcomes:
            self.assertEqual(os.path.getsize(self.path("outcomes", "x.py:" + name)), 0, name)

    def other(self, status, name, reason=""):
        self.lines.append("\t".join((name.split("/")[0], status, name, "1.5", "-", reason)))

    def run_results(self, *words):
        with open(self.path("results"), "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in self.lines))
        with open(self.path("groups"), "w", encoding="utf-8") as file:
            file.write("vm\t100.2\t40\n" "unit\t7\t3\n")
        return subprocess.run(["python3", os.path.join(HERE, "results.py"), words[0],
                               self.path("results"), self.path(words[1])],
                              stdout=subprocess.PIPE, text=True, check=False)

    def summary(self):
        """Exit status, lines"""
        done = self.run_results("summary", "groups")
        return done.returncode, done.stdout.splitlines()

    def test_all_that_passes_passes(self):
        self.vm(a="PASS", b="PASS")
        self.other("passed", "unit/c")
        status, lines = self.summary()
        self.assertEqual((status, lines[-1]), (0, "3 passed, 0 failed"))
        self.assertFalse([line for line in lines if line.startswith(("FAILED", "FLAKY"))])

    def test_one_that_passes_when_tried_again_is_flaky_and_has_passed(self):
        self.vm(a="PASS", b="FAIL PASS", c="ERROR PASS", d="CANCEL")
        status, lines = self.summary()
        self.assertEqual((status, lines[-1]), (0, "3 passed, 0 failed, 1 skipped"))
        flaky = [line for line in lines if line.startswith("FLAKY")]
        self.assertEqual(len(flaky), 2)
        self.assertRegex(flaky[0], r"^FLAKY vm/x\.py:b: it was FAIL \(log: .*beside.*again: .*again")
        self.assertRegex(flaky[1], r"^FLAKY vm/x\.py:c: it was ERROR ")

    def test_one_that_fails_twice_has_failed(self):
        self.vm(a="PASS", b="FAIL ERROR", c="FAIL CANCEL")
        status, lines = self.summary()
        self.assertEqual((status, lines[-1]), (1, "1 passed, 2 failed"))
        self.assertIn("FAILED vm/x.py:b: it was FAIL", "\n".join(lines))

    def test_one_that_avocado_does_not_run_has_failed(self):
        self.vm(a="PASS", lost="")
        status, lines = self.summary()
        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("FAILED vm/x.py:lost: it was not run", lines)

    def test_three_flaky_ones_fail_the_run(self):
        self.vm(a="FAIL PASS", b="FAIL PASS")
        self.assertEqual(self.summary()[0], 0)
        self.vm(c="FAIL PASS")
        status, lines = self.summary()
        self.assertEqual((status, lines[-1]), (1, "3 passed, 1 failed"))
        self.assertIn("FAILED all/flaky tests: 3 tests passed only when", "\n".join(lines))

    def test_what_is_no_vm_test_fails_at_once(self):
        self.vm(a="PASS")
        self.other("failed", "unit/b", "it is wrong")
        status, lines = self.summary()
        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("FAILED unit/b: it is wrong", lines)

    def test_nothing_run_is_a_failure(self):
        self.assertEqual(self.summary(), (1, self.summary()[1]))
        self.assertEqual(self.summary()[1][-1], "0 passed, 0 failed")

    def test_the_summary_says_where_the_time_went(self):
        self.vm(a="PASS", b="FAIL PASS")
        self.other("passed", "unit/c")
        text = "\n".join(self.summary()[1])
        self.assertRegex(text, r"vm +100 +builds +40 +2 tests\n +unit +7 +builds +3 +1 test\n")
        # From both runs
        self.assertRegex(text, r"slowest tests:\n +5\.0 +vm/x\.py:b\n +2\.5 +vm/x\.py:a\n +1\.5 +unit/c\n")

    def test_junit_has_every_test_and_the_logs_of_those_that_failed(self):
        self.vm(a="PASS", b="FAIL PASS", c="FAIL FAIL", d="SKIP")
        self.other("failed", "unit/e", "wrong\x01byte")
        self.assertEqual(self.run_results("junit", "junit").returncode, 0)
        root = ElementTree.parse(self.path("junit", "junit.xml")).getroot()
        cases = {case.get("name"): case for case in root.iter("testcase")}
        self.assertEqual(sorted(cases), ["e", "x.py:a", "x.py:b", "x.py:c", "x.py:d"])
        self.assertEqual({name: [child.tag for child in case if child.tag != "system-out"]
                          for name, case in cases.items()},
                         {"x.py:a": [], "x.py:b": ["flakyFailure"], "x.py:c": ["failure"],
                          "x.py:d": ["skipped"], "e": ["failure"]})
        suites = {suite.get("name"): suite for suite in root}
        self.assertEqual([suites["vm"].get(key) for key in ("tests", "failures", "skipped")],
                         ["4", "1", "1"])
        for name, words in (("b", ("FAIL", "PASS")), ("c", ("FAIL", "FAIL"))):
            logs = cases["x.py:" + name].find("system-out").text.split("\n")
            for log, word in zip(logs, words):
                with open(self.path("junit", log, "debug.log"), encoding="ascii") as file:
                    self.assertEqual(file.read(), "{} of ci/vm/x.py:{}".format(word, name))
            self.assertEqual(len(logs), 2)
        self.assertIsNone(cases["x.py:a"].find("system-out"))


if __name__ == "__main__":
    unittest.main()

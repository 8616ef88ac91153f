#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The counts of ci/eglcount agree with what test-program does.

Usage: test_eglcount.py LIBRARY PROGRAM [LIBRARY-TO-PRELOAD-TOO…]
"""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import eglcount  # noqa: E402

LIBRARY, PROGRAM, *OTHERS = sys.argv[1:]
ENDED_WELL = {"eglInitialize": (3, 2), "eglTerminate": (1, 1), "eglCreateContext": (3, 3),
              "eglDestroyContext": (1, 1), "eglCreateImage": (1, 1), "eglDestroyImage": (2, 1),
              "eglCreateSync": (5, 5), "eglDestroySync": (5, 5), "eglMakeCurrent": (2, 2),
              "glReadPixels": (7, 7), "glFlush": (2, 2), "glFinish": (0, 0),
              "glGenTextures": (2, 4), "glDeleteTextures": (1, 2),
              "eglExportDMABUFImageMESA": (0, 0)}


class EglCount(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "counts")

    def environment(self, preload=None, path=None):
        return dict(os.environ, LD_PRELOAD=":".join(preload or [LIBRARY]),
                    EGLCOUNT_FILE=path or self.path)

    def run_program(self, *arguments, **where):
        return subprocess.run([PROGRAM, *arguments], env=self.environment(**where), check=True,
                              stdout=subprocess.PIPE, text=True).stdout.split()

    def assert_ended_well(self, counts):
        for name, (calls, good) in ENDED_WELL.items():
            self.assertEqual((counts["calls"][name], counts["ok"][name]), (calls, good), name)

    def test_linked_and_looked_up_calls_are_counted_once_each(self):
        handles = [int(word) for word in self.run_program()]
        counts = eglcount.read(self.path)
        self.assert_ended_well(counts)
        display, a, b, c = handles
        self.assertEqual(counts["displays"],
                         [{"handle": display, "initialized": 2, "terminated": 1}])
        self.assertEqual([(ctx["handle"], ctx["share"], ctx["display"])
                          for ctx in counts["contexts"]],
                         [(a, 0, display), (b, a, display), (c, 0, display)])
        self.assertEqual(counts["contexts_created"], 3)
        self.assertEqual({ctx["thread"] for ctx in counts["contexts"]}, {counts["pid"]})
        self.assertGreater(counts["main_ns"]["glReadPixels"], 0)
        self.assertEqual(counts["main_ns"]["eglExportDMABUFImageMESA"], 0)
        for name, spent in counts["main_ns"].items():
            longest = counts["main_longest_ns"][name]
            self.assertLessEqual(longest, spent, name)
            self.assertGreaterEqual(longest * counts["calls"][name], spent, name)

    def test_other_preloaded_libraries_work_before_and_after(self):
        if not OTHERS:
            self.skipTest("no other library named")
        for preload in ([LIBRARY, *OTHERS], [*OTHERS, LIBRARY]):
            self.run_program(preload=preload)
            self.assert_ended_well(eglcount.read(self.path))

    def test_counts_can_be_read_while_the_program_runs_and_after_it_was_killed(self):
        with subprocess.Popen([PROGRAM, "hang"], env=self.environment(),
                              stdout=subprocess.PIPE, text=True) as program:
            try:
                program.stdout.readline()
                running = eglcount.read(self.path)
            finally:
                program.kill()
        self.assertEqual(running["calls"]["glReadPixels"], 7)
        self.assertEqual(running["calls"]["eglTerminate"], 0)
        self.assertEqual(eglcount.read(self.path), running)

    def test_the_longest_calls_can_be_counted_anew_while_the_program_runs(self):
        with subprocess.Popen([PROGRAM, "again"], env=self.environment(), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            program.stdout.readline()
            before = eglcount.read(self.path)
            self.assertGreater(before["main_longest_ns"]["glReadPixels"], 0)
            eglcount.reset_longest(self.path)
            reset = eglcount.read(self.path)
            self.assertEqual(set(reset["main_longest_ns"].values()), {0})
            self.assertEqual(dict(reset, main_longest_ns=None), dict(before, main_longest_ns=None))
            program.stdin.write("\n")
            program.stdin.flush()
            program.stdout.readline()
            after = eglcount.read(self.path)
        again = after["main_longest_ns"]
        # one call, so the longest is what they took in all
        self.assertEqual(again["glReadPixels"], after["main_ns"]["glReadPixels"] -
                         before["main_ns"]["glReadPixels"])
        self.assertGreater(again["glReadPixels"], 0)
        self.assertEqual(again["eglCreateSync"], 0)

    def test_a_program_without_egl_leaves_no_file(self):
        self.run_program("no-egl")
        self.assertEqual(os.listdir(self.folder), [])

    def test_each_process_can_have_its_own_file(self):
        for _ in range(2):
            self.run_program(path=self.path + "-%p.bin")
        names = os.listdir(self.folder)
        self.assertEqual(len(names), 2, names)
        for name in names:
            pid = eglcount.read(os.path.join(self.folder, name))["pid"]
            self.assertEqual(name, f"counts-{pid}.bin")

    def test_without_a_file_the_program_runs_as_ever(self):
        environment = self.environment()
        del environment["EGLCOUNT_FILE"]
        subprocess.run([PROGRAM], env=environment, check=True, stdout=subprocess.DEVNULL)
        environment["EGLCOUNT_FILE"] = "/nonexistent/folder/counts"
        complaint = subprocess.run([PROGRAM], env=environment, check=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.assertIn("/nonexistent/folder/counts", complaint.stderr)

    def test_other_files_are_refused(self):
        for content in (b"", b"EGLCOUNT 3\n", b"x" * 100000):
            with self.assertRaises(ValueError):
                eglcount.parse(content)
        self.run_program()
        with open(self.path, "rb") as stream:
            whole = stream.read()
        with self.assertRaises(ValueError):
            eglcount.parse(whole[:-1])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])

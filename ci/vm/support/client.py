# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless SPICE client under a test's control."""

import json
import os
import select
import signal
import subprocess
import time

from . import endings, stack
from .picture import Picture
from .waiting import SCALE, Late, wait_until


class Client:
    """spicegl-client --control; a context manager

    nice: how much lower than QEMU's its priority is. If a test measures the server's time, the
        client's decoding must not take the CPU from it: in reality it has a CPU of its own.

    It must end without an error; otherwise use kill() or lose_server().
    """

    def __init__(self, uri, workdir, name="client", options=(), environment=None, nice=0):
        self.name = name
        self._workdir = workdir
        self._pictures = 0
        self._exits, self._ended = (0,), False
        self._log = open(os.path.join(workdir, name + ".log"), "w", encoding="utf-8")
        env = dict(os.environ)
        # The doubles belong to QEMU's side
        env.pop("LD_PRELOAD", None)
        env.update(environment or {})
        self.process = subprocess.Popen(
            (["nice", "-n", str(nice)] if nice else []) + [stack.client(), "--uri", uri, "--control", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            env=env, text=True, bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        endings.leave(error, self.end())

    def _gone(self):
        """The error to raise when it does not answer any more"""
        try:
            self.process.wait(5 * SCALE)
        except subprocess.TimeoutExpired:
            pass
        return Late("{} is gone: it {}; its log, {}, ends: {}".format(
            self.name, endings.how(self.process.poll()), self._log.name,
            endings.last_lines(self.log())))

    def ask(self, command, timeout=20):
        """The answer to one command, as Python data"""
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None
        deadline = time.monotonic() + timeout * SCALE
        while True:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            if not ready:
                raise Late("{} does not answer {!r}".format(self.name, command))
            line = self.process.stdout.readline()
            if not line:
                raise self._gone()
            # Libraries may print to stdout too
            if line.startswith("{"):
                return json.loads(line)

    def log(self):
        """The output of it and its libraries"""
        with open(self._log.name, encoding="utf-8", errors="replace") as log:
            return log.read()

    def report(self):
        """The report of everything received; raises Late if the connection is lost"""
        report = self.ask("report")
        if report["error"]:
            raise Late("{} has lost its server: {}".format(self.name, report["error"]))
        return report

    def display(self, channel=0):
        """The report's part about one display channel; None while there is no such channel"""
        for display in self.report()["displays"]:
            if display["channel"] == channel:
                return display
        return None

    def cursor(self, channel=0):
        """The pointer of one display; None while there is no such channel"""
        for cursor in self.report()["cursors"]:
            if cursor["channel"] == channel:
                return cursor
        return None

    def wait_for_cursor(self, condition, what, channel=0, timeout=20):
        """Waits until condition(cursor) is true; returns the cursor"""
        last = {}

        def look():
            last["cursor"] = self.cursor(channel)
            return last["cursor"] and condition(last["cursor"]) and last["cursor"]

        return wait_until(look, lambda: "{}: {}; has {}".format(self.name, what, last), timeout)

    def wait(self, condition, what, channel=0, timeout=20):
        """Waits until condition(display) is true; returns the display's report"""
        last = {}

        def look():
            last["display"] = self.display(channel)
            return last["display"] and condition(last["display"]) and last["display"]

        return wait_until(look, lambda: "{}: {}; has {}".format(self.name, what, last), timeout)

    def seen(self, channel=0):
        """With --counter: [(seconds of time.monotonic(), frame number)] since the last call"""
        answer = self.ask("seen {}".format(channel))
        return [(at / 1e6, number) for at, number in answer["seen"]]

    def wait_for_frames(self, count=1, channel=0, timeout=20):
        """Waits until it has shown count frames since it connected"""
        return self.wait(lambda d: d["frames"] >= count, "{} frames".format(count), channel,
                         timeout)

    def wait_for_size(self, width, height, channel=0, timeout=20):
        return self.wait(lambda d: (d["width"], d["height"]) == (width, height),
                         "size {}x{}".format(width, height), channel, timeout)

    def picture(self, channel=0):
        """Its picture; None if there is none yet"""
        # A client that has lost its server would go on showing the last picture
        self.report()
        self._pictures += 1
        path = os.path.join(self._workdir, "{}-{}.png".format(self.name, self._pictures))
        answer = self.ask("save {} {}".format(path, channel))
        return Picture.load(path) if answer.get("saved") else None

    def wait_for_picture(self, problem, channel=0, timeout=20):
        """Waits until problem(picture) is None; returns the picture.

        problem: returns what is wrong with the picture, as text
        """
        last = {"problem": "no picture"}

        def look():
            picture = self.picture(channel)
            last["problem"] = problem(picture) if picture else "no picture"
            return picture if last["problem"] is None else None

        return wait_until(look, lambda: "{}: a right picture: {}".format(
            self.name, last["problem"]), timeout, interval=0.2)

    def stop(self):
        """It stops reading and answering, with its connections open"""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """Ends it without telling its server"""
        self._exits = (-signal.SIGKILL,)
        self.process.kill()
        self.process.wait()

    def lose_server(self, what="{} has lost its server", timeout=20):
        """Waits until its server has refused or disconnected it; returns its message about that"""
        wait_until(lambda: self.ask("report")["error"], what.format(self.name), timeout)
        self.may_lose_server()
        return self.ask("report")["error"]

    def may_lose_server(self):
        """Its server ends, or disconnects it, before the test ends or at about that time"""
        self._exits = (0, 1)

    def close(self):
        """Raises AssertionError if it ends with an error. May be called again, and then does nothing."""
        endings.leave(None, self.end())

    def end(self):
        """Ends it, and returns all that went wrong, as a list of texts"""
        if self._ended:
            return []
        self._ended, problems = True, []
        if self.process.poll() is None:
            self.go_on()
            try:
                self.process.stdin.close()
            except OSError:
                pass
            try:
                self.process.wait(10 * SCALE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                problems.append("{} did not end when it was told to".format(self.name))
        self.process.stdout.close()
        self._log.close()
        if problems:
            return problems
        return endings.of_process(self.name, self.process.returncode, self._exits, self.log())

# SPDX-License-Identifier: GPL-2.0-or-later
"""Realistic links (ci/link): QEMU at one end, clients at the other.

A guest behind one, and a client that sees it, in a VmTest:

    with Link("dsl", self.logdir) as link, self.machine(link=link, …) as machine:
        client = machine.client()

The monitor and the console are Unix sockets, and reach the machine as usual.
"""

import json
import os
import select
import subprocess

from . import stack
from .machine import Machine
from .waiting import SCALE, Late


class Link:
    """A link that lasts until it is closed; a context manager.

    name: see "ci/link/link --help"
    congestion: TCP's congestion control, such as "reno"; None: the kernel's default
    options: more of spicegl-link's, such as "--rate=8" or "--seed=2"
    """

    def __init__(self, name, folder, congestion=None, options=()):
        self.name = name
        os.makedirs(folder, exist_ok=True)
        self._log = open(os.path.join(folder, "link.log"), "w", encoding="utf-8")
        words = [stack.link(), "--name=" + name, "--hold", *options]
        if congestion:
            words.append("--congestion=" + congestion)
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._log, text=True, bufsize=1)
        try:
            ends = self._answer()
        except Late:
            self.close()
            raise
        self.congestion = ends["congestion"]
        self.address = ends["server"]["address"]
        # The words to put before a command so that it runs at that end
        self.on_server, self.on_client = ends["server"]["enter"], ends["client"]["enter"]
        self._ends = ends
        self._first = self._conditions()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _answer(self):
        ready, _, _ = select.select([self._process.stdout], [], [], 10 * SCALE)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            with open(self._log.name, encoding="utf-8") as log:
                raise Late("the link does not answer: {}".format(log.read().strip()))
        return json.loads(line)

    def _ask(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise ValueError("{}: {}".format(command, answer["error"]))
        return answer

    def client_options(self, end="client"):
        """The options that put spicegl-client at an end: its own, or the "server"'s"""
        options = ["--netns", self._ends[end]["net"]]
        if "user" in self._ends[end]:
            options += ["--userns", self._ends[end]["user"]]
        return options

    def counters(self):
        """Of "down" (to the client) and "up": packets and bytes that have arrived, dropped,
        lost, queue_max (bytes, since the last call), late_max_ms (how late this machine has
        delivered at worst, since the last call) and more; and the time (time.monotonic())"""
        return self._ask("counters")

    def change(self, **conditions):
        """rate (Mbit/s), delay and jitter (ms), queue (kB), loss (%): a number for both ways, or
        "DOWN/UP" """
        self._ask("set " + " ".join("{}={}".format(*item) for item in conditions.items()))

    def _conditions(self):
        """As arguments of change()"""
        ways = self.counters()
        return {key: "/".join("{:f}".format(ways[way][name] * scale) for way in ("down", "up"))
                for key, name, scale in (("rate", "rate", 1e-6), ("delay", "delay_ms", 1),
                                         ("jitter", "jitter_ms", 1), ("queue", "queue", 1e-3),
                                         ("loss", "loss", 100))}

    def cut(self):
        """Lets nothing through"""
        self.change(loss=100)

    def restore(self):
        """Restores the original conditions; after cut() TCP takes some seconds to notice that"""
        self.change(**self._first)

    def begin_steps(self):
        """Goes through the rates of a link that has steps"""
        self._ask("steps")

    def close(self):
        if self._process.poll() is None:
            try:
                self._process.stdin.close()
                self._process.wait(5 * SCALE)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()
        self._process.stdout.close()
        self._log.close()


class LinkedMachine(Machine):
    """A Machine at the server's end of a link, which must outlive it; see Machine"""

    def __init__(self, *arguments, link, preload=(), **options):
        super().__init__(*arguments, **options)
        self.link = link
        # For QEMU: the program that moves it to its end does not work with all of them
        self._libraries = list(preload)

    def add_environment(self, pairs):
        """Adds variables for QEMU, before it is started"""
        self._environment.update(pairs)

    def command(self, monitor):
        words = super().command(monitor)
        return self.link.on_server + ["env", "LD_PRELOAD=" + ":".join(self._libraries)] + [
            word.replace("addr=127.0.0.1", "addr=" + self.link.address) for word in words]

    def client(self, way="tcp", name=None, options=(), **more):
        """See Machine.client(). way: "tcp", over the link; "near", TCP that is not behind it, at
        the server's end; or "unix" """
        if way == "unix":
            return super().client(way, name, options, **more)
        end = {"tcp": "client", "near": "server"}[way]
        return super().client("spice://{}:{}".format(self.link.address, self.port), name,
                              [*options, *self.link.client_options(end)], **more)

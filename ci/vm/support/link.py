# SPDX-License-Identifier: GPL-2.0-or-later
"""Links like real ones (ci/link): QEMU at one end, clients at the other.

A guest behind one, and a client that sees it:

    with Link("dsl", folder) as link, LinkedMachine(folder, link=link, …) as machine:
        client = machine.client(options=["--counter"])

The monitor and the console are Unix sockets and reach the machine as ever. So would a client
with way="unix": it is not behind the link.
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
        # A command's words that run the rest at that end
        self.on_server, self.on_client = ends["server"]["enter"], ends["client"]["enter"]
        self._client_end = ends["client"]

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

    def client_options(self):
        """What puts spicegl-client at its end"""
        options = ["--netns", self._client_end["net"]]
        if "user" in self._client_end:
            options += ["--userns", self._client_end["user"]]
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

    def __init__(self, *arguments, link, **options):
        super().__init__(*arguments, **options)
        self.link = link

    def add_environment(self, pairs):
        """For QEMU, before it is started"""
        self._environment.update(pairs)

    def command(self, monitor):
        words = super().command(monitor)
        return self.link.on_server + [
            word.replace("addr=127.0.0.1", "addr=" + self.link.address) for word in words]

    def client(self, way="tcp", name=None, options=(), **more):
        """See Machine.client(); over the link, unless way is "unix" """
        if way == "unix":
            return super().client(way, name, options, **more)
        if way == "tcp":
            way = "spice://{}:{}".format(self.link.address, more.pop("port", None) or self.port)
        return super().client(way, name, [*options, *self.link.client_options()], **more)

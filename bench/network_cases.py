# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients to measure over links, and the machines that they are clients of."""

import os
import time

from support import stack
from support.link import LinkedMachine
from support.waiting import wait_until

from cases import VncClient

INPUT = ["-device", "virtio-keyboard-pci"]
# Counters of a display whose increase is reported
COUNTED = ("bytes", "video_frames", "video_shown", "images", "streams", "acks", "reports",
           "reported_frames", "reported_late", "undecodable", "counter_changes")
# A key's answer comes within this, or not at all; seconds
ECHO_WITHIN = 3
SCANCODE_A = 0x1e


class Watching:
    """What both kinds of client have in common; ask() sends one command"""

    def seen(self):
        return [(at / 1e6, number) for at, number in self.ask("seen")["seen"]]

    def quality(self):
        """[(seconds, number, dB)] since the last call"""
        answer = self.ask("quality")
        return [(at / 1e6, number, db) for at, number, db in answer["quality"]]

    def exact_since(self, number):
        """The time, in seconds, since which every pixel of that frame is shown; None if it is not"""
        since = self.ask("quality")["exact_since"]
        return since / 1e6 if since >= 0 and self.number() == number else None

    def press_and_wait(self):
        """[ms until the answer to a key is shown]; [] if there is none in time"""
        self.ask("echo {}".format(SCANCODE_A))
        deadline = time.monotonic() + ECHO_WITHIN
        while time.monotonic() < deadline:
            time.sleep(0.02)
            found = self.ask("echoes")["echoes"]
            if found:
                return [(shown - pressed) / 1000 for pressed, shown in found]
        return []


class SpiceClient(Watching):
    """ci/client, over a link"""

    def __init__(self, machine, options):
        self._client = machine.client("tcp", options=[
            "--counter", "--compare", machine.guest["pattern"], *options])
        # stock shows a new client the next draw
        machine.tell("flips 2")
        self._client.wait_for_frames(1, timeout=60)

    def ask(self, command):
        return self._client.ask(command)

    def number(self):
        return self._client.display()["counter"]

    def connect_keyboard(self):
        self.ask("inputs")
        wait_until(lambda: self._client.report()["inputs"], "the keyboard is connected")

    def totals(self):
        display = self._client.display()
        return {**{key: display[key] for key in COUNTED}, "codec": display["codec"],
                "last_margin": display["last_margin"]}

    @staticmethod
    def difference(before, after):
        return {key: after[key] - before[key] if key in COUNTED else after[key] for key in after}

    def close(self):
        self._client.close()


class LinkedVncClient(Watching, VncClient):
    """bench/vnc-client, over a link"""

    def __init__(self, machine, link, port):
        super().__init__(port, address=link.address, through=link.on_client,
                         options=[machine.guest["pattern"]], nice=0)

    def ask(self, command):
        # It has only one key
        return self._ask(command.split()[0])

    def number(self):
        return self._ask("report")["counter"]

    def connect_keyboard(self):
        pass

    @staticmethod
    def difference(before, after):
        return {key: after[key] - before[key] for key in after}


def _upstream(variant):
    prefix = os.path.join(stack.INSTALL, variant)
    return {"qemu": stack.built("install/{}/bin/qemu-system-x86_64".format(variant),
                                "scripts/build " + variant),
            "environment": {"LD_LIBRARY_PATH": os.path.join(prefix, "lib")}}


def _headless(display=None, extra=()):
    """QEMU as remote 3D is done without this project"""
    return {**_upstream("baseline"),
            **({"display": display} if display else {"gl": False, "device": "virtio-gpu-gl-pci"}),
            "extra": INPUT + list(extra)}


class Case:
    """A stack with a kind of client"""

    def __init__(self, stack_name, options=(), about=""):
        self.stack, self.options, self.about = stack_name, list(options), about

    def machine_options(self, link, port):
        if self.stack == "this":
            return {"tcp": True, "extra": list(INPUT)}
        if self.stack == "qemu-10.2":
            return {**_upstream("baseline-10.2"), "tcp": True, "extra": list(INPUT)}
        if self.stack == "egl-headless":
            return _headless(extra=["-display", "egl-headless"])
        return _headless("egl-headless",
                         ["-vnc", "{}:{}".format(link.address, port - 5900)])

    def connect(self, machine, link, port):
        if self.stack == "vnc":
            return LinkedVncClient(machine, link, port)
        return SpiceClient(machine, self.options)


CASES = {
    "default": Case("this", about="no preference"),
    "mjpeg": Case("this", ["--codec", "mjpeg"]),
    "h264": Case("this", ["--codec", "h264"]),
    "vp8": Case("this", ["--codec", "vp8"]),
    "images": Case("this", ["--no-video"], about="knows no video"),
    "no-reports": Case("this", ["--no-reports"], about="sends no stream reports"),
    "ack-late": Case("this", ["--ack-late", "200"], about="acknowledges 200 ms late"),
    "ack-together": Case("this", ["--ack-together", "20"], about="acknowledges 20 at a time"),
    "egl-headless": Case("egl-headless", about="egl-headless + SPICE, as without this project"),
    "vnc": Case("vnc", about="egl-headless + VNC, the same"),
    "qemu-10.2": Case("qemu-10.2", about="QEMU 10.2's own gl=on for remote clients"),
}
# Compared unless something else is requested
COMPARED = ("default", "mjpeg", "h264", "vp8", "egl-headless", "vnc")


def make_machine(case, link, port, folder, name, guest, extra, preload=()):
    """A LinkedMachine that has not been started; guest: its options"""
    options = case.machine_options(link, port)
    options["extra"] = options["extra"] + list(extra)
    return LinkedMachine(folder, link=link, name=name, preload=list(preload),
                         guest={**guest, "input": 1}, **options)

# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured side by side."""

import json
import os
import select
import subprocess
import time

from support import stack
from support.waiting import Late

# Of each workload: what the guest is told, and whether its pictures are numbered
WORKLOADS = {
    # a cursor that blinks
    "idle": (["set pattern=small", "set mode=dirty", "rate 2"], False),
    # a band of 64 lines that changes
    "small": (["set pattern=counter", "set mode=flip", "rate 60"], True),
    "motion": (["set pattern=motion", "set mode=flip", "rate 60"], True),
    "fast": (["set pattern=counter", "set mode=flip", "rate 0"], True),
}


class SpiceClient:
    """ci/client, as a measurement window uses it"""

    def __init__(self, machine, way):
        # In reality it has processors of its own
        self._client = machine.client(way, options=["--counter"], nice=10)
        # stock shows a new client the next draw
        machine.tell("flips forever")
        self._client.wait_for_frames(1)

    def seen(self):
        return self._client.seen()

    def totals(self):
        display = self._client.display()
        return {"frames": display["frames"], "bytes": display["bytes"]}


class VncClient:
    """bench/vnc-client; raises stack.Missing if it has not been built

    through: words of a command that runs it; options: of its own; nice: see SpiceClient
    """

    def __init__(self, port, address="127.0.0.1", through=(), options=(), nice=10):
        program = stack.built("bench-tools/vnc-client/spicegl-vnc-client", "scripts/build bench")
        self._process = subprocess.Popen([*through, "nice", "-n", str(nice), program,
                                          "{}:{}".format(address, port), *options],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, text=True, bufsize=1)
        deadline = time.monotonic() + 20
        while self.totals()["frames"] < 1:
            if time.monotonic() > deadline:
                raise Late("the VNC client gets no frame")
            time.sleep(0.1)

    def _ask(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        while True:
            ready, _, _ = select.select([self._process.stdout], [], [], 20)
            line = self._process.stdout.readline() if ready else ""
            if not line:
                raise Late("the VNC client does not answer")
            if line.startswith("{"):
                return json.loads(line)

    def seen(self):
        return [(at / 1e6, number) for at, number in self._ask("seen")["seen"]]

    def totals(self):
        report = self._ask("report")
        return {"frames": report["updates"], "bytes": report.get("bytes")}

    def close(self):
        self._process.terminate()
        self._process.wait()


class Case:
    """A stack with a kind of client

    this          the patched stack
    stock         upstream's gl=on, with the queue's fixes and its patches that let EGL start
                  without a DRM node, and no changes to SPICE: the variant "baseline"
    stock-10.2    as stock, with QEMU 10.2, whose gl=on serves remote clients: "baseline-10.2"
    egl-headless  -display egl-headless with -spice gl=off, as remote 3D is done today
    vnc           -display egl-headless with -vnc
    """

    def __init__(self, stack_name, client):
        self.stack, self.client = stack_name, client

    def __str__(self):
        return "{}, {}".format(self.stack, "nobody connected" if self.client == "none" else
                               "{} client".format(self.client))

    def options(self, port):
        """For a Machine"""
        if self.stack == "this":
            return {"tcp": True, "unix": True}
        variant = "baseline-10.2" if self.stack == "stock-10.2" else "baseline"
        prefix = os.path.join(stack.INSTALL, variant)
        options = {"qemu": stack.built("install/{}/bin/qemu-system-x86_64".format(variant),
                                       "scripts/build " + variant),
                   "environment": {"LD_LIBRARY_PATH": os.path.join(prefix, "lib")}}
        if self.stack == "stock":
            options.update(tcp=False, unix=True)
        elif self.stack == "stock-10.2":
            options.update(tcp=True, unix=False)
        elif self.stack == "egl-headless":
            # the graphics device has 3D, and SPICE does not know
            options.update(gl=False, device="virtio-gpu-gl-pci", extra=["-display", "egl-headless"])
        elif self.stack == "vnc":
            options.update(display="egl-headless",
                           extra=["-vnc", "127.0.0.1:{}".format(port - 5900)])
        return options

    def connect(self, machine, port):
        """The client; None if the case has none"""
        if self.client == "none":
            return None
        if self.stack == "vnc":
            return VncClient(port)
        return SpiceClient(machine, "unix" if self.client == "local" else "tcp")


CASES = [Case("this", "none"), Case("this", "local"), Case("this", "remote"),
         Case("stock", "none"), Case("stock", "local"), Case("stock-10.2", "remote"),
         Case("egl-headless", "none"), Case("egl-headless", "remote"),
         Case("vnc", "remote")]
QUICK_CASES = [Case("this", "none"), Case("this", "remote"), Case("egl-headless", "remote")]

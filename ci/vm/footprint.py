# SPDX-License-Identifier: GPL-2.0-or-later
"""What gl=on costs while no client is connected: those parts of GStreamer that the codecs need."""

import os
import re

from support.video import wait_for_video
from support.vmtest import VmTest
from support.waiting import wait_until

# As libvirt's
SANDBOX = ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]
# There is no registry of plugins, and none can be written
NO_CACHE = {"GST_REGISTRY": "/proc/nowhere/registry.bin", "XDG_CACHE_HOME": "/proc/nowhere"}


def libraries(vm):
    """The shared libraries that QEMU has mapped, by name without version"""
    with open("/proc/{}/maps".format(vm.process.pid), encoding="utf-8") as maps:
        paths = (line.split(None, 5)[5].strip() for line in maps if line.count("/") > 1)
        names = (os.path.basename(path) for path in paths)
        return {name.split(".so")[0] for name in names if ".so" in name}


def plugins(names):
    """GStreamer's plugins, without the libraries that these share"""
    return {name for name in names if re.match(r"libgst\w+$", name)}


def resident_mib(vm):
    """QEMU's own memory, without the guest's and without translated code, which depend on the guest"""
    total = 0
    with open("/proc/{}/smaps".format(vm.process.pid), encoding="utf-8", errors="replace") as file:
        counted = False
        for line in file:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                counted = False
            elif line.startswith("Size:"):
                counted = int(line.split()[1]) <= 64 * 1024
            elif line.startswith("Rss:") and counted:
                total += int(line.split()[1])
    return total / 1024


class Footprint(VmTest):
    """:avocado: tags=beside"""

    def _costs_little(self, extra):
        with self.machine(extra=extra, environment=NO_CACHE,
                          spice=["streaming-video=off"]) as vm:
            without, mib = libraries(vm), resident_mib(vm)
        self.assertEqual(plugins(without), set(), "no video, no codecs")
        with self.machine(extra=extra, environment=NO_CACHE) as vm:
            names = libraries(vm)
            self.assertIn("libgstvpx", names)
            self.assertNotIn("libavcodec", names, "no codecs that SPICE cannot use here")
            self.assertLessEqual(len(plugins(names)), 6, plugins(names))
            self.assertLessEqual(len(names - without), 45, names - without)
            self.assertLessEqual(resident_mib(vm) - mib, 32)
            for codec in ("vp8", "h264"):
                with vm.client("tcp", options=["--codec", codec]) as client:
                    client.wait_for_frames(1)
                    vm.tell("set pattern=motion")
                    vm.tell("flips forever")
                    wait_for_video(vm, codec)
                    client.wait(lambda d: d["video_frames"] >= 10, "10 frames of the stream")
                wait_until(lambda: not vm.display()["clients"], "the client is gone")
            self.assertLessEqual(len(plugins(libraries(vm))), 6)

    def test_codecs_cost_little_until_somebody_looks(self):
        self._costs_little([])

    def test_codecs_cost_little_where_qemu_may_start_no_program(self):
        self._costs_little(SANDBOX)

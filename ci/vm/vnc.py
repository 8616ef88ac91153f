# SPDX-License-Identifier: GPL-2.0-or-later
"""VNC beside SPICE with gl=on: the guest's picture is read back while a viewer is connected."""

import contextlib
import os
import tempfile

from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.rfb import Rfb
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until


class Vnc(VmTest):
    """:avocado: tags=beside"""

    @contextlib.contextmanager
    def _machine(self, make=None, place="extra", **options):
        """A machine, and the socket of its VNC server; place: where on the command line -vnc is"""
        with tempfile.TemporaryDirectory(prefix="spicegl-") as folder:
            path = os.path.join(folder, "vnc")
            make = make or self.machine
            with make(unix=True, **{place: ["-vnc", "unix:" + path]}, **options) as vm:
                yield vm, path

    @staticmethod
    def _shows(viewer, wrong):
        """Waits until wrong(picture) is None"""
        last = {}

        def look():
            last["wrong"] = wrong(viewer.picture())
            return last["wrong"] is None

        wait_until(look, lambda: "the right picture: {}".format(last), 20)

    def test_a_viewer_sees_what_the_guest_renders_and_clients_are_served_as_before(self):
        for memory, place in (("texture", "extra"), ("texture-up", "first")):
            with self._machine(name=memory, place=place, guest={"memory": memory}) as (vm, path):
                local = vm.client("unix", "local")
                local.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
                with Rfb(path) as viewer:
                    self._shows(viewer, lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
                    vm.tell("set pattern=motion")
                    vm.flips(60)
                    self._shows(viewer, lambda p: None if wrong_corners(p, *SIZE) else "the former one")
                    vm.tell("set pattern=corners")
                    vm.flips(10)
                    self._shows(viewer, lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
                local.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
                self.assertEqual([c["path"] for c in vm.display()["clients"]], ["local"])

    def test_a_viewer_follows_sizes_and_the_way_to_and_from_surfaces(self):
        with self._machine(guest={"size": "640x360"}) as (vm, path), Rfb(path) as viewer:
            remote = vm.client("tcp")
            for width, height in ((640, 360), (801, 599), (320, 240)):
                vm.tell("resize {}x{}".format(width, height))
                self._shows(viewer, lambda p: wrong_corners(p, width, height, tolerance=LOSSLESS))
                remote.wait_for_picture(lambda p: wrong_corners(p, width, height, tolerance=LOSSY))
            after = vm.serial.position()
            vm.qmp("system_reset") # the firmware's own screen, and the guest again
            vm.wait_ready(after)
            self._shows(viewer, lambda p: wrong_corners(p, 640, 360, tolerance=LOSSLESS))
            remote.wait_for_picture(lambda p: wrong_corners(p, 640, 360, tolerance=LOSSY))

    def test_where_nobody_looks_nothing_is_read(self):
        with self._machine(self.counted_machine) as (vm, _):
            vm.flips(10)
            before = self.egl_calls()["calls"]
            vm.flips(120)
            self.assertEqual(self.egl_calls()["calls"]["glReadPixels"], before["glReadPixels"])

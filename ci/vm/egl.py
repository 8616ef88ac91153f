# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU owns EGL, and spice-server uses it. EGL calls are counted from outside."""

from support import eglcalls
from support.picture import LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest


class Egl(VmTest):
    """:avocado: tags=beside"""

    def test_egl_is_initialised_exactly_once(self):
        with self.counted_machine(unix=True, many_clients=True) as vm:
            vm.flips(10)
            for way in ("unix", "tcp"):
                client = vm.client(way)
                client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            vm.flips(60)
            counts = self.egl_calls()
            self.assertEqual(eglcalls.initialised(counts), 1)
            self.assertEqual(len(counts["displays"]), 1)
            self.assertTrue(vm.display()["egl-renderer"])

    def test_beside_egl_headless_it_is_initialised_once_and_all_is_shown(self):
        with self.counted_machine(extra=["-display", "egl-headless"]) as vm:
            client = vm.client("tcp")
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            vm.flips(60)
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            self.assertEqual(eglcalls.initialised(self.egl_calls()), 1)

    def test_the_servers_context_is_in_nobodys_share_group(self):
        with self.counted_machine() as vm:
            client = vm.client("tcp")
            client.wait_for_frames(1)
            contexts = self.egl_calls()["contexts"]
            # QEMU's and virglrenderer's share with each other; spice-server's stands alone:
            # it shares with none and none shares with it
            shared = {c["share"] for c in contexts}
            alone = [c for c in contexts if c["share"] == 0 and c["handle"] not in shared]
            self.assertTrue(alone, contexts)
            self.assertGreater(vm.display()["readbacks"], 0)

    def test_two_heads_still_initialise_egl_once(self):
        with self.counted_machine(heads=2, guest={"heads": 2}) as vm:
            client = vm.client("tcp")
            for head in (0, 1):
                client.wait_for_picture(
                    lambda p, head=head: wrong_corners(p, *SIZE, tolerance=LOSSY, head=head), channel=head)
            self.assertEqual(eglcalls.initialised(self.egl_calls()), 1)

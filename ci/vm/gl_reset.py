# SPDX-License-Identifier: GPL-2.0-or-later
"""If the GPU is reset, spice-server loses its GL context, and rebuilds it."""

from support.orders import GpuReset
from support.picture import LOSSLESS, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until


def right(picture):
    return wrong_corners(picture, *SIZE, tolerance=LOSSLESS)


class GlReset(VmTest):
    """:avocado: tags=beside"""

    def _machine(self, **options):
        self._gpu = GpuReset(self.logdir)
        return self.machine(preload=self._gpu.preload, environment=self._gpu.environment,
                            guest={"pattern": "motion"}, **options)

    def _wait_for_loss(self):
        wait_until(self._gpu.happened, "the context is lost")

    def _warnings(self, vm):
        return [line for line in vm.stderr().splitlines() if "GL context lost" in line]

    def test_a_lost_context_is_rebuilt_and_the_picture_goes_on(self):
        """:avocado: tags=sanitized"""
        with self._machine() as vm:
            client = vm.client("tcp", options=["--counter"])
            client.wait_for_frames(1)
            vm.tell("flips forever")
            client.wait(lambda d: d["counter"] > 20, "frames")
            self._gpu.order()
            self._wait_for_loss()
            before = client.display()["counter"]
            client.wait(lambda d: d["counter"] > before + 20, "later frames")
            vm.tell("stop")
            vm.tell("set pattern=corners")
            client.wait_for_picture(right)
            self.assertEqual(len(self._warnings(vm)), 1, self._warnings(vm))
            self.assertIn("GL_INNOCENT_CONTEXT_RESET", self._warnings(vm)[0])
            self.assertIn("with a new one", self._warnings(vm)[0])

    def test_the_frame_that_a_reset_lost_is_shown(self):
        with self._machine() as vm:
            client = vm.client("tcp")
            client.wait_for_frames(1)
            vm.flips(5)
            self._gpu.order()
            vm.tell("set pattern=corners")
            self._wait_for_loss()
            client.wait_for_picture(right)

    def test_without_another_context_local_clients_and_the_guest_go_on_and_remote_ones_later(self):
        with self._machine(unix=True, many_clients=True) as vm:
            remote, local = vm.client("tcp", "remote"), vm.client("unix", "local")
            remote.wait_for_frames(1)
            local.wait_for_frames(1)
            vm.tell("flips forever")
            self._gpu.order("forever")
            self._wait_for_loss()
            draws = local.display()["draws"]
            local.wait(lambda d: d["draws"] > draws + 60, "draws at the local client")
            self.assertLess(vm.progress()["maxgap"], 2000000)
            vm.tell("stop")
            vm.tell("set pattern=corners")
            local.wait_for_picture(right)
            self.assertEqual(len(self._warnings(vm)), 1, self._warnings(vm))
            self.assertIn("remote clients get no frames until", self._warnings(vm)[0])
            remote.wait_for_picture(lambda p: None if wrong_corners(p, *SIZE, tolerance=LOSSLESS)
                                    else "the new picture, which nobody can have read")
            self._gpu.order("over")
            remote.wait_for_picture(right)
            self.assertEqual(len(self._warnings(vm)), 1, self._warnings(vm))

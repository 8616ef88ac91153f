# SPDX-License-Identifier: GPL-2.0-or-later
"""A client's keyboard and pointer reach the guest, whatever the path of its display."""

from support.inputs import DEVICES, KEY_A, SCANCODE_A, TABLET_RANGE
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until


class Inputs(VmTest):
    """:avocado: tags=beside"""

    def _types_and_points(self, vm, client, size):
        client.ask("inputs")
        wait_until(lambda: client.report()["inputs"] and client.report()["places_pointer"],
                   "the client may type and say where the pointer is")
        after = vm.serial.position()
        client.ask("key {}".format(SCANCODE_A))
        vm.serial.wait("SPICEGL key {}$".format(KEY_A), after=after)
        for x, y in ((size[0] // 4, size[1] // 2), (size[0] - 1, 0)):
            after = vm.serial.position()
            client.ask("move {} {}".format(x, y))
            place = vm.serial.wait(r"SPICEGL pointer (\d+) (\d+)", after=after)
            for got, at, length in zip(place.groups(), (x, y), size):
                self.assertAlmostEqual(int(got), at * TABLET_RANGE / length, delta=2)

    def test_keys_and_pointer_of_local_and_remote_clients_reach_the_guest(self):
        with self.machine(unix=True, guest={"input": 1}, extra=DEVICES) as vm:
            for way, tolerance, size in (("tcp", LOSSY, SIZE), ("unix", LOSSLESS, (800, 600))):
                vm.tell("resize {}x{}".format(*size))
                with vm.client(way) as client:
                    client.wait_for_picture(
                        lambda p: wrong_corners(p, *size, tolerance=tolerance))
                    self._types_and_points(vm, client, size)
                    # The pointer's range follows the size while the client is connected
                    other = size[0] // 2, size[1] - 120
                    vm.tell("resize {}x{}".format(*other))
                    client.wait_for_picture(
                        lambda p: wrong_corners(p, *other, tolerance=tolerance))
                    self._types_and_points(vm, client, other)
                wait_until(lambda: not vm.display()["clients"], "the client is gone")

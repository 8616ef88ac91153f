# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that are not spice-gtk: without capabilities, and with other habits of acknowledging."""

from support.foreign import Foreign
from support.picture import LOSSLESS, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until


def right(picture):
    return wrong_corners(picture, *SIZE, tolerance=LOSSLESS)


class OtherClients(VmTest):
    """:avocado: tags=beside"""

    def test_clients_without_capabilities_are_served_and_others_go_on(self):
        with self.machine(unix=True, many_clients=True, spice=["image-compression=off"]) as vm:
            others = [vm.client("tcp", "remote"), vm.client("unix", "local")]
            # As the server asks for; or 20 at a time, or 200 ms late
            for together in (1, 20):
                with Foreign(vm.port, together) as foreign:
                    foreign.wait_for_picture(right)
                    before = [client.display()["frames"] for client in others]
                    vm.tell("set pattern=motion")
                    frames = foreign.frames
                    vm.tell("flips forever")
                    foreign.wait_for_frames(frames + 20)
                    for client, seen in zip(others, before):
                        client.wait(lambda d, seen=seen: d["frames"] > seen + 20, "20 frames more")
                    vm.tell("stop")
                    vm.tell("set pattern=corners")
                    foreign.wait_for_picture(right)
                    for client in others:
                        client.wait_for_picture(right)
                    # It has announced no codec
                    self.assertEqual(foreign.streams, 0)
                wait_until(lambda: len(vm.display()["clients"]) == 2, "it is gone")

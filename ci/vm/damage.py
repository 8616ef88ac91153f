# SPDX-License-Identifier: GPL-2.0-or-later
"""A small change, and then none: each client shows all of it, whatever it was sent before."""

from support.hardware import H264, Card
from support.picture import difference
from support.vmtest import VmTest

# x, y, width, height: points, columns, lines and a few pixels, at unaligned places
CHANGES = ((0, 0, 1, 1), (333, 17, 1, 301), (5, 77, 601, 1), (639, 358, 1, 1), (101, 103, 3, 5),
           (637, 1, 3, 357))
# Rectangles that virgl does not refuse: outside of the screen, or with only an edge on it
STRAY = ((1 << 31, 0, 1, 1), (0, 1 << 31, 1, 1), (0, 0, (1 << 32) - 1, 0), ((1 << 32) - 1, 5, (1 << 32) - 1, 1))


class Damage(VmTest):
    """:avocado: tags=beside"""

    def _changes(self, vm, clients, moves=lambda: None):
        for client in clients:
            client.wait_for_frames(1)
        for turn, place in enumerate(CHANGES):
            moves()
            vm.gpu.flush_at(*STRAY[turn % len(STRAY)])
            vm.gpu.fill(*place, (255 - turn, 10, 20 + turn))
            for client in clients:
                client.wait_for_picture(lambda p: difference(p, vm.gpu.picture()))

    def _machine(self, size, **options):
        vm = self.machine(bare=True, unix=True, many_clients=True, **options).start()
        vm.gpu.start()
        vm.gpu.show(*size)
        return vm

    def test_a_small_change_is_shown_whole(self):
        with self._machine((667, 359)) as vm:
            self._changes(vm, [vm.client("unix", "local"), vm.client("tcp", "images", ["--no-video"])])

    def test_a_small_change_after_motion_is_shown_whole(self):
        with self._machine((667, 359)) as vm:
            clients = [vm.client("unix", "local"), vm.client("tcp", "jpeg", ["--codec", "mjpeg"]),
                       vm.client("tcp", "stream", ["--codec", "h264"])]

            def moves():
                for client in clients:
                    frames = client.display()["frames"]
                    while client.display()["frames"] < frames + 8:
                        vm.gpu.flip()

            self._changes(vm, clients, moves)

    def test_a_small_change_after_the_cards_video_is_shown_whole(self):
        card = Card(self.workdir, H264)
        with self._machine((640, 360), preload=card.preload, environment=card.environment) as vm:
            client = vm.client("tcp", options=["--codec", "h264"])

            def moves():
                while vm.display()["clients"][0]["path"] != "hardware":
                    vm.gpu.flip()

            self._changes(vm, [client], moves)

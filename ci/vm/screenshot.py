# SPDX-License-Identifier: GPL-2.0-or-later
"""A screendump shows the guest's picture, whichever clients are connected."""

from support.picture import LOSSLESS, cells, is_same, wrong_corners
from support.vmtest import SIZE, VmTest


class Screenshot(VmTest):
    """:avocado: tags=beside"""

    def _shows_corners(self, vm, size=SIZE, **where):
        self.assertIsNone(wrong_corners(vm.screenshot(**where), *size, tolerance=LOSSLESS,
                                        head=where.get("head", 0)))

    def test_with_nobody_connected_it_is_the_present_picture(self):
        with self.machine() as vm:
            # The last one's first line in memory is the picture's bottom line
            for memory in ("dumb", "texture", "texture-up"):
                vm.tell("set memory=" + memory)
                vm.flips(2)
                self._shows_corners(vm)
            vm.tell("set pattern=cells")
            for _ in range(5):
                vm.flips(1)
                number = vm.progress()["frame"]
                self.assertTrue(is_same(vm.screenshot(), cells(*SIZE, number)), "frame {}".format(number))
            display = vm.display()
            self.assertEqual((display["prime-exports"], display["readbacks"]), (0, 0))

    def test_beside_clients_it_is_what_they_see_and_they_go_on(self):
        with self.machine(unix=True) as vm:
            for way in ("tcp", "unix"):
                vm.tell("set pattern=corners")
                vm.flips(1)
                with vm.client(way) as client:
                    client.wait_for_picture(lambda p: wrong_corners(p, *SIZE))
                    self._shows_corners(vm)
                    vm.tell("set pattern=cells")
                    vm.flips(1)
                    right = cells(*SIZE, vm.progress()["frame"])
                    client.wait_for_picture(lambda p, right=right: None if is_same(p, right) else "another")
                    self.assertTrue(is_same(vm.screenshot(), right))

    def test_it_has_the_guests_size_odd_widths_too(self):
        with self.machine() as vm:
            for size in ((801, 601), (333, 777), (1366, 768)):
                vm.tell("resize {}x{}".format(*size))
                vm.flips(2)
                self._shows_corners(vm, size)

    def _heads(self, shared):
        with self.machine(heads=2, guest={"heads": 2, "shared": shared}) as vm:
            vm.flips(2)
            for head in (0, 1):
                self._shows_corners(vm, head=head, device="gpu")

    def test_each_head_has_its_own(self):
        self._heads(shared=0)

    def test_heads_of_one_framebuffer_have_their_parts(self):
        self._heads(shared=1)

    def test_a_2d_device_has_its_picture_as_ever(self):
        with self.machine(device="virtio-gpu-pci") as vm:
            self._shows_corners(vm)
            vm.tell("resize 801x601")
            vm.flips(30)
            self._shows_corners(vm, (801, 601))

    def test_the_firmwares_screen_comes_back_after_a_reset(self):
        """And not the guest's last picture"""
        with self.machine(device="virtio-vga-gl") as vm:
            self._shows_corners(vm)
            vm.qmp("stop")
            vm.qmp("system_reset")
            after = vm.screenshot()
            self.assertIsNotNone(wrong_corners(after, *SIZE, tolerance=LOSSLESS))
            vm.qmp("cont")

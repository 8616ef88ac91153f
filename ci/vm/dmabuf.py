# SPDX-License-Identifier: GPL-2.0-or-later
"""EGL with and without dma-bufs."""

from support import stack
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest


class Dmabuf(VmTest):
    """:avocado: tags=beside,nested,virgl"""

    def test_without_dmabufs_a_remote_client_is_served_all_the_same(self):
        self.needs_no_udmabuf()
        with self.machine(dmabuf=False) as vm:
            client = vm.client("tcp")
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            vm.flips(60)
            self.assertEqual(vm.display()["prime-exports"], 0)

    def test_without_dmabufs_a_local_client_is_served_as_a_remote_one(self):
        """:avocado: tags=sanitized_long"""
        self.needs_no_udmabuf()
        with self.machine(dmabuf=False, unix=True) as vm:
            client = vm.client("unix")
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            vm.flips(60)
            self.assertIsNone(client.display()["gl"])
            self.assertIn(vm.display()["clients"][0]["path"], ("software", "image"))

    def test_with_dmabufs_a_local_client_gets_one(self):
        with self.machine(unix=True) as vm:
            client = vm.client("unix")
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
            vm.flips(60)
            gl = client.display()["gl"]
            self.assertEqual((gl["width"], gl["height"]), SIZE)
            self.assertEqual(vm.display()["clients"][0]["path"], "local")

    def test_where_the_user_says_so_a_local_client_is_served_as_a_remote_one(self):
        """This is right for a socket that is forwarded"""
        with self.machine(unix=True, spice=["dmabuf=off"]) as vm:
            client = vm.client("unix")
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            vm.flips(60)
            self.assertIsNone(client.display()["gl"])
            display = vm.display()
            self.assertIn(display["clients"][0]["path"], ("software", "image"))
            self.assertEqual(display["prime-exports"], 0)

    def test_a_guests_own_dmabuf_is_seen(self):
        if not stack.has_real_udmabuf():
            self.cancel("a guest's memory is scattered pages, of which only the kernel's udmabuf "
                        "driver can make one buffer: this host has no /dev/udmabuf")
        memory = ["-object", "memory-backend-memfd,id=memory,size=512M,share=on",
                  "-machine", "memory-backend=memory"]
        with self.machine(unix=True, device="virtio-gpu-pci,blob=on", extra=memory) as vm:
            for way in ("unix", "tcp"):
                with vm.client(way) as client:
                    client.wait_for_picture(
                        lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
                    vm.flips(30)
                    client.wait_for_picture(
                        lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))

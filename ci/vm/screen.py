# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that a guest does to its screen arrives at clients."""

from support import stack
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest

SIZES = ((801, 601), (640, 480), (1920, 1080), (1366, 768), (333, 777), (1024, 768))


def right(size, tolerance, head=0):
    return lambda picture: wrong_corners(picture, *size, tolerance=tolerance, head=head)


class Screen(VmTest):
    """:avocado: tags=beside"""

    def _resize(self, way, tolerance):
        with self.machine(unix=True, guest={"flips": "forever"}) as vm:
            client = vm.client(way)
            client.wait_for_picture(right(SIZE, tolerance))
            for size in SIZES:
                vm.tell("resize {}x{}".format(*size))
                client.wait_for_size(*size)
                client.wait_for_picture(right(size, tolerance))
            self.assertLess(vm.progress()["maxgap"], 5000000)

    def test_a_remote_client_follows_six_sizes_while_streaming(self):
        """:avocado: tags=sanitized"""
        self._resize("tcp", LOSSY)

    def test_a_local_client_follows_six_sizes_while_streaming(self):
        """:avocado: tags=sanitized_long"""
        self._resize("unix", LOSSLESS)

    def test_firmware_then_kernel_console_then_virgl_are_all_seen(self):
        with self.machine(device="virtio-vga-gl", guest={"wait": 1}, extra=["-S"],
                          append="console=tty0 loglevel=7 ignore_loglevel").start(
                              ready=False) as vm:
            client = vm.client("tcp")
            client.wait(lambda d: d["width"], "a picture of the machine that has not begun")
            vm.qmp("cont")
            texts = client.wait_for_picture(
                lambda p: "blank" if p.is_flat() else None if p.width == 720 else
                "{}x{}".format(p.width, p.height))
            self.assertEqual(texts.height, 400)
            vm.serial.wait("SPICEGL waiting", 60)
            client.wait_for_picture(
                lambda p: "blank" if p.is_flat() else
                None if (p.width, p.height) == (1280, 800) else "{}x{}".format(p.width, p.height))
            vm.serial.send("start")
            vm.wait_ready()
            client.wait_for_picture(right(SIZE, LOSSY))

    def _two_heads(self, way, tolerance, shared):
        with self.machine(unix=True, heads=2, guest={"heads": 2, "shared": shared}) as vm:
            client = vm.client(way)
            for head in (0, 1):
                client.wait_for_picture(right(SIZE, tolerance, head), channel=head)
            vm.flips(60)
            for head in (0, 1):
                client.wait_for_picture(right(SIZE, tolerance, head), channel=head)
                # damage during a draw is sent with the next draw
                self.assertGreater(vm.display(head)["draws"], 30)

    def test_a_remote_client_sees_two_heads_on_two_framebuffers(self):
        self._two_heads("tcp", LOSSY, shared=0)

    def test_a_remote_client_sees_two_heads_on_one_framebuffer(self):
        """:avocado: tags=sanitized_long"""
        self._two_heads("tcp", LOSSY, shared=1)

    def test_a_local_client_sees_two_heads_on_two_framebuffers(self):
        self._two_heads("unix", LOSSLESS, shared=0)

    def test_the_cursor_is_seen(self):
        """:avocado: tags=sanitized"""
        with self.machine(unix=True, guest={"cursor": 1}) as vm:
            for way in ("tcp", "unix"):
                with vm.client(way) as client:
                    client.wait_for_picture(right(SIZE, LOSSY))
                    cursor = client.wait_for_cursor(lambda c: c["visible"], "a cursor")
                    self.assertEqual((cursor["width"], cursor["height"]), (64, 64))
                    self.assertEqual((cursor["hot_x"], cursor["hot_y"]), (3, 5))
                    self.assertEqual(cursor["colour"], 0xff00ff)
                    # The triangle of ci/guest: lines of 1 to 48 pixels
                    self.assertEqual(cursor["opaque"], 48 * 49 // 2)

    def test_a_guest_on_a_2d_device_is_seen_with_gl_on(self):
        # For drivers whose textures keep their contents only if EGL_IMAGE_PRESERVED is requested
        with self.machine(unix=True, device="virtio-gpu-pci", preload=stack.strict_egl()) as vm:
            for way in ("tcp", "unix"):
                with vm.client(way) as client:
                    client.wait_for_picture(right(SIZE, LOSSLESS))
                    vm.tell("resize 801x601")
                    client.wait_for_picture(right((801, 601), LOSSLESS))
                    vm.flips(30)
                    client.wait_for_picture(right((801, 601), LOSSLESS))
                    vm.tell("resize {}x{}".format(*SIZE))

    def test_a_disabled_head_comes_back(self):
        """:avocado: tags=sanitized"""
        with self.machine(unix=True, many_clients=True) as vm:
            remote, local = vm.client("tcp", "remote"), vm.client("unix", "local")
            remote.wait_for_picture(right(SIZE, LOSSY))
            local.wait_for_picture(right(SIZE, LOSSLESS))
            vm.tell("off")
            vm.tell("resize 1024x768")
            remote.wait_for_picture(right((1024, 768), LOSSY))
            local.wait_for_picture(right((1024, 768), LOSSLESS))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Displays that are dma-bufs of another driver's, with another one for the pointer, as those of GPUs that
are passed through. ci/doubles/planes simulates the GPU."""

import os
import tempfile

import numpy

from support import stack
from support.rfb import Rfb
from support.vmtest import VmTest
from support.waiting import wait_until

SIZE = (320, 240)
CURSOR = (64, 64)
# Where a pixel's red, green and blue byte are in memory
ORDER = {"XR24": (2, 1, 0), "AR24": (2, 1, 0), "XB24": (0, 1, 2), "AB24": (0, 1, 2)}


def noise(size, seed):
    """RGB pixels that differ from place to place"""
    return numpy.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3))


class Planes(VmTest):
    """:avocado: tags=beside,nested,planes"""

    def _file(self, name, rgb, fourcc="XR24", alpha=255):
        """The path of a file of these pixels, as the device reads it"""
        pixels = numpy.empty((*rgb.shape[:2], 4), dtype=numpy.uint8)
        for channel, place in enumerate(ORDER[fourcc]):
            pixels[..., place] = rgb[..., channel]
        pixels[..., 3] = alpha
        path = os.path.join(self.logdir, name)
        pixels.tofile(path)
        return path

    def _machine(self, size=SIZE, extra=(), **properties):
        properties = {"backing-width": size[0], "backing-height": size[1], "fourcc": "XR24", **properties}
        device = ",".join(["spicegl-planes"] + ["{}={}".format(*item) for item in properties.items()])
        vm = self.machine(qemu=stack.qemu_with_planes(), device=device, unix=True, extra=["-S", *extra],
                          spice=["streaming-video=off", "multiple-clients=on"])
        return vm.start(ready=False)

    @staticmethod
    def _set(vm, name, value):
        vm.qmp("qom-set", path="/machine/peripheral/gpu", property=name, value=value)

    def _see(self, clients, right):
        """right: RGB, and how far a channel may be off, of all pixels or of each"""
        rgb, tolerance = right

        def problem(picture):
            if picture.pixels.shape != rgb.shape:
                return "of another size: {}".format(picture.pixels.shape)
            off = abs(picture.pixels - rgb)
            if (off > tolerance).any():
                y, x = (int(v[0]) for v in numpy.nonzero((off > tolerance).any(axis=2)))
                return "{} at {},{} for {}".format(picture.at(x, y), x, y, rgb[y, x])
            return None

        for client in clients:
            client.wait_for_picture(problem)

    def test_a_buffer_is_shown_of_whatever_format_orientation_and_part(self):
        rgb = noise(SIZE, 1)
        for fourcc in ORDER:
            # X bytes have no meaning, and a screen is opaque
            primary = self._file("primary", rgb, fourcc, alpha=noise(SIZE, 2)[..., 0])
            for part, upside_down in ((None, False), ((32, 16, 201, 99), False), (None, True)):
                properties = {"fourcc": fourcc, "y0-top": "on" if upside_down else "off", "stride": 2048}
                right = rgb[::-1] if upside_down else rgb
                if part:
                    x, y, w, h = part
                    properties.update(x=x, y=y, width=w, height=h)
                    right = rgb[y:y + h, x:x + w]
                with self._machine(**properties) as vm:
                    self._set(vm, "primary", primary)
                    for way in ("unix", "tcp"):
                        with vm.client(way) as client:
                            self._see([client], (right, 0))
                            # llvmpipe does not export what it has imported: the client is served as
                            # a remote one
                            paths = ("local", "image") if way == "unix" else ("image",)
                            vm.wait_for_display(
                                lambda d, paths=paths: len(d["clients"]) == 1 and d["clients"][0]["path"] in paths,
                                "a client, served by one of {}".format(paths))

    def test_a_vnc_viewer_sees_it_beside_a_client(self):
        """Its console needs displays that accept dma-bufs, and VNC does not"""
        rgb = noise(SIZE, 1)
        with tempfile.TemporaryDirectory(prefix="spicegl-") as folder:
            path = os.path.join(folder, "vnc")
            with self._machine(extra=["-vnc", "unix:" + path]) as vm, vm.client("tcp") as client:
                self._set(vm, "primary", self._file("primary", rgb))
                self._see([client], (rgb, 0))
                with Rfb(path) as viewer:
                    wait_until(lambda: numpy.array_equal(viewer.picture().pixels, rgb), "the viewer's picture")

    def test_the_pointer_is_on_top_of_the_screen_for_each_kind_of_client(self):
        rgb, cursor = noise(SIZE, 1), noise(CURSOR, 2)
        alpha = numpy.zeros((CURSOR[1], CURSOR[0]), dtype=int)
        alpha[8:40, :] = 255
        alpha[40:56, :32] = 128
        primary = self._file("primary", rgb)
        pointers = [self._file("cursor", cursor, "AR24", alpha),
                    self._file("another", cursor[::-1], "AR24", alpha[::-1])]
        shapes = [(cursor, alpha), (cursor[::-1], alpha[::-1])]

        def both(screen, shape, x, y):
            colours, a = shape
            h, w = min(64, SIZE[1] - y), min(64, SIZE[0] - x)
            part, a = screen[y:y + h, x:x + w], a[:h, :w, None]
            out = screen.copy()
            out[y:y + h, x:x + w] = (colours[:h, :w] * a + part * (255 - a) + 127) // 255
            off = numpy.zeros((*screen.shape[:2], 1), dtype=int)
            off[y:y + h, x:x + w] = numpy.where((a > 0) & (a < 255), 2, 0) # by rounding
            return out, off

        with self._machine() as vm:
            self._set(vm, "primary", primary)
            clients = [vm.client("unix"), vm.client("tcp")]
            self._see(clients, (rgb, 0))
            self._set(vm, "pointer", "50,70")
            self._set(vm, "cursor", pointers[0])
            self._see(clients, both(rgb, shapes[0], 50, 70))
            # Beyond the edges, too
            for x, y in ((0, 0), (300, 1), (SIZE[0] - 64, SIZE[1] - 20)):
                self._set(vm, "pointer", "{},{}".format(x, y))
                self._see(clients, both(rgb, shapes[0], x, y))
            self._set(vm, "cursor", pointers[1])
            self._see(clients, both(rgb, shapes[1], x, y))
            # Another screen below it, and clients that connect late
            other = noise(SIZE, 3)
            self._set(vm, "primary", self._file("other", other))
            late = vm.client("tcp")
            self._see(clients + [late], both(other, shapes[1], x, y))
            self._set(vm, "cursor", "")
            self._see(clients + [late], (other, 0))

    def test_many_buffers_are_each_shown_and_leave_nothing(self):
        numbers = range(40)
        pictures = [noise(SIZE, number) for number in numbers]
        # The rectangles that a GPU reports as changed may lie anywhere
        with self._machine(**{"stray-damage": "on"}) as vm:
            clients = [vm.client("unix"), vm.client("tcp")]
            kept = []
            for number in numbers:
                self._set(vm, "primary", self._file("primary", pictures[number]))
                self._see(clients, (pictures[number], 0))
                kept.append(len(vm.open_files()))
            self._set(vm, "primary", "")
            wait_until(lambda: len(vm.open_files()) <= kept[5], "what was shown is let go of")
            self.assertLessEqual(max(kept[10:]), max(kept[:10]) + 1, kept)

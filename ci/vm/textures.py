# SPDX-License-Identifier: GPL-2.0-or-later
"""GL reuses the names of deleted textures: clients see the new image, never the old one, and whatever
is kept for an image is freed with it."""

import os
import re

from support.picture import Picture, cells, is_same
from support.vmtest import VmTest
from support.waiting import Late, wait_until

# Buffers that are replaced one after the other; the client's whole picture is checked for each.
# After the first few, nothing may grow
RENEWALS = 250
FIRST = 30
SIZE = (320, 240)

# If the program's name is QEMU's, Mesa does not reuse texture names
RECYCLE_NAMES = {"MESA_PROCESS_NAME": "spicegl"}
GUEST = {"pattern": "cells", "size": "{}x{}".format(*SIZE), "buffers": 1, "flips": 0}


class Textures(VmTest):
    """:avocado: tags=beside,virgl"""

    def _renew(self, vm, client, count):
        """Replaces the guest's only buffer count times; the client sees each, and nothing else"""
        number = vm.progress()["frame"]
        for _ in range(count):
            vm.tell("renew")
            number += 1
            self._wait_for_image(client, number)
        self.assertEqual(vm.progress()["frame"], number)

    def _wait_for_image(self, client, number):
        """The client's whole picture is frame number; until then it is the previous one as a whole"""
        right, before = cells(*SIZE, number), cells(*SIZE, number - 1)

        def seen():
            picture = self._picture(client)
            if not is_same(picture, right) and not is_same(picture, before):
                raise AssertionError("what is seen is neither frame {} nor the one before: "
                                     "see {}".format(number, self._picture_path()))
            return is_same(picture, right)

        wait_until(seen, "the image of frame {}".format(number), interval=0.002)

    def _picture_path(self):
        return os.path.join(self.logdir, "picture.png")

    def _picture(self, client):
        # client.picture() keeps each
        answer = client.ask("save {}".format(self._picture_path()))
        if not answer["saved"]:
            raise Late("no picture: {}".format(answer["why"]))
        return Picture.load(answer["saved"])

    def _recycle(self, way):
        # Only images, so that every pixel can be checked
        with self.counted_machine(unix=True, guest=GUEST, environment=RECYCLE_NAMES,
                                  spice=["streaming-video=off"],
                                  extra=["--trace", "qemu_spice_egl_image_create"]) as vm:
            client = vm.client(way)
            client.wait_for_frames(1)
            self._renew(vm, client, FIRST)
            files, before, calls = len(vm.open_files()), vm.display(), self.egl_calls()["calls"]
            images = len(self._texture_names(vm))
            self._renew(vm, client, RENEWALS)
            self._assert_one_each(vm, before, calls, way)
            wait_until(lambda: len(vm.open_files()) <= files + 2, "descriptors do not grow")
            names = self._texture_names(vm)[images:]
            self.assertEqual(len(names), RENEWALS)
            self.assertLess(len(set(names)), RENEWALS // 4, "names have not come again")

    def _assert_one_each(self, vm, before, calls, way):
        after, now = vm.display(), self.egl_calls()["calls"]
        exports = RENEWALS if way == "unix" else 0
        self.assertEqual(after["prime-exports"] - before["prime-exports"], exports)
        self.assertEqual(now["eglCreateImage"] - calls["eglCreateImage"], RENEWALS)
        destroyed = now.get("eglDestroyImage", 0) - calls.get("eglDestroyImage", 0)
        # The last one or two are still in use
        self.assertLessEqual(abs(RENEWALS - destroyed), 2)

    @staticmethod
    def _texture_names(vm):
        return [line.rsplit("of texture ", 1)[1].split(",")[0]
                for line in vm.stderr().splitlines() if "of texture " in line]

    def test_a_remote_client_never_sees_the_old_image_of_a_recycled_texture(self):
        self._recycle("tcp")

    def test_a_local_client_never_sees_the_old_image_of_a_recycled_texture(self):
        self._recycle("unix")

    def test_images_are_told_apart_by_their_generation_where_virglrenderer_has_one(self):
        with self.machine(guest=GUEST, environment=RECYCLE_NAMES, spice=["streaming-video=off"],
                          extra=["--trace", "virtio_gpu_virgl_image"]) as vm:
            client = vm.client("tcp")
            client.wait_for_frames(1)
            self._renew(vm, client, FIRST)
            found = re.findall(r"res (\w+), .*generation (\d+), replaced (\d)", vm.stderr())
            if not self._virglrenderer_has_generations(vm):
                self.assertEqual(found, [])
                self.cancel("this virglrenderer has no generations: QEMU works the same without, "
                            "which is what was tested (VIRGLRENDERER_SRC=DIR scripts/test "
                            "virglrenderer tests the other)")
            # A resource may be scanned out more than once, and remains one image
            images = {(resource, generation) for resource, generation, _ in found}
            self.assertGreaterEqual(len(images), FIRST)
            self.assertEqual(len({generation for _, generation in images}), len(images))
            self.assertEqual(len({resource for resource, _ in images}), len(images))
            # Here the end of each image is announced as well
            self.assertEqual({replaced for _, _, replaced in found}, {"0"})

    @staticmethod
    def _virglrenderer_has_generations(vm):
        with open("/proc/{}/maps".format(vm.process.pid), encoding="utf-8") as maps:
            paths = {line.split()[-1] for line in maps if "/libvirglrenderer.so" in line}
        with open(paths.pop(), "rb") as library:
            return b"virgl_renderer_resource_get_generation" in library.read()

    def test_flips_among_n_images_cost_n_images_and_n_exports(self):
        guest = {"pattern": "counter", "size": "320x240", "rate": 0, "flips": 0}
        with self.counted_machine(unix=True, guest=guest) as vm:
            vm.client("unix").wait_for_frames(1)
            for buffers in (1, 2, 3, 8):
                kept = []
                for _ in range(3):
                    before = self._counts(vm)
                    vm.tell("set buffers={}".format(buffers))
                    vm.flips(2 * buffers)
                    # The client is told a little later
                    wait_until(lambda: self._cost(vm, before)["prime-exports"] >= buffers,
                               "{} exports".format(buffers))
                    vm.flips(200)
                    self.assertEqual(set(self._cost(vm, before).values()), {buffers},
                                     self._cost(vm, before))
                    kept.append(len(vm.dmabufs()))
                # Nothing of destroyed images stays
                self.assertLessEqual(max(kept[1:]), kept[0], kept)

    def _counts(self, vm):
        calls = self.egl_calls()["calls"]
        return {"prime-exports": vm.display()["prime-exports"],
                "images": calls["eglCreateImage"], "exports": calls["eglExportDMABUFImageMESA"]}

    def _cost(self, vm, before):
        return {name: value - before[name] for name, value in self._counts(vm).items()}

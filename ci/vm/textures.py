# SPDX-License-Identifier: GPL-2.0-or-later
"""GL gives the names of deleted textures out again: clients see the new image, never the old, and
what is kept for images goes with them."""

import re
import time

from support.vmtest import VmTest
from support.waiting import wait_until

# Buffers replaced one after the other, each checked by a client: as many as fit into the time
# where the guest's CPU is emulated, 1,000 where it is not
RENEWALS = 1000
SECONDS = 30

# Under its own name Mesa gives QEMU no texture name twice, whoever else does
RECYCLE_NAMES = {"MESA_PROCESS_NAME": "spicegl"}


class Textures(VmTest):

    def _renew(self, vm, client, seconds):
        """Replaces the guest's only buffer again and again; the client sees each. How many"""
        number = vm.progress()["frame"]
        end = time.monotonic() + seconds
        done = 0
        while done < RENEWALS and (time.monotonic() < end or done < 30):
            vm.tell("renew")
            done += 1
            number += 1
            self._wait_for_number(client, number)
        self.log.info("%d images, one after the other", done)
        return done

    @staticmethod
    def _wait_for_number(client, number):
        last = {}

        def seen():
            last["number"] = client.display()["counter"]
            return last["number"] == number

        wait_until(seen, lambda: "the image of frame {}, not {}".format(number, last["number"]),
                   interval=0.002)

    def _recycle(self, way):
        guest = {"pattern": "counter", "size": "320x240", "buffers": 1, "flips": 0}
        with self.counted_machine(unix=True, guest=guest, environment=RECYCLE_NAMES,
                                  extra=["--trace", "qemu_spice_egl_image_create"]) as vm:
            client = vm.client(way, options=["--counter"])
            client.wait_for_frames(1)
            # Some have come and gone: from here on nothing grows
            self._renew(vm, client, 0)
            files, before, calls = len(vm.open_files()), vm.display(), self.egl_calls()["calls"]
            done = self._renew(vm, client, SECONDS)
            self._assert_one_each(vm, before, calls, done, way)
            wait_until(lambda: len(vm.open_files()) <= files + 2, "descriptors do not grow")
            names = self._texture_names(vm)
            self.assertLess(len(set(names)), len(names) // 4, "no name has come again")

    def _assert_one_each(self, vm, before, calls, done, way):
        after, now = vm.display(), self.egl_calls()["calls"]
        exports = done if way == "unix" else 0
        self.assertEqual(after["prime-exports"] - before["prime-exports"], exports)
        self.assertEqual(now["eglCreateImage"] - calls["eglCreateImage"], done)
        destroyed = now.get("eglDestroyImage", 0) - calls.get("eglDestroyImage", 0)
        # The last one or two are still in use
        self.assertLessEqual(abs(done - destroyed), 2)

    @staticmethod
    def _texture_names(vm):
        return [line.rsplit("of texture ", 1)[1].split(",")[0]
                for line in vm.stderr().splitlines() if "of texture " in line]

    def test_a_remote_client_never_sees_the_old_image_of_a_recycled_texture(self):
        self._recycle("tcp")

    def test_a_local_client_never_sees_the_old_image_of_a_recycled_texture(self):
        self._recycle("unix")

    def test_images_are_told_apart_by_their_generation_where_virglrenderer_has_one(self):
        guest = {"pattern": "counter", "size": "320x240", "buffers": 1, "flips": 0}
        with self.machine(guest=guest, environment=RECYCLE_NAMES,
                          extra=["--trace", "virtio_gpu_virgl_image"]) as vm:
            client = vm.client("tcp", options=["--counter"])
            client.wait_for_frames(1)
            self._renew(vm, client, 0)
            found = re.findall(r"res (\w+), .*generation (\d+), replaced (\d)", vm.stderr())
            if not self._virglrenderer_has_generations(vm):
                self.assertEqual(found, [])
                self.cancel("this virglrenderer has no generations: QEMU works the same without, "
                            "which is what was tested (VIRGLRENDERER_SRC=DIR scripts/test "
                            "virglrenderer tests the other)")
            # A resource may be scanned out more than once, and is the same image then
            images = {(resource, generation) for resource, generation, _ in found}
            self.assertGreaterEqual(len(images), 30)
            self.assertEqual(len({generation for _, generation in images}), len(images))
            self.assertEqual(len({resource for resource, _ in images}), len(images))
            # Here every end is announced as well
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
                # Of destroyed images nothing stays
                self.assertLessEqual(max(kept[1:]), kept[0], kept)

    def _counts(self, vm):
        calls = self.egl_calls()["calls"]
        return {"prime-exports": vm.display()["prime-exports"],
                "images": calls["eglCreateImage"], "exports": calls["eglExportDMABUFImageMESA"]}

    def _cost(self, vm, before):
        return {name: value - before[name] for name, value in self._counts(vm).items()}

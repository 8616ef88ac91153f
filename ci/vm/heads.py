# SPDX-License-Identifier: GPL-2.0-or-later
"""Several heads: each has its own display, worker and picture."""

import os

import numpy

from support import stack
from support.picture import LOSSLESS, Picture, corners, wrong_corners
from support.vmtest import VmTest

SIZE = (640, 360)
HEADS = range(4)


def right(head, tolerance=LOSSLESS):
    return lambda picture: wrong_corners(picture, *SIZE, tolerance=tolerance, head=head)


def square(head, frame):
    """The pattern "small" of ci/guest: corners, and a square in the frame's colour"""
    width, height = SIZE
    pixels = corners(width, height, head).pixels
    pixels[height * 3 // 4:height * 3 // 4 + 64, width // 2 - 32:width // 2 + 32] = \
        (frame & 255, frame >> 8 & 255, 128)
    return Picture(pixels)


def wrong_square(head, frame):
    def look(picture):
        if (picture.width, picture.height) != SIZE:
            return "size {}x{}".format(picture.width, picture.height)
        differs = (picture.pixels != square(head, frame).pixels).any(axis=2)
        if not differs.any():
            return None
        y, x = (int(v[0]) for v in numpy.nonzero(differs))
        return "{} pixels differ from frame {}, the first at {},{}: {}".format(
            int(differs.sum()), frame, x, y, picture.at(x, y))
    return look


def workers(vm):
    names = []
    for task in os.listdir("/proc/{}/task".format(vm.process.pid)):
        path = "/proc/{}/task/{}/comm".format(vm.process.pid, task)
        with open(path, encoding="ascii", errors="replace") as comm:
            names.append(comm.read().strip())
    return [name for name in names if name.startswith("SPICE Worker")]


class Heads(VmTest):
    """:avocado: tags=beside"""

    def heads_machine(self, **guest):
        guest = dict({"heads": len(HEADS), "size": "{}x{}".format(*SIZE)}, **guest)
        # Images only, so that every pixel can be checked. Heads may be parts of one texture, of which
        # EGL need not make more than one image
        return self.counted_machine(preload=stack.strict_egl(), unix=True, many_clients=True, heads=len(HEADS), guest=guest,
                                    spice=["streaming-video=off"])

    def _see_all(self, clients, problem=right, heads=HEADS):
        for client in clients:
            for head in heads:
                client.wait_for_picture(problem(head), channel=head)

    def test_each_of_four_heads_has_its_own_worker_context_and_picture(self):
        with self.heads_machine() as vm:
            clients = [vm.client("tcp", "remote"), vm.client("unix", "local")]
            self._see_all(clients)
            numbers = vm.flips(60)
            self.assertLess(numbers["maxgap"], 2000000)
            self._see_all(clients)
            for head in HEADS:
                display = vm.display(head)
                self.assertEqual(display["head"], head)
                self.assertGreaterEqual(display["draws"], 60)
                self.assertEqual(sorted(client["path"] for client in display["clients"]),
                                 ["image", "local"])
                # Two backing images a head, each exported once
                self.assertLessEqual(display["prime-exports"], 4)
            self.assertEqual(len(workers(vm)), len(HEADS))

    def test_heads_that_are_parts_of_one_framebuffer_show_their_parts_alone(self):
        with self.heads_machine() as vm:
            clients = [vm.client("tcp", "remote"), vm.client("unix", "local")]
            for layout in ("1", "column", "grid"):
                for memory in ("dumb", "texture", "texture-up"):
                    vm.tell("set pattern=corners shared={} memory={}".format(layout, memory))
                    self._see_all(clients)
                    # Small damage, which is reported in the framebuffer's coordinates
                    vm.tell("set pattern=small mode=dirty")
                    frame = vm.progress()["frame"]
                    self._see_all(clients, lambda head: wrong_square(head, frame))
                    frame = vm.flips(3)["frame"]
                    self._see_all(clients, lambda head: wrong_square(head, frame))
                    vm.tell("set mode=flip")
                    frame = vm.flips(3)["frame"]
                    self._see_all(clients, lambda head: wrong_square(head, frame))
            clients.append(vm.client("tcp", "late-remote"))
            clients.append(vm.client("unix", "late-local"))
            # Still: the server sends something only because the client connects
            self._see_all(clients[2:], lambda head: wrong_square(head, frame))
            # Not the head at the corner, whose coordinates are the same in both systems
            vm.tell("set mode=dirty")
            vm.tell("off 0")
            frame = vm.flips(3)["frame"]
            self._see_all(clients, lambda head: wrong_square(head, frame), HEADS[1:])

    def test_a_head_that_is_switched_off_leaves_the_others_alone(self):
        with self.heads_machine(pattern="counter") as vm:
            clients = [vm.client("tcp", "remote"), vm.client("unix", "local")]
            for client in clients:
                for head in HEADS:
                    client.wait_for_frames(1, channel=head)
            vm.tell("off 2")
            for client in clients:
                client.wait(lambda d: d["width"] == 0, "no picture of a dark head", channel=2)
            draws = [vm.display(head)["draws"] for head in HEADS]
            vm.flips(30)
            now = [vm.display(head)["draws"] for head in HEADS]
            self.assertEqual(now[2], draws[2])
            for head in (0, 1, 3):
                self.assertGreaterEqual(now[head], draws[head] + 30)
            late = vm.client("tcp", "late")
            late.wait_for_frames(1, channel=3)
            self.assertEqual(late.display(2)["width"], 0)
            vm.tell("on 2")
            vm.tell("set pattern=corners")
            self._see_all(clients + [late])

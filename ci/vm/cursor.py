# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's hardware cursor: a channel of its own, and no frame because of it."""

import zlib

from support.vmtest import VmTest
from support.waiting import wait_until

# ci/guest's two shapes: triangles with lines of 1 to so many pixels, and their colour
LARGE = (48 * 49 // 2, 0xff00ff)
SMALL = (24 * 25 // 2, 0x00ffff)
HOT = (3, 5)
SIDE = 64


def crc(lines, red, green, blue):
    """The CRC of a triangle of that many lines: its pixels R G B A, the top line first"""
    pixel, nothing = bytes((red, green, blue, 255)), bytes(4)
    return zlib.crc32(b"".join(pixel if x <= y < lines else nothing
                               for y in range(SIDE) for x in range(SIDE)))


def shape(cursor):
    return cursor["opaque"], cursor["colour"]


def at(x, y):
    """The guest has the place of the shape's corner, clients have that of the hot spot"""
    place = (x + HOT[0], y + HOT[1])
    return lambda cursor: cursor["visible"] and (cursor["x"], cursor["y"]) == place


class Cursor(VmTest):
    """:avocado: tags=beside"""

    def cursor_machine(self, heads=1):
        return self.machine(unix=True, many_clients=True, heads=heads,
                            guest={"size": "640x360", "heads": heads})

    def _connect(self, vm):
        clients = [vm.client("tcp", "remote"), vm.client("unix", "local")]
        for client in clients:
            client.wait_for_frames(1)
        return clients

    def _cost(self, vm, clients):
        display = vm.display()
        return ([display[key] for key in ("draws", "scanouts", "readbacks", "prime-exports")],
                [client.display()["frames"] for client in clients])

    def _settled_cost(self, vm, clients):
        """Waits until the picture itself causes no messages any more"""
        last = {}

        def look():
            before, last["cost"] = last.get("cost"), self._cost(vm, clients)
            return last["cost"] == before and before

        return wait_until(look, lambda: "a still picture costs nothing: {}".format(last),
                          interval=1)

    def test_a_cursor_that_moves_costs_no_frame(self):
        with self.cursor_machine() as vm:
            clients = self._connect(vm)
            vm.tell("cursor 100 100")
            for client in clients:
                cursor = client.wait_for_cursor(at(100, 100), "the cursor at its place")
                self.assertEqual(shape(cursor), LARGE)
                self.assertEqual((cursor["hot_x"], cursor["hot_y"]), HOT)
            before = self._settled_cost(vm, clients)
            shapes = [client.cursor()["shapes"] for client in clients]
            for step in range(60):
                vm.tell("cursor {} {}".format(120 + 5 * step, 80 + 3 * step))
            for client in clients:
                client.wait_for_cursor(at(120 + 5 * 59, 80 + 3 * 59), "the cursor's last place")
            self.assertEqual([c.cursor()["shapes"] for c in clients], shapes)
            self.assertEqual(self._cost(vm, clients), before)

    def test_a_cursor_changes_its_shape_and_is_hidden(self):
        with self.cursor_machine() as vm:
            clients = self._connect(vm)
            for command, wanted in (("cursor 50 60", LARGE), ("cursor small 50 60", SMALL),
                                    ("cursor 70 80", LARGE)):
                vm.tell(command)
                for client in clients:
                    client.wait_for_cursor(lambda c: c["visible"] and shape(c) == wanted,
                                           "the shape after " + command)
            with vm.client("tcp", "late") as late:
                late.wait_for_cursor(lambda c: c["visible"] and shape(c) == LARGE, "the cursor")
            vm.tell("cursor off")
            for client in clients:
                client.wait_for_cursor(lambda c: not c["visible"], "no cursor")
            vm.tell("cursor small 90 100")
            for client in clients:
                client.wait_for_cursor(lambda c: c["visible"] and shape(c) == SMALL,
                                       "the cursor again")

    def test_a_cursor_is_upright_whatever_memory_it_is_drawn_in(self):
        """Compositors render theirs into textures of either orientation"""
        with self.cursor_machine() as vm:
            clients = self._connect(vm)
            for step, memory in enumerate(("", "texture", "texture-up")):
                for size, wanted in (("", crc(48, 255, 0, 255)), ("small", crc(24, 0, 255, 255))):
                    place = (50 + 10 * step, 60)
                    vm.tell("cursor {} {} {} {}".format(size, memory, *place))
                    for client in clients:
                        cursor = client.wait_for_cursor(
                            lambda c, wanted=wanted: c["visible"] and c["crc"] == wanted,
                            "the pixels of a {} cursor in {}".format(size or "large", memory or "dumb memory"))
                        self.assertEqual((cursor["hot_x"], cursor["hot_y"]), HOT)
            with vm.client("tcp", "late") as late:
                late.wait_for_cursor(lambda c: c["visible"] and c["crc"] == wanted, "the cursor")

    def test_each_head_has_its_own_cursor(self):
        with self.cursor_machine(heads=2) as vm:
            clients = self._connect(vm)
            vm.tell("cursor 100 110 0")
            vm.tell("cursor small 200 210 1")
            for client in clients:
                for head, place, wanted in ((0, (100, 110), LARGE), (1, (200, 210), SMALL)):
                    cursor = client.wait_for_cursor(at(*place), "its cursor", channel=head)
                    self.assertEqual(shape(cursor), wanted)
            vm.tell("cursor off 0")
            for client in clients:
                client.wait_for_cursor(lambda c: not c["visible"], "no cursor", channel=0)
                self.assertTrue(client.cursor(1)["visible"])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients connect, disconnect, stop, and are of several kinds at once."""

import statistics
import time

from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until


def right(tolerance):
    return lambda picture: wrong_corners(picture, *SIZE, tolerance=tolerance)


class Clients(VmTest):
    """:avocado: tags=beside"""

    def _is_the_same_everywhere(self, vm):
        """The list of channels has a client's connection id, 32 random bits, with the same sign"""
        self.assertIn(vm.display()["clients"][0]["connection-id"],
                      [channel["connection-id"] for channel in vm.qmp("query-spice")["channels"]])

    def _comes_leaves_returns(self, way, tolerance):
        with self.machine(unix=True, guest={"flips": "forever"}) as vm:
            with vm.client(way) as first:
                first.wait_for_picture(right(tolerance))
                self._is_the_same_everywhere(vm)
            wait_until(lambda: not vm.display()["clients"], "the client is gone")
            before = vm.display()
            vm.wait_for_display(lambda d: d["draws"] > before["draws"] + 60, "60 more draws")
            after = vm.display()
            self.assertEqual(after["readbacks"], before["readbacks"])
            self.assertEqual(after["prime-exports"], before["prime-exports"])
            with vm.client(way) as second:
                second.wait_for_picture(right(tolerance))
                self._is_the_same_everywhere(vm)
            self.assertLess(vm.progress()["maxgap"], 2000000)

    def test_a_remote_client_comes_leaves_and_returns_while_the_guest_flips(self):
        """:avocado: tags=sanitized_long"""
        self._comes_leaves_returns("tcp", LOSSY)

    def test_a_local_client_comes_leaves_and_returns_while_the_guest_flips(self):
        """:avocado: tags=sanitized_long"""
        self._comes_leaves_returns("unix", LOSSLESS)

    def test_a_client_of_a_still_guest_sees_its_picture_at_once(self):
        with self.machine(unix=True, guest={"pattern": "still"}) as vm:
            for way in ("tcp", "unix"):
                with vm.client(way) as client:
                    client.wait_for_picture(right(LOSSLESS))
            self.assertEqual(vm.progress()["flips"], 0)

    def test_local_and_remote_clients_are_each_served_their_way(self):
        """:avocado: tags=sanitized"""
        with self.machine(unix=True, many_clients=True) as vm:
            local, remote = vm.client("unix", "local"), vm.client("tcp", "remote")
            local.wait_for_picture(right(LOSSLESS))
            remote.wait_for_picture(right(LOSSY))
            vm.tell("set pattern=motion")
            numbers = vm.flips(120)
            self.assertLess(numbers["maxgap"], 2000000)
            vm.tell("set pattern=corners")
            vm.flips(10)
            local.wait_for_picture(right(LOSSLESS))
            remote.wait_for_picture(right(LOSSY))
            display = vm.display()
            paths = sorted(client["path"] for client in display["clients"])
            self.assertIn(paths, (["local", "software"], ["image", "local"]))
            self.assertGreater(display["readbacks"], 0)
            self.assertTrue(local.display()["gl"])
            self.assertFalse(remote.display()["gl"])

    def test_several_clients_are_let_in_where_the_user_says_so(self):
        with self.machine(spice=["multiple-clients=on"]) as vm:
            clients = [vm.client("tcp", name) for name in ("one", "two")]
            for client in clients:
                client.wait_for_picture(right(LOSSY))
            self.assertEqual(len(vm.display()["clients"]), 2)
            before = [client.display()["frames"] for client in clients]
            vm.tell("set pattern=motion")
            vm.flips(60)
            for client, frames in zip(clients, before):
                client.wait(lambda d, frames=frames: d["frames"] > frames + 5, "five frames more")

    def _a_stopped_client(self, way):
        with self.machine(unix=True, guest={"pattern": "motion"}) as vm:
            client = vm.client(way)
            client.wait_for_frames(1)
            vm.flips(30)
            client.stop()
            # Frames of five seconds: more than fit into any queue between the two
            numbers = vm.flips(300, timeout=60)
            self.assertLess(numbers["maxgap"], 2000000)
            self.assertLess(numbers["t"], 15000)
            client.go_on()
            vm.tell("set pattern=corners")
            vm.flips(30)
            client.wait_for_picture(right(LOSSY))

    def test_a_stopped_remote_client_does_not_freeze_the_guest(self):
        self._a_stopped_client("tcp")

    def test_a_stopped_local_client_does_not_freeze_the_guest(self):
        self._a_stopped_client("unix")

    def _answers(self, vm, count):
        """The median time, in seconds, of that many answers of QEMU's monitor. Single ones may have
        waited for work that has nothing to do with clients."""
        times = []
        for _ in range(count):
            time.sleep(0.05)
            asked = time.monotonic()
            vm.display()
            times.append(time.monotonic() - asked)
        self.log.info("the monitor's answers: %s", ["{:.3f}".format(one) for one in sorted(times)])
        return statistics.median(times)

    def test_while_a_client_of_a_large_guest_is_stopped_the_monitor_answers_and_it_resumes(self):
        with self.machine(unix=True, guest={"pattern": "motion", "size": "3840x2160", "rate": 10,
                                            "flips": "forever"}) as vm:
            for way in ("tcp", "unix"):
                with vm.client(way, options=["--counter"]) as client:
                    client.wait_for_frames(3)
                    alone = self._answers(vm, 20)
                    client.stop()
                    self.assertLess(self._answers(vm, 40), max(1, 4 * alone))
                    client.go_on()
                    frame = vm.progress()["frame"]
                    client.wait(lambda d, frame=frame: d["counter"] >= frame, "the newest frame", timeout=60)

    def test_a_local_client_that_never_answers_does_not_freeze_the_guest(self):
        """:avocado: tags=sanitized_long"""
        with self.machine(unix=True, guest={"pattern": "motion"}) as vm:
            client = vm.client("unix", options=["--withhold"])
            client.wait_for_frames(1)
            numbers = vm.flips(300, timeout=60)
            self.assertLess(numbers["maxgap"], 2000000)
            self.assertLess(numbers["t"], 15000)
            client.ask("answer")
            frames = client.display()["frames"]
            vm.flips(60)
            client.wait(lambda d: d["frames"] > frames, "frames once it answers")

    def test_a_machine_that_powers_off_waits_for_no_client(self):
        with self.machine(unix=True, guest={"pattern": "motion"}, extra=["-no-shutdown"],
                          spice=["streaming-video=off", "image-compression=off"]) as vm:
            client = vm.client("tcp")
            client.wait_for_frames(1)
            client.stop()
            vm.flips(120)  # more than sockets hold
            vm.serial.send("poweroff")
            wait_until(lambda: vm.qmp("query-status")["status"] == "shutdown", "it is off")
            # spice would have waited for 30 s, and then disconnected the client
            self.assertEqual(len(vm.display()["clients"]), 1)
            self.assertNotIn("pending out messages", vm.stderr())

    def test_killed_clients_leave_the_guest_and_the_next_client_alone(self):
        """:avocado: tags=sanitized"""
        with self.machine(unix=True, guest={"pattern": "motion"}) as vm:
            for way in ("tcp", "unix", "tcp", "unix"):
                client = vm.client(way)
                client.wait_for_frames(1)
                vm.tell("flips forever")
                client.wait_for_frames(20)
                client.kill()
                numbers = vm.flips(60)
                self.assertLess(numbers["maxgap"], 2000000)
                wait_until(lambda: not vm.display()["clients"], "the client is gone")
            vm.tell("set pattern=corners")
            vm.client("tcp").wait_for_picture(right(LOSSY))

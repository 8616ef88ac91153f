# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing is done for clients that are not connected, and nothing is done twice."""

import os
import time

from support.picture import RED
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until


# Changes are known in cells of this size, pixels
CELL = 16
# Of a display's threads, within two seconds: spice has timers of its own
FEW_WAKEUPS = 10


def wakeups(vm):
    """How often the display's threads have begun to wait so far"""
    total = 0
    folder = "/proc/{}/task".format(vm.process.pid)
    for task in os.listdir(folder):
        with open("{}/{}/status".format(folder, task), encoding="ascii", errors="replace") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        if status["Name"] in ("SPICE Worker", "SPICE GL reader"):
            total += int(status["voluntary_ctxt_switches"])
    return total


class Cost(VmTest):
    """:avocado: tags=beside,virgl"""

    def test_a_still_screen_wakes_none_of_the_displays_threads(self):
        with self.machine(unix=True, many_clients=True) as vm:
            for way in ("tcp", "unix"):
                vm.client(way, way).wait_for_frames(1)
            stopped = vm.client("tcp", "stopped")
            stopped.wait_for_frames(1)
            stopped.stop()
            vm.flips(300)
            counts = []

            def quiet():
                before = wakeups(vm)
                time.sleep(2)
                counts.append(wakeups(vm) - before)
                return counts[-1] <= FEW_WAKEUPS

            self.assertGreater(wakeups(vm), 100)
            wait_until(quiet, lambda: "the threads wait; wake-ups: {}".format(counts), timeout=30)

    def test_nobody_connected_costs_no_export_no_readback_and_no_descriptor(self):
        with self.counted_machine(unix=True, guest={"pattern": "band", "rate": 0}) as vm:
            vm.flips(10)
            files = vm.open_files()
            before = vm.display()
            vm.flips(1000)
            after = vm.display()
            self.assertEqual(after["prime-exports"], 0)
            self.assertEqual(after["readbacks"], 0)
            self.assertGreaterEqual(after["draws"] - before["draws"], 1000)
            self.assertEqual(after["draws-unseen"], after["draws"])
            self.assertEqual(vm.open_files(), files)
            calls = self.egl_calls()["calls"]
            self.assertEqual(calls.get("eglExportDMABUFImageMESA", 0), 0)
            self.assertEqual(calls.get("glReadPixels", 0), 0)

    def test_nobody_connected_makes_one_image_per_backing_image(self):
        with self.counted_machine(guest={"pattern": "band", "rate": 0, "buffers": 3}) as vm:
            vm.flips(10)
            before = self.egl_calls()["calls"]
            vm.flips(300)
            after = self.egl_calls()["calls"]
            self.assertEqual(before["eglCreateImage"], after["eglCreateImage"])

    def test_a_local_client_costs_one_export_per_backing_image(self):
        for buffers in (2, 3):
            with self.counted_machine(unix=True, guest={"pattern": "band",
                                                        "buffers": buffers}) as vm:
                client = vm.client("unix")
                client.wait_for_frames(1)
                vm.flips(200)
                self.assertEqual(vm.display()["prime-exports"], buffers)
                self.assertEqual(vm.display()["readbacks"], 0)
                calls = self.egl_calls()["calls"]
                self.assertEqual(calls["eglExportDMABUFImageMESA"], buffers)
                self.assertGreaterEqual(client.display()["draws"], 150)
                vm.close()

    def test_a_second_local_client_costs_no_second_export(self):
        with self.machine(unix=True, guest={"pattern": "band"}) as vm:
            with vm.client("unix") as first:
                first.wait_for_frames(1)
                vm.flips(30)
                exports = vm.display()["prime-exports"]
            wait_until(lambda: not vm.display()["clients"], "the client is gone")
            with vm.client("unix") as second:
                second.wait_for_frames(1)
                vm.flips(30)
            self.assertEqual(vm.display()["prime-exports"], exports)

    def test_two_remote_clients_share_each_readback(self):
        # Slow enough that every frame is read back before the next one comes
        with self.machine(many_clients=True, guest={"pattern": "motion", "rate": 10}) as vm:
            clients = [vm.client("tcp"), vm.client("tcp")]
            for client in clients:
                client.wait_for_frames(1)
            wait_until(lambda: len(vm.display()["clients"]) == 2, "two clients are served")
            vm.flips(10)
            before = vm.display()
            seen = [client.display()["frames"] for client in clients]
            vm.flips(100)
            after = vm.display()
            draws = after["draws"] - before["draws"]
            readbacks = after["readbacks"] - before["readbacks"]
            self.assertLessEqual(readbacks, draws + 1)
            self.assertGreaterEqual(readbacks, draws * 8 // 10)
            for client, frames in zip(clients, seen):
                self.assertGreater(client.display()["frames"] - frames, 30)

    def test_a_small_change_is_sent_as_a_small_lossless_image(self):
        # Whole frames are flushed even so: Linux 6.12's virtio-gpu drops damage clips for good
        # after the first change of framebuffer. The server finds out what has changed.
        with self.machine(guest={"pattern": "small", "mode": "dirty", "rate": 20}) as vm:
            client = vm.client("tcp")
            client.wait_for_frames(1)
            vm.flips(5)
            before = client.display()
            last = vm.flips(40)["frame"]
            square = (last & 255, last >> 8 & 255, 128)
            picture = client.wait_for_picture(
                lambda p: None if p.at(SIZE[0] // 2, SIZE[1] * 3 // 4) == square else
                "square {}".format(p.at(SIZE[0] // 2, SIZE[1] * 3 // 4)))
            self.assertEqual(picture.at(0, 0), RED)
            now = client.display()
            updates = now["invalidates"] - before["invalidates"]
            self.assertGreater(updates, 20)
            self.assertEqual(vm.display()["clients"][0]["path"], "image")
            self.assertLessEqual(now["invalidated_pixels"] - before["invalidated_pixels"],
                                 updates * (64 + CELL) ** 2)
            self.assertLess(now["bytes"] - before["bytes"], updates * 2000)

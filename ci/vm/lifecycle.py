# SPDX-License-Identifier: GPL-2.0-or-later
"""Reboots, resets, suspend and the like, with clients of both kinds connected."""

import os
import random
import time

from support import orders, stack
from support.picture import LOSSLESS, difference, wrong_corners
from support.vmtest import VmTest
from support.waiting import wait_until

SIZE = (640, 360)


def right(size):
    return lambda picture: wrong_corners(picture, *size, tolerance=LOSSLESS)


def writable_bytes(vm):
    """The size of QEMU's address space, without the code that TCG generates"""
    total = 0
    with open("/proc/{}/maps".format(vm.process.pid), encoding="ascii") as maps:
        for line in maps:
            span, mode = line.split()[:2]
            if mode.startswith("rw-"):
                first, end = (int(part, 16) for part in span.split("-"))
                total += end - first
    return total


def held(vm):
    """The numbers that must not grow"""
    return {"files": len(vm.open_files()), "images": vm.display()["images"],
            "threads": len(os.listdir("/proc/{}/task".format(vm.process.pid)))}


class Lifecycle(VmTest):
    """:avocado: tags=beside"""

    def living_machine(self, size=SIZE, **options):
        guest = dict({"size": "{}x{}".format(*size)}, **options.pop("guest", {}))
        # Images only: every pixel can be asked for
        return self.machine(unix=True, many_clients=True, guest=guest,
                            spice=["streaming-video=off"], **options)

    def _connect(self, vm, prefix=""):
        return [vm.client("tcp", prefix + "remote"), vm.client("unix", prefix + "local")]

    def _see(self, clients, size=SIZE):
        for client in clients:
            client.wait_for_picture(right(size))

    def _see_nothing(self, clients):
        for client in clients:
            client.wait(lambda d: d["width"] == 0, "a dark screen")

    def _has_not_grown(self, vm, before):
        now = held(vm)
        for what, number in before.items():
            # There may be one image, with its dma-buf, more or less, depending on the moment
            self.assertLessEqual(now[what], number + 3, "{}: {}".format(what, (before, now)))

    def _moments(self):
        seed = random.randrange(1 << 32)
        self.log.info("seed %d", seed)
        return random.Random(seed)

    def _goes_on(self, vm):
        draws = vm.display()["draws"]
        vm.wait_for_display(lambda d: d["draws"] > draws + 10, "the guest draws")

    def test_a_dark_screen_is_dark_at_clients_and_comes_back(self):
        with self.living_machine() as vm:
            clients = self._connect(vm)
            self._see(clients)
            for dark, lit in (("dpms off", "dpms on"), ("off", "on")):
                vm.tell(dark)
                self._see_nothing(clients)
                late = self._connect(vm, "late-")
                wait_until(lambda: len(vm.display()["clients"]) == 4, "two more clients")
                self._see_nothing(late)
                # Exactly the previous picture, and nothing after it
                vm.tell(lit)
                self._see(clients + late)
                for client in late:
                    client.close()
            self._see(self._connect(vm, "last-"))

    def test_the_first_client_ever_of_a_dark_screen_sees_it_lit_at_another_size(self):
        for way, dark in (("tcp", "off"), ("unix", "dpms off")):
            with self.living_machine(name=way) as vm:
                vm.tell(dark)
                client = vm.client(way)
                wait_until(lambda: vm.display()["clients"], "a client")
                self._see_nothing([client])
                vm.tell("resize 801x601")
                self._see([client], (801, 601))
                vm.flips(10)
                self._see([client], (801, 601))

    def test_a_driver_that_goes_and_comes_shows_its_picture_and_leaves_nothing(self):
        size = (1280, 720)
        with self.living_machine(size) as vm:
            clients = self._connect(vm)
            for turn in range(14):
                self._see(clients, size)
                if turn == 3:
                    before, memory = held(vm), writable_bytes(vm)
                vm.tell("unload")
                self._see_nothing(clients)
                # The one image may be QEMU's own notice that there is no picture
                vm.wait_for_display(lambda d: d["images"] <= 1, "no image of the driver's")
                vm.tell("load")
            self._see(clients, size)
            self._has_not_grown(vm, before)
            # Two buffers a turn would be 80 MB
            self.assertLess(writable_bytes(vm) - memory, 20 << 20)
            self.assertLess(vm.flips(30)["maxgap"], 2000000)

    def test_the_firmware_is_seen_again_after_a_reset(self):
        """:avocado: tags=sanitized_long"""
        with self.living_machine(device="virtio-vga-gl") as vm:
            clients = self._connect(vm)
            for _ in range(2):
                self._see(clients)
                after = vm.serial.position()
                vm.qmp("system_reset")
                for client in clients:
                    client.wait_for_size(720, 400)
                vm.wait_ready(after)
            self._see(clients)

    def test_clients_stay_through_six_boots_and_nothing_grows(self):
        with self.living_machine(guest={"flips": "forever"}) as vm:
            clients = self._connect(vm)
            for turn in range(6):
                self._see(clients)
                after = vm.serial.position()
                # In the middle of a draw, and when the guest does it itself
                if turn % 3 == 2:
                    vm.qmp("system_reset")
                else:
                    vm.tell("reboot")
                vm.wait_ready(after)
                if turn == 1:
                    self._see(clients)
                    before = held(vm)
            self._see(clients)
            self._has_not_grown(vm, before)
            self.assertLess(vm.flips(30)["maxgap"], 2000000)

    def test_the_picture_returns_after_resets_at_any_moment(self):
        """While frames are in flight, and while the machine starts"""
        moments = self._moments()
        with self.living_machine(guest={"flips": "forever"}) as vm:
            clients = self._connect(vm)
            for turn in range(3):
                self._see(clients)
                if turn == 1:
                    before = held(vm)
                for moment in (0.3, 1.5):
                    time.sleep(moments.uniform(0, moment))
                    after = vm.serial.position()
                    vm.qmp("system_reset")
                vm.wait_ready(after)
            self._see(clients)
            self._has_not_grown(vm, before)
            self._goes_on(vm)

    def test_the_picture_returns_after_function_resets_at_any_moment(self):
        """Of the PCI function and of the virtio device, while frames are in flight"""
        moments = self._moments()
        with self.machine(bare=True, unix=True, many_clients=True) as vm:
            clients = self._connect(vm)
            for turn in range(20):
                vm.gpu.start()
                vm.gpu.show(*SIZE)
                for _ in range(moments.randrange(5)):
                    vm.gpu.flip()
                if turn % 5 == 1:
                    for client in clients:
                        client.wait_for_picture(lambda p: difference(p, vm.gpu.picture()))
                if turn == 1:
                    before = held(vm)
                vm.gpu.flush(wait=False)
                time.sleep(moments.uniform(0, 0.03))
                if turn % 3:
                    vm.gpu.reset_function()
                else:
                    vm.gpu.reset_device()
            self._see_nothing(clients)
            vm.gpu.start()
            vm.gpu.show(*SIZE)
            for client in clients:
                client.wait_for_picture(lambda p: difference(p, vm.gpu.picture()))
            self._has_not_grown(vm, before)

    def test_stopping_the_machine_and_refused_snapshots_leave_clients_alone(self):
        with self.living_machine(guest={"flips": "forever"}) as vm:
            clients = self._connect(vm)
            self._see(clients)
            for _ in range(3):
                vm.qmp("stop")
                with vm.client("tcp", "late") as late:
                    self._see([late])
                vm.qmp("cont")
                self._goes_on(vm)
            for command in ("savevm x", "migrate -d exec:cat>/dev/null"):
                # virglrenderer cannot save its state
                self.assertIn("virgl is not yet migratable", vm.hmp(command))
                self.assertEqual(vm.qmp("query-status")["status"], "running")
                self._goes_on(vm)
            self._see(clients)
            self.assertLess(vm.flips(30)["maxgap"], 2000000)

    def test_clients_stay_while_the_machine_sleeps(self):
        # Linux 6.12 gives virtio-gpu nothing to do at S3, which resets the device: the guest
        # unloads its driver first. One that was not started by its BIOS does not wake up.
        with self.living_machine(kernel=stack.compressed_kernel()) as vm:
            clients = self._connect(vm)
            self._see(clients)
            vm.tell("unload")
            after = vm.serial.position()
            vm.serial.send("suspend")
            wait_until(lambda: vm.qmp("query-status")["status"] == "suspended", "S3")
            self._see_nothing(clients)
            vm.qmp("system_wakeup")
            vm.serial.wait("SPICEGL ok suspend", 30, after)
            vm.tell("load")
            self._see(clients)
            self.assertLess(vm.flips(30)["maxgap"], 2000000)

    def _job(self, vm, command, **arguments):
        vm.qmp(command, **{"job-id": "job0"}, **arguments)
        job = wait_until(lambda: [job for job in vm.qmp("query-jobs")
                                  if job["status"] == "concluded"], command)[0]
        vm.qmp("job-dismiss", id="job0")
        self.assertNotIn("error", job, command)

    def _make_disk(self, vm):
        path = os.path.join(vm.rundir, "snapshots.qcow2")
        self._job(vm, "blockdev-create", options={"driver": "file", "filename": path, "size": 0})
        vm.qmp("blockdev-add", **{"driver": "file", "filename": path, "node-name": "file0"})
        self._job(vm, "blockdev-create",
                  options={"driver": "qcow2", "file": "file0", "size": 1 << 20})
        vm.qmp("blockdev-add", **{"driver": "qcow2", "file": "file0", "node-name": "disk0"})
        return {"tag": "then", "vmstate": "disk0", "devices": ["disk0"]}

    def test_clients_follow_a_2d_guest_to_a_snapshot_and_back(self):
        with self.living_machine(device="virtio-gpu-pci") as vm:
            snapshot = self._make_disk(vm)
            clients = self._connect(vm)
            self._see(clients)
            self._job(vm, "snapshot-save", **snapshot)
            for _ in range(2):
                vm.tell("resize 800x600")
                vm.flips(10)
                self._see(clients, (800, 600))
                self._job(vm, "snapshot-load", **snapshot)
                self._see(clients)
                vm.qmp("cont")
                vm.flips(10)
                self._see(clients)

    def test_a_packed_queue_without_indirect_descriptors_goes_on_after_a_stop(self):
        # Commands wait for a slow display, and go back into the queue when the machine stops
        with self.machine(device="virtio-gpu-pci,packed=on,indirect_desc=off",
                          guest={"pattern": "motion", "flips": "forever", "rate": 0},
                          **orders.slow_gpu(300)) as vm:
            vm.client("tcp").wait_for_frames(3)
            for _ in range(30):
                draws = vm.display()["draws"]
                vm.wait_for_display(lambda d, n=draws: d["draws"] > n, "a draw has begun")
                # Meanwhile the guest has time to queue more commands
                flips = vm.progress()["flips"]
                vm.qmp("stop")
                vm.qmp("cont")
                wait_until(lambda n=flips: vm.progress()["flips"] > n + 1,
                           "the guest shows frames after the machine was stopped")

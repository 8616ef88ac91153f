# SPDX-License-Identifier: GPL-2.0-or-later
"""The display's GPU encodes for remote clients: a test double of one, see support/hardware.py."""

import os
import pwd
import re

from support import fallback
from support.hardware import CARD, H264, OTHER_CARD, Card
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until

WARNING = "hardware path failed"


def right(tolerance):
    return lambda picture: wrong_corners(picture, *SIZE, tolerance=tolerance)


class Hardware(VmTest):
    """:avocado: tags=beside"""

    def card_machine(self, encoders=None, card=CARD, **options):
        """A machine whose EGL is on that GPU, and the GPU"""
        double = Card(self.workdir, H264 if encoders is None else encoders, card)
        environment = dict(options.pop("environment", {}), **double.environment)
        return self.machine(preload=double.preload, environment=environment, **options), double

    def client(self, vm, name=None, codec="h264", options=()):
        client = vm.client("tcp", name, options=["--codec", codec, *options])
        client.wait_for_frames(1)
        return client

    def wait_for_path(self, vm, path, timeout=20):
        return vm.wait_for_display(
            lambda d: d["clients"] and d["clients"][0]["path"] == path,
            "the client is on the {} path".format(path), timeout=timeout)

    def moving(self, vm):
        """A client while its picture moves, on the hardware path"""
        client = self.client(vm)
        vm.tell("set pattern=motion")
        vm.tell("flips forever")
        self.wait_for_path(vm, "hardware")
        return client

    def readbacks_of_motion(self, vm, client):
        """Their number during 30 frames of uninterrupted motion: on a busy machine the guest's frames may
        be so far apart that the server sees no motion"""
        for _ in range(10):
            vm.tell("flips forever")
            self.wait_for_path(vm, "hardware")
            before = vm.display()["readbacks"]
            frames = client.display()["video_frames"]
            client.wait(lambda d: d["video_frames"] >= frames + 30, "30 frames from the card")
            read = vm.display()["readbacks"] - before
            if vm.progress()["maxgap"] < 200000:
                return read
        self.cancel("this machine is too busy: the guest's frames are more than 200 ms apart")
        return None

    def test_the_cards_encoder_gets_the_guests_own_buffers(self):
        """:avocado: tags=sanitized"""
        vm, card = self.card_machine()
        with vm:
            client = self.moving(vm)
            read = self.readbacks_of_motion(vm, client)
            display = vm.display()
            self.assertEqual(read, 0)
            self.assertEqual(display["prime-exports"], 2)
            self.assertEqual(display["clients"][0]["codec"], "h264")
            opened = {os.stat("/proc/{}/fd/{}".format(vm.process.pid, fd)).st_ino
                      for fd in vm.open_files()}
            self.assertEqual(len(card.inodes()), 2)
            self.assertLessEqual(card.inodes(), opened)
            self.assertEqual(card.log("no-dmabuf"), [])
            vm.tell("set pattern=corners")
            client.wait_for_picture(right(LOSSY))
            self.assertNotIn(WARNING, vm.stderr())

    def test_a_picture_that_stands_still_becomes_lossless(self):
        vm, _ = self.card_machine()
        with vm:
            client = self.moving(vm)
            vm.tell("set pattern=corners")
            vm.flips(20)
            client.wait_for_picture(right(LOSSLESS))
            vm.tell("set pattern=motion")
            vm.tell("flips forever")
            self.wait_for_path(vm, "hardware")
            self.assertNotIn(WARNING, vm.stderr())

    def test_small_changes_are_not_video(self):
        vm, card = self.card_machine(guest={"pattern": "small", "mode": "dirty", "rate": 20})
        with vm:
            client = self.client(vm)
            vm.flips(60)
            self.assertEqual(client.display()["video_frames"], 0)
            self.assertEqual(card.log("frame "), [])

    def test_the_stream_follows_the_size_and_the_scanout_that_goes_and_comes(self):
        vm, _ = self.card_machine()
        with vm:
            client = self.moving(vm)
            for size in ((800, 600), (1024, 768)):
                vm.tell("resize {}x{}".format(*size))
                vm.tell("flips forever")
                client.wait_for_size(*size)
                self.wait_for_path(vm, "hardware")
            vm.tell("off")
            vm.tell("on")
            vm.tell("resize {}x{}".format(*SIZE))
            vm.tell("set pattern=corners")
            vm.tell("flips forever")
            client.wait_for_picture(right(LOSSY))
            vm.flips(5)
            client.wait_for_picture(right(LOSSLESS))
            self.assertNotIn(WARNING, vm.stderr())

    def test_clients_that_come_and_go_in_motion_leave_nothing_behind(self):
        vm, _ = self.card_machine()
        with vm:
            vm.tell("set pattern=motion")
            vm.tell("flips forever")

            def come_and_go():
                client = self.client(vm)
                self.wait_for_path(vm, "hardware")
                # the guest's other image is kept as dma-buf, too
                vm.wait_for_display(lambda d: d["prime-exports"] == 2, "both images are exported")
                client.kill()
                wait_until(lambda: not vm.display()["clients"], "the client is gone")

            def threads():
                return os.listdir("/proc/{}/task".format(vm.process.pid))

            come_and_go()
            files, tasks = len(vm.open_files()), len(threads())
            for _ in range(4):
                come_and_go()
            wait_until(lambda: len(vm.open_files()) <= files and len(threads()) <= tasks,
                       lambda: "{} files, {} threads, as before: {}, {}".format(
                           len(vm.open_files()), len(threads()), files, tasks))

    def test_the_server_ends_while_an_encoder_works_and_while_one_hangs(self):
        for order in ("", "stall-at=20"):
            vm, card = self.card_machine(name="end" + order[:5])
            with vm:
                card.order(order)
                client = self.moving(vm)
                wait_until(lambda: len(card.log("frame ")) >= 20, "20 frames")
                client.may_lose_server()
                vm.qmp("quit")
                self.assertEqual(vm.process.wait(20), 0)

    def _gives_way(self, order, reason, from_path="hardware"):
        fallback.assert_in_time(lambda: self._gives_way_once(order, reason, from_path))

    def _gives_way_once(self, order, reason, from_path):
        vm, card = self.card_machine(extra=[*fallback.TIMESTAMPS, "-trace", "qemu_spice_egl_path"])
        with vm:
            card.order(order)
            client = self.client(vm, options=["--counter"])
            vm.tell("set pattern=motion")
            vm.tell("flips forever")
            gap = fallback.gap_at_failure(vm, client, WARNING)
            self.log.info("%.3f s to the next path", gap)
            self.wait_for_path(vm, "software")
            vm.tell("set pattern=corners")
            client.wait_for_picture(right(LOSSY))
            vm.tell("set pattern=motion")
            numbers = vm.flips(60)
            self.assertLess(numbers["maxgap"], 2000000)
            vm.tell("set pattern=corners")
            vm.flips(5)
            client.wait_for_picture(right(LOSSLESS), timeout=30)
            warnings = [line for line in vm.stderr().splitlines() if WARNING in line]
            self.assertEqual(len(warnings), 1, warnings)
            self.assertIn(reason, warnings[0])
            card.order("")
            changes = re.findall(r"qemu_spice_egl_path \d+ client \d+: (\w+) -> \w+, [\w ]+: (.*)",
                                 vm.stderr())
            self.assertIn((from_path, "the GPU's encoder failed") if from_path == "hardware" else
                          ("image", "the picture is moving"), changes)
        return gap

    def test_refused_caps_give_way_to_software(self):
        self._gives_way("refuse-caps", "not-negotiated", "image")

    def test_a_modifier_that_is_not_taken_gives_way_to_software(self):
        self._gives_way("only-modifier=0x7", "does not accept", "image")

    def test_a_modifier_that_is_not_taken_is_converted_on_the_card(self):
        vm, card = self.card_machine({"vah264enc": CARD, "vapostproc": CARD})
        with vm:
            card.order("only-modifier=0x7")
            client = self.moving(vm)
            self.assertEqual(self.readbacks_of_motion(vm, client), 0)
            opened = {os.stat("/proc/{}/fd/{}".format(vm.process.pid, fd)).st_ino
                      for fd in vm.open_files()}
            converted = {int(inode) for line in card.log("convert ")
                         for inode in re.findall(r"inode=(\d+)", line)}
            self.assertEqual(len(converted), 2)
            self.assertLessEqual(converted, opened)
            vm.tell("set pattern=corners")
            client.wait_for_picture(right(LOSSY))
            # On a busy machine the guest may have paused, and still parts are sent as images
            vm.tell("set pattern=motion")
            self.wait_for_path(vm, "hardware")
            self.assertNotIn(WARNING, vm.stderr())

    def test_an_error_in_mid_stream_gives_way_to_software(self):
        """:avocado: tags=sanitized"""
        self._gives_way("fail-at=30", "ordered to fail")

    def test_an_encoder_that_ends_gives_way_to_software(self):
        self._gives_way("die-at=30", "ended unexpectedly")

    def test_a_stall_gives_way_to_software(self):
        self._gives_way("stall-at=30", "stalled")

    def test_what_the_failed_encoder_did_not_show_is_shown_though_nothing_moves_any_more(self):
        vm, card = self.card_machine()
        with vm:
            client = self.moving(vm)
            card.order("fail-at={}".format(len(card.log("frame ")) + 5))
            vm.tell("set pattern=corners")
            vm.flips(10)
            client.wait_for_picture(right(LOSSLESS))

    def test_heads_of_one_framebuffer_are_encoded_each_its_part(self):
        """:avocado: tags=sanitized_long"""
        guest = {"size": "640x360", "heads": 2, "shared": "column"}
        vm, _ = self.card_machine(heads=2, guest=guest)
        with vm:
            client = self.client(vm)

            def on_hardware(display):
                return display["clients"] and display["clients"][0]["path"] == "hardware"

            def seen_by_hardware():
                """Whether both heads stayed on the hardware path until their pictures were seen"""
                vm.tell("set pattern=motion")
                for head in (0, 1):
                    vm.wait_for_display(on_hardware, "head {} is on the hardware path".format(head), number=head)
                vm.tell("set pattern=corners")
                for head in (0, 1):
                    client.wait_for_picture(
                        lambda p, head=head: wrong_corners(p, 640, 360, LOSSY, head), channel=head)
                return all(on_hardware(vm.display(head)) for head in (0, 1))

            # On a busy machine the guest may pause, and a still picture is no reason to begin again: so
            # motion first
            vm.tell("flips forever")
            self.assertTrue(any(seen_by_hardware() for _ in range(5)), "their pictures came another way each time")
            self.assertNotIn(WARNING, vm.stderr())

    def test_the_encoder_is_the_one_of_the_displays_card(self):
        vm, card = self.card_machine({"vah264enc": OTHER_CARD, "varenderD129h264enc": CARD})
        with vm:
            self.moving(vm)
            self.assertEqual({line.split()[1] for line in card.log("frame ")},
                             {"varenderD129h264enc"})
            self.assertEqual(card.log("open vah264enc"), [])

    def test_another_cards_encoder_is_not_taken(self):
        vm, card = self.card_machine({"vah264enc": OTHER_CARD})
        with vm:
            client = self.client(vm)
            vm.tell("set pattern=motion")
            vm.tell("flips forever")
            self.wait_for_path(vm, "software")
            client.wait(lambda d: d["video_frames"] >= 10, "video")
            self.assertEqual(card.log("open") + card.log("frame"), [])
            self.assertIn("only for another GPU", vm.stderr())

    def test_no_video_means_no_hardware(self):
        vm, card = self.card_machine(spice=["streaming-video=off"])
        with vm:
            client = self.client(vm)
            vm.tell("set pattern=motion")
            vm.flips(60)
            self.assertEqual(vm.display()["clients"][0]["path"], "image")
            self.assertEqual(client.display()["video_frames"], 0)
            self.assertEqual(card.log("frame"), [])

    def test_local_hardware_software_and_image_clients_are_each_served_their_way(self):
        vm, _ = self.card_machine(unix=True, many_clients=True, guest={"size": "640x360"})

        def right(tolerance):
            return lambda picture: wrong_corners(picture, 640, 360, tolerance=tolerance)

        with vm:
            local = vm.client("unix", "local")
            local.wait_for_picture(right(LOSSLESS))
            hardware = self.client(vm, "hardware")
            software = self.client(vm, "software", codec="mjpeg", options=["--only"])
            images = vm.client("tcp", "images", options=["--no-video"])
            images.wait_for_frames(1)
            vm.tell("set pattern=motion")
            vm.tell("flips forever")
            vm.wait_for_display(
                lambda d: sorted((c["path"], c.get("codec")) for c in d["clients"] if "codec" in c)
                == [("hardware", "h264"), ("software", "mjpeg")] and
                {c["path"] for c in d["clients"]} == {"hardware", "image", "local", "software"},
                "each client is on its path", timeout=40)
            vm.tell("set pattern=corners")
            for client in (hardware, software, images):
                client.wait_for_picture(right(LOSSY))
            vm.flips(10)
            for client in (local, hardware, software, images):
                client.wait_for_picture(right(LOSSLESS))
            display = vm.display()
            self.assertLessEqual(display["prime-exports"], display["images-imported"])

    def _confined(self, encoders, path, codec):
        if os.geteuid() != 0:
            self.cancel("-run-with chroot=…,user=… needs root")
        jail = os.path.join(self.workdir, "jail")
        # The double's log and orders have the same path inside
        inside = jail + self.workdir
        os.makedirs(inside)
        os.chmod(inside, 0o777)
        vm, _ = self.card_machine(encoders, name=codec, extra=[
            "-run-with", "chroot={},user=nobody".format(jail)])
        with vm:
            with open("/proc/{}/status".format(vm.process.pid), encoding="ascii") as status:
                uids = [line.split()[1:] for line in status if line.startswith("Uid:")][0]
            self.assertEqual(set(uids), {str(pwd.getpwnam("nobody").pw_uid)})
            client = self.client(vm, codec=codec)
            vm.tell("set pattern=motion")
            vm.tell("flips forever")
            # Motion is sent as JPEG until an encoder has started
            vm.wait_for_display(
                lambda d: (d["clients"][0]["path"], d["clients"][0].get("codec")) == (path, codec),
                "{} by {}".format(codec, path))
            vm.tell("set pattern=corners")
            client.wait_for_picture(right(LOSSY))
            self.assertNotIn(WARNING, vm.stderr())

    def test_the_card_encodes_after_chroot_and_change_of_user(self):
        self._confined(H264, "hardware", "h264")

    def test_software_codecs_work_after_chroot_and_change_of_user(self):
        for codec in ("h264", "vp8"):
            self._confined({}, "software", codec)
            os.rename(os.path.join(self.workdir, "jail"), os.path.join(self.workdir, codec))

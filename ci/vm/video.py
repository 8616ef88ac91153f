# SPDX-License-Identifier: GPL-2.0-or-later
"""Video is sent in the codec that client and server agree on."""

from support.link import Link
from support.picture import LOSSY, wrong_corners
from support.video import wait_for_shown, wait_for_video
from support.vmtest import SIZE, VmTest


class Video(VmTest):
    """:avocado: tags=beside"""

    def _has(self, client, codec):
        """It shows the video that it gets in CODEC"""
        display = wait_for_shown(client)
        if codec == "mjpeg":
            self.assertEqual(display["streams"], 0)
        else:
            client.wait(lambda d: d["video_frames"] >= 10, "10 frames of the stream")
            self.assertEqual(display["codec"], codec)

    def _moves(self, vm, client, codec):
        vm.tell("set pattern=motion")
        vm.tell("flips forever")
        wait_for_video(vm, codec)
        self._has(client, codec)
        self.assertIn(codec, vm.hmp("info spice"))
        vm.tell("set pattern=corners")
        client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))

    def test_the_client_gets_the_codec_it_prefers(self):
        for codec in ("mjpeg", "vp8", "h264"):
            with self.machine(name=codec) as vm:
                client = vm.client("tcp", options=["--counter", "--codec", codec])
                client.wait_for_frames(1)
                self._moves(vm, client, codec)

    def test_the_codec_that_the_user_names_is_the_only_one(self):
        for codec in ("mjpeg", "vp8"):
            with self.machine(name=codec, spice=["video-codec=" + codec]) as vm:
                client = vm.client("tcp", options=["--counter"])
                client.wait_for_frames(1)
                self._moves(vm, client, codec)

    def test_no_more_pictures_are_shown_than_the_user_allows(self):
        with self.machine(spice=["max-refresh-rate=15"],
                          guest={"pattern": "motion", "size": "320x240"}) as vm:
            client = vm.client("tcp", options=["--counter"])
            client.wait_for_frames(1)
            vm.flips(60) # until it counts as video
            before = client.display()["counter_changes"]
            numbers = vm.flips(300)
            shown = client.display()["counter_changes"] - before
            allowed = 15 * numbers["t"] / 1000
            self.assertLess(shown, 1.1 * allowed + 3)
            self.assertGreater(shown, 0.3 * allowed)

    @staticmethod
    def _connect(vm):
        client = vm.client(options=["--counter"])
        client.wait(lambda d: d["counter"] >= 0, "a frame's number", timeout=60)
        return client

    def test_a_client_that_is_long_in_coming_gets_the_running_video(self):
        """Frames are drawn between its connection and its first message"""
        guest = {"pattern": "motion", "flips": "forever", "size": "640x360"}
        with Link("lan", self.logdir) as link, \
                self.machine(link=link, many_clients=True, guest=guest) as vm:
            wait_for_shown(self._connect(vm))
            link.change(delay=300)
            wait_for_shown(self._connect(vm), timeout=60)

    def test_clients_at_the_same_time_get_each_their_path_and_codec(self):
        codecs = ("mjpeg", "vp8", "h264")
        wanted = [("image", None), ("local", None)] + [("software", codec) for codec in codecs]
        with self.machine(unix=True, many_clients=True, guest={"size": "640x360"}) as vm:
            clients = [vm.client("tcp", codec, options=["--counter", "--codec", codec])
                       for codec in codecs]
            clients.append(vm.client("tcp", "images", options=["--no-video"]))
            clients.append(vm.client("unix", "local"))
            for client in clients:
                client.wait_for_frames(1)
            vm.tell("set pattern=motion")
            vm.tell("flips forever")
            vm.wait_for_display(
                lambda d: sorted(((c["path"], c.get("codec")) for c in d["clients"]), key=str)
                == sorted(wanted, key=str), "each client on its path", timeout=40)
            for client, codec in zip(clients, codecs):
                self._has(client, codec)
            text = vm.hmp("info spice")
            for path, codec in wanted:
                self.assertIn(path, text)
                self.assertIn(codec or path, text)
            vm.tell("set pattern=corners")
            for client in clients:
                client.wait_for_picture(lambda p: wrong_corners(p, 640, 360, tolerance=LOSSY))

    def test_motion_at_60_frames_a_second_is_shown_as_such_for_as_long_as_it_goes_on(self):
        # Small pictures, to test rate control and not the machine's speed. On a busy machine a client
        # decodes late, and is rightly sent less.
        with self.machine(guest={"pattern": "motion", "size": "320x240"}) as vm:
            client = vm.client("tcp", options=["--counter", "--codec", "mjpeg"])
            client.wait_for_frames(1)
            shown = []
            for _ in range(4):
                vm.flips(60) # until it counts as video
                before = client.display()["counter_changes"]
                flips = vm.flips(600)["flips"]
                shown.append((client.display()["counter_changes"] - before) / flips)
                if shown[-1] > 0.9:
                    return
            self.fail("of the guest's frames, each time: {}".format(shown))

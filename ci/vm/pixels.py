# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client shows is what the guest shows."""

import os

from support.link import Link
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.video import gone_back, wait_for_video
from support.vmtest import SIZE, VmTest


def right(tolerance=LOSSLESS, size=SIZE, head=0):
    return lambda picture: wrong_corners(picture, *size, tolerance=tolerance, head=head)


def wrong_gradient(picture):
    """The lower part of the pattern "counter" after JPEG, which does little to it"""
    w, h = picture.width, picture.height
    for y in (h // 3, h // 2, h * 7 // 8):
        for x in (*range(w // 8, w // 8 + 4), w // 2, w * 7 // 8):
            v, u = x * 255 // (w - 1), y * 255 // (h - 1)
            if max(abs(a - b) for a, b in zip(picture.at(x, y), (v, u, (v + u) // 2))) > 10:
                return "{} at {},{}".format(picture.at(x, y), x, y)
    return None


class Pixels(VmTest):
    """:avocado: tags=beside"""

    def test_a_remote_client_sees_the_right_pixels_in_a_video(self):
        with self.machine() as vm:
            client = vm.client("tcp")
            # While it moves, the test picture is also sent as video
            vm.tell("set pattern=motion")
            vm.tell("flips forever")
            wait_for_video(vm)
            vm.tell("set pattern=corners")
            client.wait_for_picture(right(LOSSY))

    def test_a_picture_that_stands_still_becomes_lossless_at_a_remote_client(self):
        with self.machine() as vm:
            client = vm.client("tcp")
            vm.tell("set pattern=motion")
            vm.flips(90)
            client.wait_for_frames(1)
            vm.tell("set pattern=corners")
            client.wait_for_picture(right(LOSSLESS), timeout=30)

    def test_images_to_a_remote_client_are_lossless(self):
        with self.machine(spice=["streaming-video=off"]) as vm:
            client = vm.client("tcp")
            client.wait_for_picture(right(LOSSLESS))
            vm.flips(60)
            client.wait_for_picture(right(LOSSLESS))
            self.assertEqual(vm.display()["clients"][0]["path"], "image")

    def test_lossy_images_are_of_the_right_colours(self):
        # As for a client on a slow link
        with self.machine(guest={"pattern": "counter", "size": "640x360"},
                          spice=["streaming-video=off", "jpeg-wan-compression=always"]) as vm:
            vm.client("tcp").wait_for_picture(wrong_gradient)

    def test_a_client_that_knows_no_codec_gets_lossless_images(self):
        with self.machine() as vm:
            client = vm.client("tcp", options=["--no-video"])
            client.wait_for_frames(1)
            vm.tell("set pattern=motion")
            vm.flips(120)
            vm.tell("set pattern=corners")
            vm.flips(10)
            client.wait_for_picture(right(LOSSLESS))
            self.assertEqual(client.display()["video_frames"], 0)
            self.assertEqual(vm.display()["clients"][0]["path"], "image")

    def test_a_local_client_maps_the_very_pixels(self):
        with self.machine(unix=True) as vm:
            client = vm.client("unix")
            client.wait_for_picture(right(LOSSLESS))
            vm.flips(60)
            display = client.wait(lambda d: d["gl"], "a dma-buf")
            self.assertIsNone(right(LOSSLESS)(client.picture()))
            self.assertGreater(display["draws"], 0)
            self.assertEqual(display["invalidates"], 0)

    def _numbers(self, name, options, codec=None, **how):
        """[(seconds, number)] that a remote client shows of full-screen motion, from the first
        picture on, or from the first of a video in that codec; and the number of the last"""
        with self.machine(name=name, guest={"pattern": "motion"}, **how) as vm:
            client = vm.client("tcp", options=["--counter", *options])
            client.wait_for_frames(1)
            client.seen()
            if codec:
                vm.tell("flips forever")
                wait_for_video(vm, codec)
                client.seen()
            last = vm.flips(300)["frame"]
            display = client.wait(lambda d: d["counter"] == last, "the last frame")
            self.assertGreater(display["counter_changes"], 30)
            return client.seen(), last

    def test_jpegs_are_shown_as_whole_frames_in_their_order_from_the_first_on(self):
        # Parts of two frames make a number that no frame had. Over a link, a picture that is sent in
        # parts arrives in parts.
        for name in ("wifi", "dsl"):
            with Link(name, os.path.join(self.logdir, name)) as link:
                seen, last = self._numbers(name, ["--codec", "mjpeg"], link=link)
            numbers = [number for _, number in seen]
            self.assertEqual(numbers, sorted(numbers), name)
            self.assertEqual(numbers[-1], last, name)

    def test_no_frame_of_a_video_is_older_than_the_one_before(self):
        # On a busy machine a client may show its decoder's first picture though there are newer ones
        tries = []
        for turn in range(3):
            seen, _ = self._numbers("h264-{}".format(turn), ["--codec", "h264"], "h264")
            tries.append(gone_back(seen))
            if not tries[-1]:
                return
        self.fail("each time: {}".format(tries))

    def test_no_frame_at_a_local_client_is_older_than_the_one_before(self):
        # The server waits for a local client only if it answers in time; on a busy machine none does so
        # at each draw. A client that was later has read a buffer that the guest uses again. With a
        # server that never waits, this happens in every run.
        tries = []
        for _ in range(5):
            with self.machine(unix=True, guest={"pattern": "counter"}) as vm:
                client = vm.client("unix", options=["--counter"])
                client.wait_for_frames(1)
                last = vm.flips(300)["frame"]
                display = client.wait(lambda d: d["counter"] == last, "the last frame")
                slowest = vm.display()["longest-draw-ns"] / 1e6
            tries.append("{} frames, {} to an older one, the slowest draw took {:.1f} ms".format(
                display["counter_changes"], display["counter_backwards"], slowest))
            self.log.info("%s", tries[-1])
            if display["counter_backwards"] == 0 and display["counter_changes"] > 250:
                return
        self.fail("each time: {}".format(tries))

# SPDX-License-Identifier: GPL-2.0-or-later
"""When motion stops, the parts that video has blurred are sent lossless."""

import os
import time

from support.flushes import Flushes
from support.picture import LOSSLESS, wrong_corners
from support.shown import Watch
from support.video import wait_for_video
from support.vmtest import VmTest

SIZE = (1280, 720)
BOUND_MS = 500
# The time is measured: a busy machine may get one wrong, but not all
TRIES = 6
# JPEG, for which this link has room, and a stream
VIDEOS = (["--codec", "mjpeg"], ["--codec", "h264"])


def right(picture):
    return wrong_corners(picture, *SIZE, tolerance=LOSSLESS)


class Settle(VmTest):

    def _moving(self, vm, client):
        """The client shows motion, blurred by the codec that it prefers"""
        vm.tell("flips forever")
        wait_for_video(vm, client.codec)
        shown = client.display()["frames"]
        client.wait(lambda d: d["frames"] >= shown + 20, "20 pictures of it")

    def _plays(self, vm, client, pattern):
        vm.tell("set pattern=" + pattern)
        self._moving(vm, client)

    def _stops(self, vm):
        vm.tell("stop")
        vm.tell("set pattern=corners")

    def _watched(self, name):
        """A machine's options, and the record of its guest's draws"""
        flushes = Flushes(os.path.join(self.logdir, name))
        return flushes, {"name": name, "extra": flushes.options()}

    @staticmethod
    def _client(vm, video, options=()):
        client = vm.client("tcp", options=[*video, *options])
        client.codec = video[-1]
        client.wait_for_frames(1)
        return client

    def _within_bound(self, measure):
        times = []
        for _ in range(TRIES):
            times.append(measure() * 1000)
            if times[-1] < BOUND_MS:
                break
        self.log.info("lossless after %s ms", times)
        self.assertLess(times[-1], BOUND_MS)

    def _settles(self, pattern):
        for video in VIDEOS:
            flushes, options = self._watched(video[-1])
            with self.machine(**options) as vm:
                client = self._client(vm, video)

                def measure():
                    self._plays(vm, client, pattern)
                    self._stops(vm)
                    client.wait_for_picture(right)
                    # Nothing has been drawn since the draw that completed the picture
                    return client.display()["updated_at"] / 1e6 - flushes.times()[-1]

                self._within_bound(measure)

    def test_what_video_blurred_is_lossless_half_a_second_after_motion_stops(self):
        self._settles("motion")

    def test_a_part_of_the_screen_that_moved_is_lossless_half_a_second_after(self):
        self._settles("window")

    def test_the_last_frame_of_a_video_is_lossless_half_a_second_after(self):
        """A picture with noise in it, so that it takes several megabytes"""
        for video in VIDEOS:
            flushes, options = self._watched(video[-1])
            with self.machine(guest={"pattern": "motion"}, **options) as vm:
                client = self._client(vm, video, ["--counter", "--compare", "motion"])

                def measure():
                    watch = Watch(vm, flushes, client)
                    self._moving(vm, client)
                    watch.end()
                    return watch.exact(20)

                self._within_bound(measure)

    def test_motion_after_a_pause_is_shown_at_once(self):
        """Whether a new stream begins or not"""
        for video in VIDEOS:
            flushes, options = self._watched(video[-1])
            with self.machine(guest={"pattern": "motion"}, **options) as vm:
                client = self._client(vm, video, ["--counter"])
                self._moving(vm, client)
                tries = []
                for _ in range(TRIES):
                    watch = Watch(vm, flushes, client) # stops the guest
                    time.sleep(1)
                    watch.begin()
                    watch.span(1.5)
                    resumed, = watch.end()
                    tries.append((watch.first_after(), str(resumed)))
                    if watch.first_after() < 0.2 and resumed.gap() < 0.3:
                        break
                else:
                    self.fail("each time: {}".format(tries))

    def test_a_client_that_was_stopped_in_the_motion_has_the_lossless_picture(self):
        for video in VIDEOS:
            with self.machine(name=video[-1]) as vm:
                client = self._client(vm, video)
                self._plays(vm, client, "motion")
                client.stop()
                vm.flips(120)
                self._stops(vm)
                client.go_on()
                client.wait_for_picture(right)

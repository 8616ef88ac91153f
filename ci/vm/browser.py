# SPDX-License-Identifier: GPL-2.0-or-later
"""spice-html5 in a browser: pictures, video, keyboard and pointer, over the server's own WebSocket."""

import os

from support import browser
from support.browser import Browser
from support.inputs import DEVICES, KEY_A, TABLET_RANGE
from support.link import Link
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until


# SPICE_CHANNEL_INPUTS
INPUTS = 3


def number_of(picture):
    """The frame number, in patterns that have one: 32 blocks, white for 1, the lowest bit leftmost, and
    their complement below; None if the two do not agree"""
    width = picture.width // 32
    bits = [[picture.pixels[lines, i * width + width // 4:(i + 1) * width - width // 4].mean() > 127
             for i in range(32)] for lines in (slice(8, 24), slice(40, 56))]
    if any(bit == other for bit, other in zip(*bits)):
        return None
    return sum(1 << i for i, bit in enumerate(bits[0]) if bit)


class InABrowser(VmTest):
    """:avocado: tags=beside,browser"""

    def setUp(self):
        super().setUp()
        if browser.missing():
            self.cancel(browser.missing())

    def _browser(self, vm, link=None):
        return Browser(vm.port, os.path.join(self.workdir, "profile"), link=link)

    def _see_image_and_video(self, vm, client):
        client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
        vm.tell("set pattern=motion")
        vm.tell("flips forever")
        vm.wait_for_display(lambda d: d["clients"][0].get("codec") == "mjpeg", "it is sent video")
        # Samples of the canvas, during more than a second of video
        seen = []

        def many():
            number = number_of(client.picture())
            if number is not None and number not in seen:
                seen.append(number)
            return len(seen) >= 10

        wait_until(many, lambda: "10 frames of the video; seen: {}".format(seen), 60)
        self.assertEqual(seen, sorted(seen), "frames in another order than the guest's")

    def test_images_and_video_are_shown_and_a_resize_is_followed(self):
        with self.machine() as vm, self._browser(vm) as client:
            self._see_image_and_video(vm, client)
            for size in ((800, 600), SIZE):
                vm.tell("set pattern=corners")
                vm.tell("resize {}x{}".format(*size))
                vm.flips(20)
                client.wait_for_picture(lambda p, size=size: wrong_corners(p, *size, tolerance=LOSSY))
                client.wait_for_picture(lambda p, size=size: wrong_corners(p, *size, tolerance=LOSSLESS))

    def test_over_wifi_it_shows_video_and_then_the_picture_without_loss(self):
        with Link("wifi", self.logdir) as link, self.machine(link=link) as vm, self._browser(vm, link) as client:
            self._see_image_and_video(vm, client)
            vm.tell("set pattern=corners")
            vm.flips(20)
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))

    def test_keys_and_the_pointer_reach_the_guest(self):
        with self.machine(guest={"input": 1}, extra=DEVICES) as vm, self._browser(vm) as client:
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            # The page opens its channels one after the other
            wait_until(lambda: any(c["channel-type"] == INPUTS for c in vm.qmp("query-spice")["channels"]),
                       "the channel for the keyboard")
            after = vm.serial.position()
            client.type("a")
            vm.serial.wait("SPICEGL key {}$".format(KEY_A), after=after)
            for x, y in ((SIZE[0] // 4, SIZE[1] // 2), (SIZE[0] // 2, 20)):
                after = vm.serial.position()
                client.point_at(x, y)
                place = vm.serial.wait(r"SPICEGL pointer (\d+) (\d+)", after=after)
                for got, at, length in zip(place.groups(), (x, y), SIZE):
                    self.assertAlmostEqual(int(got), at * TABLET_RANGE / length, delta=2 * TABLET_RANGE / length)

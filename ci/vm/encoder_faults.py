# SPDX-License-Identifier: GPL-2.0-or-later
"""If a video encoder fails, the next path takes over: the screen is never blank."""

import time

from support import fallback, stack
from support.picture import LOSSLESS, wrong_corners
from support.video import wait_for_shown, wait_for_video
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until

CODEC, ELEMENT, FALLBACK = "vp8", "vp8enc", "mjpeg"
WARNING = "video encoder failed"


def right(picture):
    return wrong_corners(picture, *SIZE, tolerance=LOSSLESS)


class EncoderFaults(VmTest):
    """:avocado: tags=beside"""

    def _machine(self, fault, **options):
        return self.machine(preload=[stack.encoder_fault()], guest={"pattern": "motion"},
                            extra=list(fallback.TIMESTAMPS),
                            environment={"ENCODER_FAULT": "{}:{}".format(fault, ELEMENT)},
                            **options)

    def _warnings(self, vm):
        return [line for line in vm.stderr().splitlines() if WARNING in line]

    def _goes_on(self, client):
        """The client shows a picture, and soon a later one"""
        before = client.display()["counter"]
        client.wait(lambda d: d["counter"] > before + 20, "later frames")
        self.assertFalse(client.picture().is_flat())

    def _next_video(self, vm, client):
        """A dark screen ends the video. The failed encoder is not tried for the next one."""
        before = client.display()
        vm.tell("stop")
        vm.tell("off")
        vm.tell("on")
        vm.tell("flips forever")
        wait_for_shown(client, 40, timeout=60)
        wait_for_video(vm, FALLBACK)
        self.assertEqual(client.display()["streams"], before["streams"])
        vm.tell("stop")
        vm.tell("set pattern=corners")
        client.wait_for_picture(right)

    def _fails(self, fault, reason):
        fallback.assert_in_time(lambda: self._fails_once(fault, reason))

    def _fails_once(self, fault, reason):
        with self._machine(fault) as vm:
            client = vm.client("tcp", options=["--codec", CODEC, "--counter"])
            client.wait_for_frames(1)
            vm.tell("flips forever")
            gap = fallback.gap_at_failure(vm, client, WARNING)
            self.log.info("%.3f s to the next path", gap)
            self._goes_on(client)
            wait_for_video(vm, FALLBACK)
            self._next_video(vm, client)
            self.assertLess(vm.progress()["maxgap"], 2000000)
            warnings = self._warnings(vm)
            self.assertEqual(len(warnings), 1, warnings)
            self.assertIn(reason, warnings[0])
            # A stall is noticed after a second, and no other thread waits meanwhile
            self.assertLess(vm.display()["longest-block-ns"], 500000000)
            return gap

    def test_an_encoder_that_stalls_gives_way_to_the_next_path(self):
        """:avocado: tags=sanitized_long"""
        self._fails("stall@15", "no frame in 1 s")

    def test_an_encoder_that_comes_back_late_is_not_waited_for(self):
        self._fails("pause@15", "no frame in 1 s")

    def test_an_encoder_that_fails_in_mid_stream_gives_way_to_the_next_path(self):
        self._fails("error@15", "double: cannot encode frame 15")

    def test_an_encoder_without_memory_gives_way_to_the_next_path(self):
        self._fails("memory@15", "double: no memory")

    def test_an_encoder_that_refuses_the_format_gives_way_to_the_next_path(self):
        self._fails("caps", "negotiation problem")

    def test_a_missing_encoder_gives_way_to_the_next_path(self):
        self._fails("missing", "GStreamer has no encoder")

    def test_clients_that_leave_while_an_encoder_stalls_keep_nobody_waiting(self):
        """Neither the display's worker nor QEMU's main loop waits for the encoder

        :avocado: tags=sanitized
        """
        with self._machine("stall@15", many_clients=True) as vm:
            served = vm.client("tcp", options=["--codec", CODEC])
            other = vm.client("tcp", options=["--no-video"])
            for client in (served, other):
                client.wait_for_frames(1)
            vm.tell("flips forever")
            wait_until(lambda: "encoder-fault: stalls" in vm.stderr(), "the encoder stalls", 60, 0.01)
            for client in (served, other):
                client.kill()
            longest, end = 0, time.monotonic() + 0.8
            while time.monotonic() < end:
                asked = time.monotonic()
                vm.qmp("query-status")
                longest = max(longest, time.monotonic() - asked)
                time.sleep(0.05)
            self.log.info("QEMU's main loop answers within %.3f s", longest)
            self.assertLess(longest, 0.4)
            wait_until(lambda: not vm.display()["clients"], "both are gone")
            # The guest and the display have continued, for the next client too
            late = vm.client("tcp", options=["--codec", CODEC, "--counter"])
            late.wait(lambda d: d["counter"], "a frame's number")
            self._goes_on(late)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests of every frame rate, and a remote client that sees 60 frames per second.

On a machine with few CPUs a client costs an emulated guest flips even if the guest never waits:
decoding, encoding and reading take CPU time. What the guest waits for is separated from that by
QEMU's record of each draw. A guest can begin its next frame when its draw is done, and only draws
that are read back take longer because of the client. Their number (N readbacks) is counted; the
time of one is the median of the N longest draws; the product is the time that the client has
cost the guest. A mean would include what other work on the machine does to single draws.
"""

import statistics
import time

from support.drawtimes import DrawTimes
from support.vmtest import VmTest

ATTEMPTS = 4
SECONDS = 4
# Frames per second that a client can see
CLIENT_RATE = 60


class Rates(VmTest):

    def _measure(self, vm, draws):
        """For SECONDS: flips, draws, readbacks, and the times that draws took"""
        before, since = vm.display(), time.time()
        vm.tell("flips forever")
        time.sleep(SECONDS)
        guest = vm.progress()
        until, after = time.time(), vm.display()
        return {"flips": guest["flips"] * 1000 / guest["t"],
                "draws": after["draws"] - before["draws"],
                "readbacks": after["readbacks"] - before["readbacks"],
                "times": sorted(draws.between(since, until)), "seconds": until - since}

    @staticmethod
    def _kept(alone, beside):
        """The share of the time that readbacks have kept the guest from drawing"""
        if not beside["readbacks"]:
            return 0
        read = beside["times"][-beside["readbacks"]:]
        longer = statistics.median(read) - statistics.median(alone["times"])
        return beside["readbacks"] * longer / beside["seconds"]

    def _problem(self, rate, alone, beside, frames):
        if rate <= CLIENT_RATE and beside["flips"] < 0.9 * alone["flips"]:
            return "{flips:.0f} flips a second".format(**beside)
        kept = self._kept(alone, beside)
        if kept > 0.1:
            return "readbacks took {:.0%} of the time".format(kept)
        many = 1.2 * CLIENT_RATE * beside["seconds"]
        if beside["draws"] > 2.5 * CLIENT_RATE * beside["seconds"] and beside["readbacks"] > many:
            return "{} readbacks, more than {:.0f}".format(beside["readbacks"], many)
        wanted = min(rate, CLIENT_RATE, beside["flips"]) * beside["seconds"]
        if beside["readbacks"] < 0.9 * wanted:
            return "{} readbacks, not {:.0f}".format(beside["readbacks"], wanted)
        if frames < 0.9 * beside["readbacks"]:
            return "{} frames of {} readbacks".format(frames, beside["readbacks"])
        return None

    def _rate(self, rate):
        # Small images, which the client gets every one of: an encoder chooses a video's rate
        draws = DrawTimes(self.logdir)
        with self.machine(guest={"pattern": "counter", "size": "640x360", "rate": rate,
                                 "flips": "forever"},
                          spice=["streaming-video=off"], extra=draws.options()) as vm:
            problems = []
            for _ in range(ATTEMPTS):
                alone = self._measure(vm, draws)
                with vm.client("tcp", nice=10) as client:
                    client.wait_for_frames(3)
                    seen = client.display()["frames"]
                    beside = self._measure(vm, draws)
                    frames = client.display()["frames"] - seen
                problem = self._problem(rate, alone, beside, frames)
                self.log.info("rate %d: %.0f flips/s alone, %.0f beside a client, %d draws, %d "
                              "readbacks, %d frames, kept %.1f %%: %s", rate, alone["flips"],
                              beside["flips"], beside["draws"], beside["readbacks"], frames,
                              100 * self._kept(alone, beside), problem or "good")
                if not problem:
                    return
                problems.append(problem)
            self.fail("each time: {}".format(problems))

    def test_a_client_does_not_slow_a_guest_at_10_frames_a_second(self):
        """:avocado: tags=load"""
        self._rate(10)

    def test_a_client_does_not_slow_a_guest_at_60_frames_a_second(self):
        self._rate(60)

    def test_a_client_does_not_slow_a_guest_at_240_frames_a_second(self):
        """:avocado: tags=load"""
        self._rate(240)

    def test_a_client_does_not_slow_a_guest_at_1000_frames_a_second(self):
        """Or as many as an emulated guest manages

        :avocado: tags=load
        """
        self._rate(1000)

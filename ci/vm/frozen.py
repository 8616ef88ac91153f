# SPDX-License-Identifier: GPL-2.0-or-later
"""No client, whatever it does, delays the guest or another client.

The guest counts frames that the host has taken (sync=1), and measures the time between them. Other
work on the machine makes gaps, too: so each test compares with as many seconds without the
client in question, in the same guest, and is repeated if it fails. Disturbances by the machine
come and go; a client that freezes a guest does so each time.

Clients run with low priority: in reality they have CPUs of their own, and a server that gets no
CPU because of their decoding is not what these tests are about.
"""

import contextlib
import math
import time

from support.link import Link
from support.video import wait_for_shown, wait_for_video
from support.vmtest import VmTest
from support.waiting import wait_until

ATTEMPTS = 4
SECONDS = 5
GAP_US = 100000
# 50 kbit/s and half a second each way, and a modem's queue
THIN = {"rate": 0.05, "delay": 500, "queue": 16}
# Messages that may be in flight to a client whose link takes them at once, see gl-rate.hpp; a few
# more if acknowledgements come in bursts
ON_THE_WAY = 6


class Frozen(VmTest):

    def _machine(self, pattern="motion", size="640x360", **options):
        guest = {"pattern": pattern, "size": size, "sync": 1, "flips": "forever"}
        return self.machine(unix=True, many_clients=True, guest=guest, **options)

    def _link(self):
        return Link("lan", self.logdir)

    def _watch(self, vm, during):
        """The guest's numbers for SECONDS, and for the time that entering and leaving during takes"""
        vm.tell("flips forever")
        with during():
            time.sleep(SECONDS)
        # A frame that never comes is no gap yet
        frames = vm.progress()["flips"]
        wait_until(lambda: vm.progress()["flips"] > frames + 10, "the guest goes on")
        return vm.progress()

    def _is_not_noticed(self, vm, client):
        tries = []
        for _ in range(ATTEMPTS):
            alone = self._watch(vm, contextlib.nullcontext)
            wait_until(lambda: not vm.display()["clients"], "nobody is connected")
            seen = self._watch(vm, client)
            wait_until(lambda: not vm.display()["clients"], "the client is gone", 30)
            tries.append((alone, seen))
            self.log.info("alone %s, with the client %s", alone, seen)
            if (seen["maxgap"] <= max(GAP_US, alone["maxgap"]) and
                    seen["flips"] / seen["t"] >= 0.9 * alone["flips"] / alone["t"]):
                self.assertNotIn("draw not completed", vm.stderr())
                return
        self.fail("each time a gap that is not there without the client: {}".format(tries))

    def _client(self, vm, way="tcp", frames=3, options=(), **more):
        client = vm.client(way, options=["--counter", *options], nice=10, **more)
        client.wait_for_frames(frames, timeout=60)
        return client

    @contextlib.contextmanager
    def _stopped(self, vm, way):
        with self._client(vm, way) as client:
            client.stop()
            yield
            client.go_on()

    def test_a_stopped_local_client_does_not_hold_up_the_guest(self):
        """:avocado: tags=sanitized_long"""
        with self._machine() as vm:
            self._is_not_noticed(vm, lambda: self._stopped(vm, "unix"))

    def test_a_stopped_remote_client_does_not_hold_up_the_guest(self):
        with self._machine() as vm:
            self._is_not_noticed(vm, lambda: self._stopped(vm, "tcp"))

    @contextlib.contextmanager
    def _behind(self, vm, link, change):
        """A client behind a link that changes when it has come"""
        with self._client(vm):
            change()
            yield
            link.restore()

    def test_a_client_whose_link_is_cut_does_not_hold_up_the_guest(self):
        with self._link() as link, self._machine(link=link) as vm:
            self._is_not_noticed(vm, lambda: self._behind(vm, link, link.cut))

    def test_a_client_behind_a_thin_link_does_not_hold_up_the_guest(self):
        with self._link() as link, self._machine(link=link) as vm:
            self._is_not_noticed(
                vm, lambda: self._behind(vm, link, lambda: link.change(**THIN)))

    def test_a_client_that_never_answers_a_draw_does_not_hold_up_the_guest(self):
        with self._machine() as vm:
            self._is_not_noticed(
                vm, lambda: self._client(vm, "unix", frames=1, options=["--withhold"]))

    def test_a_client_that_answers_each_draw_late_does_not_hold_up_the_guest(self):
        """It answers after more than a frame's time, but before the guest stops waiting. It is in step
        with the guest from the first frame on, since the guest does not wait for one that has missed
        a frame. If the guest waited each time, only a quarter of the frames would be left."""
        with self._machine() as vm:
            alone = self._watch(vm, contextlib.nullcontext)
            shares = []
            for _ in range(3):
                vm.tell("stop")
                with self._client(vm, "unix", frames=1, options=["--answer-after", "70"]):
                    time.sleep(0.5) # it answers the draw that it got at first
                    seen = self._watch(vm, contextlib.nullcontext)
                wait_until(lambda: not vm.display()["clients"], "the client is gone")
                shares.append(seen["flips"] / seen["t"] / (alone["flips"] / alone["t"]))
            self.log.info("shares of the flips without it: %s", shares)
            self.assertGreater(min(shares), 0.75)
            self.assertGreater(max(shares), 0.9)

    def test_a_client_killed_in_mid_frame_does_not_hold_up_the_guest(self):
        with self._link() as link, self._machine(link=link) as vm:
            @contextlib.contextmanager
            def client():
                for way in ("tcp", "unix", "tcp"):
                    one = self._client(vm, way)
                    # At this rate a frame is always in flight
                    link.change(rate=0.4, queue=16)
                    time.sleep(0.5)
                    one.kill()
                    link.restore()
                yield
            self._is_not_noticed(vm, client)

    # Several at once

    @staticmethod
    def _frames(clients):
        return [client.display()["frames"] for client in clients]

    def _frames_in(self, clients, seconds):
        before = self._frames(clients)
        time.sleep(seconds)
        return [now - then for now, then in zip(self._frames(clients), before)]

    @contextlib.contextmanager
    def _stuck(self, vm, link):
        """Eight clients, each stuck in one way or another"""
        clients = [self._client(vm, way, options=options, frames=1)
                   for way, options in (
                       [("unix", ["--withhold"])] * 2 + [("unix", [])] * 2 +
                       [("near", [])] * 2 + [("tcp", [])] * 2)]
        link.cut()
        for client in clients[2:6]:
            client.stop()
        yield
        link.restore()
        for client in clients:
            client.close()

    def test_eight_stuck_clients_cost_eight_others_no_frames(self):
        """Their frames with and without the stuck ones. These use no CPU, so that the healthy ones
        compete with each other in both cases. The pictures are small images, which a client gets
        every one of, and not video, whose rate an encoder chooses."""
        with self._link() as link, \
                self._machine("counter", spice=["streaming-video=off"], link=link) as vm:
            healthy = [self._client(vm, way) for way in ("near", "unix") * 4]
            tries = []
            for _ in range(ATTEMPTS):
                alone = self._frames_in(healthy, SECONDS)
                with self._stuck(vm, link):
                    beside = self._frames_in(healthy, SECONDS)
                    self.assertEqual(len(vm.display()["clients"]), 16)
                self.log.info("frames alone %s, beside stuck clients %s", alone, beside)
                tries.append((alone, beside))
                if all(now >= 0.9 * then for now, then in zip(beside, alone)):
                    break
                wait_until(lambda: len(vm.display()["clients"]) == 8, "the stuck ones are gone")
            else:
                self.fail("each time less than 90 % of the frames: {}".format(tries))
            self.assertEqual([client.display()["counter_backwards"] for client in healthy], [0] * 8)

    def test_sixteen_clients_of_which_half_are_stuck_do_not_hold_up_the_guest(self):
        """:avocado: tags=load"""
        with self._link() as link, \
                self._machine("counter", spice=["streaming-video=off"], link=link) as vm:
            @contextlib.contextmanager
            def clients():
                with contextlib.ExitStack() as all_of_them:
                    for way in ("near", "unix") * 4:
                        all_of_them.enter_context(self._client(vm, way))
                    all_of_them.enter_context(self._stuck(vm, link))
                    yield
            self._is_not_noticed(vm, clients)

    # What a client shows when it wakes

    def _wakes(self, vm, client, stop, go_on, most_old):
        """Lets the client pause. Then at most most_old of the frames that it shows are older than the
        guest's frame at that time."""
        stop()
        vm.flips(60 * 4)
        vm.tell("flips forever")
        client_has = wait_until(lambda: vm.progress()["frame"], "frames")
        woken = time.monotonic()
        go_on()
        seen = []

        def fresh():
            seen.extend(client.seen())
            return [number for at, number in seen if at > woken and number >= client_has]

        wait_until(fresh, "a frame of now", 30)
        shown = [number for at, number in seen if at > woken]
        self.log.info("woken at frame %d, showed %s", client_has, shown[:20])
        self.assertEqual(shown, sorted(shown))
        # A frame or two pass between the question and the signal
        old = [number for number in shown if number < client_has - 3]
        self.assertLessEqual(len(old), most_old, shown[:40])

    @staticmethod
    def _frames_in_a_round_trip(vm, client):
        """How many of the 60 frames per second are in flight: on a busy machine a decoder takes long to
        answer"""
        longest = 0
        for _ in range(10):
            wait_for_shown(client, 6)
            longest = max(longest, vm.display()["clients"][0]["link"]["round-trip-ns"])
        return math.ceil(60 * longest / 1e9)

    def test_a_remote_client_that_wakes_shows_the_newest_frame(self):
        """Frames that were in flight when it was stopped come first; there are few"""
        with self._machine(size="320x240") as vm:
            with self._client(vm, frames=30, options=["--no-video"]) as client:
                for _ in range(2):
                    self._wakes(vm, client, client.stop, client.go_on, ON_THE_WAY)

    def test_a_client_whose_link_comes_back_shows_the_newest_frame(self):
        with self._link() as link, self._machine(size="320x240", link=link) as vm:
            with self._client(vm, frames=30, options=["--no-video"]) as client:
                self._wakes(vm, client, link.cut, link.restore, ON_THE_WAY)

    def test_a_remote_client_that_wakes_shows_the_newest_frame_of_a_video(self):
        with self._machine(size="320x240") as vm:
            for codec in ("mjpeg", "h264"):
                with self._client(vm, frames=60, options=["--codec", codec]) as client:
                    wait_for_video(vm, codec)
                    # A new client is busy with its decoder: it may acknowledge many messages at
                    # once without being late
                    wait_for_shown(client, 60)
                    self._wakes(vm, client, client.stop, client.go_on,
                                ON_THE_WAY + self._frames_in_a_round_trip(vm, client))
                wait_until(lambda: not vm.display()["clients"], "the client is gone")

    def test_a_local_client_that_wakes_shows_the_newest_frame(self):
        with self._machine() as vm, self._client(vm, "unix", frames=30) as client:
            before = client.display()
            # Its buffer is one of the two that the guest continues to draw into
            self._wakes(vm, client, client.stop, client.go_on, 1)
            after = client.display()
            # One scanout message, not one for each flip that it missed
            self.assertLessEqual(after["scanouts"] - before["scanouts"],
                                 after["draws"] - before["draws"] + 10)

    @staticmethod
    def _shown(client, count):
        """The next count pictures or more: [(when, frame number)]"""
        seen = client.seen()[:0]

        def enough():
            seen.extend(client.seen())
            return len(seen) >= count

        wait_until(enough, lambda: "{} pictures, has {}".format(count, seen), 120)
        return seen

    def _pictures_behind(self, vm, client):
        before = client.display()
        shown = self._shown(client, 4)
        after = client.display()
        guest, now = vm.progress()["frame"], time.monotonic()
        picture = (after["bytes"] - before["bytes"]) / (after["frames"] - before["frames"])
        age = max((guest - number) / 60 - (now - at) for at, number in shown)
        self.log.info("%d bytes a picture, %.1f s old, shown %s", picture, age, shown)
        return (age - THIN["delay"] / 1000) * THIN["rate"] * 1e6 / 8 / picture

    def test_a_client_behind_a_thin_link_is_only_a_few_frames_behind(self):
        """A picture's age when it is shown, without the link's delay, as a number of pictures that
        the link could have carried meanwhile. TCP takes half a minute or more to notice that a delay
        of a millisecond has become one of a second: until then a segment may be sent again after 12 s.
        A queue of the server's own would stay."""
        with self._link() as link, self._machine(size="160x96", link=link) as vm:
            with self._client(vm, frames=10, options=["--no-video"]) as client:
                link.change(**THIN)
                # These were in flight, and show the server how slow the link is now
                self._shown(client, ON_THE_WAY)
                behind = []
                while len(behind) < 6 and (not behind or behind[-1] >= 5):
                    behind.append(self._pictures_behind(vm, client))
                self.assertLess(behind[-1], 5, behind)

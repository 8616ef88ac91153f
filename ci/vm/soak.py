# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients, the guest and encoders do anything they can, at random, for a while: nothing leaks.

It takes $SPICEGL_SOAK_SECONDS (20). The sequence is derived from $SPICEGL_SOAK_SEED, which is in the log
and in the message of a failure; scripts/test sets both.
"""

import os
import random
import time

from support import eglcalls, stack
from support.hardware import H264, Card
from support.orders import GpuReset
from support.resources import Resources
from support.link import Link
from support.vmtest import VmTest
from support.waiting import Late, wait_until

SIZE = (640, 360)
SIZES = (SIZE, (800, 600), (333, 233), (1280, 720), (1024, 768))
MOST_CLIENTS = 6
# Ways to connect: local, remote as video of two kinds (the card encodes one) and as images, one
# that never answers, and one whose encoder fails in the middle of the stream
WAYS = (("unix", []), ("tcp", []), ("tcp", ["--no-video"]), ("tcp", ["--codec", "h264"]),
        ("unix", ["--withhold"]), ("tcp", ["--codec", "vp8"]))
FAULT = "error@20:vp8enc"
# Orders to the GPU's encoders; an empty one lets them work
ORDERS = ("fail-at=5", "stall-at=7", "die-at=9", "refuse-caps", "", "")
# glibc raises these limits by itself, and then keeps tens of megabytes that encoders' threads have
# freed: more, the more threads there were at once. With its own defaults as fixed limits, free memory
# is given back, and memory that is not given back has an owner.
GIVE_BACK = "glibc.malloc.mmap_threshold=131072:glibc.malloc.trim_threshold=131072"
# Allocators keep some fragments nevertheless. A picture (1280x720: 3.6 MB) lost with each client or
# change of size would be more after a minute, and scripts/test soak detects that.
MEMORY_KB = 24 * 1024
# Each reset of virtio-gpu-gl leaks some memory, without SPICE as well: with -display egl-headless and
# no client, twelve resets took 5 to 22 MB each
RESET_KB = 24 * 1024
SECONDS = float(os.environ.get("SPICEGL_SOAK_SECONDS") or 20)


class Soak(VmTest):

    timeout = VmTest.timeout + SECONDS

    def setUp(self):
        super().setUp()
        self._seconds = SECONDS
        self._seed = int(os.environ.get("SPICEGL_SOAK_SEED") or random.randrange(1 << 32))
        self._random = random.Random(self._seed)
        self._clients, self._done, self._names, self._resets = [], [], 0, 0
        self.log.info("seed %d, %g seconds", self._seed, self._seconds)

    # Events

    def _connect(self, vm, way=None):
        if len(self._clients) >= MOST_CLIENTS:
            return self._disconnect(vm)
        way, options = way or self._random.choice(WAYS)
        self._names += 1
        if way == "tcp" and self._random.random() < 0.7:
            way = "near"
        client = vm.client(way, "client{}".format(self._names), options, nice=10)
        self._clients.append(client)
        return "connects by {} {}".format(way, " ".join(options))

    def _pick(self):
        return self._random.choice(self._clients) if self._clients else None

    def _disconnect(self, vm):
        client = self._pick()
        if client:
            client.close()
            self._forget(vm, client)
            return "{} disconnects".format(client.name)
        return self._connect(vm)

    def _kill(self, vm):
        client = self._pick()
        if client:
            client.kill()
            client.close()
            self._forget(vm, client)
            return "{} is killed".format(client.name)
        return self._connect(vm)

    def _forget(self, vm, client):
        self._clients.remove(client)
        vm.forget(client)

    def _stop(self, _):
        client = self._pick()
        if client:
            client.stop()
            return "{} stops".format(client.name)
        return "nobody stops"

    def _go_on(self, _):
        for client in self._clients:
            client.go_on()
        return "all go on"

    def _resize(self, vm, size=None):
        size = size or self._random.choice(SIZES)
        vm.tell("resize {}x{}".format(*size))
        return "the guest is {}x{}".format(*size)

    def _reset(self, vm):
        self._resets += 1
        after = vm.serial.position()
        vm.qmp("system_reset")
        vm.wait_ready(after, 120)
        return "the guest is reset"

    def _dark(self, vm):
        vm.tell("off")
        time.sleep(self._random.random())
        vm.tell("on")
        return "the guest's screen is off and on"

    def _thin(self, _):
        rate = self._random.choice((1000, 0.05, 0.8))
        self._link.change(rate=rate, delay=self._random.choice((0.2, 500)), loss=0)
        return "the link takes {} Mbit/s".format(rate)

    def _stall(self, _):
        if self._random.random() < 0.5:
            self._link.cut()
            return "the link is cut"
        self._link.change(loss=0)
        return "the link goes on"

    def _lose_context(self, _):
        self._gpu.order()
        return "the next GL context that is asked is lost"

    def _card_fails(self, _):
        orders = self._random.choice(ORDERS)
        self._card.order(orders)
        return "the card's encoders: {}".format(orders or "work")

    def _something(self, vm):
        actions = ([self._connect] * 8 + [self._disconnect] * 3 + [self._kill] * 3 +
                   [self._stop] * 3 + [self._go_on] * 3 + [self._resize] * 4 + [self._reset] +
                   [self._dark] * 2 + [self._thin] * 2 + [self._stall] * 2 +
                   [self._lose_context] * 2 + [self._card_fails] * 3)
        self._done.append(self._random.choice(actions)(vm))
        self.log.info("%s", self._done[-1])
        self._lives(vm)
        time.sleep(self._random.random())

    def _lives(self, vm):
        """Waits for a frame from now on: after a reset or a change of size the count begins again"""
        frame = vm.progress()["frame"]
        wait_until(lambda: vm.progress()["frame"] > frame, "the guest shows another frame", 20)

    # Before and after

    def _quiet(self, vm):
        """Returns to the initial state, with no client connected"""
        self._link.restore()
        self._card.order("")
        self._gpu.withdraw()
        for client in list(self._clients):
            client.close()
            self._forget(vm, client)
        wait_until(lambda: not vm.display()["clients"], "nobody is connected", 150)
        self._resize(vm, SIZE)
        self._lives(vm)

    def _settled(self, vm, as_before=None):
        """The resources held after delayed work (threads that end, memory that the guest frees)"""
        held = {}

        def look():
            held["now"] = now = Resources(vm)
            return as_before is None or (not now.more_than(as_before) and
                                         now.memory <= self._allowed(as_before))

        try:
            time.sleep(2)
            wait_until(look, "", 30, interval=0.5)
        except Late:
            pass
        return held["now"]

    def _allowed(self, before):
        return before.memory + MEMORY_KB + self._resets * RESET_KB

    def _egl_objects(self):
        good = eglcalls.read(self._counts)["ok"]

        def alive(made, destroyed):
            return sum(good.get(made + suffix, 0) - good.get(destroyed + suffix, 0)
                       for suffix in ("", "KHR"))

        return {"images": alive("eglCreateImage", "eglDestroyImage"),
                "textures": alive("glGenTextures", "glDeleteTextures"),
                "fences": alive("eglCreateSync", "eglDestroySync"),
                "contexts": alive("eglCreateContext", "eglDestroyContext")}

    def _warm_up(self, vm):
        """Creates what is created once and kept: codecs, encoders' threads, contexts, caches"""
        for way in WAYS:
            self._connect(vm, way)
        for size in SIZES:
            self._resize(vm, size)
            for client in self._clients:
                client.wait_for_frames(1, timeout=60)
            time.sleep(1)
            # The first few contexts leave more of the shaders' code behind
            self._lose_context(vm)
        self._reset(vm)
        self._dark(vm)
        time.sleep(3)

    def _soak(self, vm):
        self._warm_up(vm)
        self._quiet(vm)
        before, images = self._settled(vm), vm.display()["images"]
        objects = self._egl_objects()
        self._resets = 0
        end = time.monotonic() + self._seconds
        while time.monotonic() < end:
            self._something(vm)
        self._quiet(vm)
        after = self._settled(vm, before)
        self.log.info("%d things happened; KiB %d before, %d after; EGL %s, %s; threads %s",
                      len(self._done), before.memory, after.memory, objects,
                      self._egl_objects(), dict(after.threads))
        self.assertEqual(after.more_than(before), "")
        # A flip is between two buffers; the cursor and the console have none of these
        self.assertLessEqual(vm.display()["images"], images + 1)
        for what, number in self._egl_objects().items():
            self.assertLessEqual(number, objects[what] + 2, what)
        self.assertLessEqual(after.memory, self._allowed(before))

    def test_nothing_is_lost_or_leaked_whatever_clients_do(self):
        self._counts = os.path.join(self.logdir, "egl-calls")
        self._gpu = GpuReset(self.logdir)
        self._card = Card(self.workdir, H264)
        with Link("lan", self.logdir, options=["--queue=16"]) as self._link, self.machine(
                link=self._link, unix=True, many_clients=True,
                preload=[stack.encoder_fault(), *self._gpu.preload, *self._card.preload,
                         stack.eglcount()],
                guest={"pattern": "motion", "size": "{}x{}".format(*SIZE), "flips": "forever"},
                environment={"ENCODER_FAULT": FAULT, "EGLCOUNT_FILE": self._counts,
                             "GLIBC_TUNABLES": GIVE_BACK, **self._gpu.environment,
                             **self._card.environment}) as vm:
            try:
                self._soak(vm)
            except Exception as error:
                raise AssertionError("seed {}, {} things happened, the last: {}: {}".format(
                    self._seed, len(self._done), self._done[-8:], error)) from error

# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes and heads that a client asks for, as its windows change: the guest's kernel follows."""

import time

from support import console
from support.foreign import AGENT, Foreign
from support.resources import Resources
from support.vmtest import VmTest
from support.waiting import Late, wait_until

FIRST = (1280, 800)
# Odd sizes, sizes that are too small for the guest's kernel, which then takes another, and zero
SIZES = ((801, 601), (1, 1), (640, 480), (1279, 799), (0, 0), (1024, 768), (37, 21), (1152, 720),
         (320, 200), (1000, 563))
LAST = (999, 777)
# The rate of the monitor that QEMU shows a guest; SPICE clients cannot request another one
RATE = 75


class Monitors(VmTest):
    """:avocado: tags=beside"""

    def _machine(self, heads=2):
        vm = self.machine(unix=True, many_clients=True, heads=heads, extra=AGENT,
                          guest=console.alone(heads), append=console.OPTIONS).start(ready=False)
        console.wait_alone(vm)
        clients = [vm.client("tcp", "remote"), vm.client("unix", "local")]
        self._see(vm, clients, FIRST)
        return vm, clients

    def _see(self, vm, clients, size, head=0):
        """The picture has that size, and is the one that QEMU itself reports"""
        for client in clients:
            client.wait_for_size(*size, channel=head)
            client.wait_for_picture(
                lambda p: console.wrong_console(p, vm.screenshot(device="gpu", head=head)), channel=head)

    def _see_nothing(self, clients, head):
        for client in clients:
            client.wait(lambda d: d["width"] == 0, "a dark head", channel=head)

    def test_of_fifty_sizes_in_five_seconds_the_last_is_shown_and_nothing_leaks(self):
        vm, clients = self._machine(heads=1)
        with vm, Foreign(vm.port) as user:
            user.start_agent()
            for turn in range(2):
                for size in SIZES * (1 if turn == 0 else 5):
                    user.configure(size)
                    time.sleep(0.1)
                user.configure(LAST)
                self._see(vm, clients, LAST)
                if turn == 0:
                    before, images = Resources(vm), vm.display()["images"]
            wait_until(lambda: not Resources(vm).more_than(before),
                       lambda: "no more than before: " + Resources(vm).more_than(before))
            vm.wait_for_display(lambda d: d["images"] <= images, "{} images".format(images))

    def test_the_monitor_has_the_size_that_the_client_asks_for_and_qemus_rate(self):
        with self.machine(extra=AGENT) as vm, Foreign(vm.port) as user:
            user.start_agent()

            def monitor():
                after = vm.serial.position()
                vm.tell("monitor")
                return vm.serial.wait(r"SPICEGL monitor (\S+)", after=after).group(1)

            def becomes(size, tries):
                wanted, last = "{}x{}@{}".format(*size, RATE), {}
                user.configure(size)
                try:
                    wait_until(lambda: last.update(seen=monitor()) or last["seen"] == wanted,
                               lambda: "{}; the monitor: {}".format(wanted, last), interval=0.2)
                except Late:
                    if tries == 1:
                        raise
                    # The guest's kernel clears the event of a change only after it has asked what has changed.
                    # An event that comes in between is lost until the next one: another size makes it ask again.
                    self.log.info("%s is not %s: asking for another size, and again", last, wanted)
                    user.configure((800, 600))
                    becomes(size, tries - 1)

            for size in ((1024, 768), (1920, 1080), (2560, 1440), (1280, 800)):
                becomes(size, tries=3)

    def test_heads_that_the_client_switches_off_are_dark_and_the_others_go_on(self):
        vm, clients = self._machine()
        with vm, Foreign(vm.port) as user:
            user.start_agent()
            for sizes in ([(800, 600), (640, 480)], [(640, 480), (801, 601)]):
                user.configure(*sizes)
                for head, size in enumerate(sizes):
                    self._see(vm, clients, size, head)
            for sizes in ([(800, 600), (0, 0)], [(0, 0), (800, 600)]):
                user.configure(*sizes)
                off = sizes.index((0, 0))
                self._see_nothing(clients, off)
                self._see(vm, clients, (800, 600), 1 - off)
                user.configure((640, 480), (640, 480))
                for head in (0, 1):
                    self._see(vm, clients, (640, 480), head)

    def test_a_head_that_the_client_leaves_out_of_its_list_is_off(self):
        """As clients do if the guest's agent does not support lists with gaps"""
        vm, clients = self._machine()
        with vm, Foreign(vm.port) as user:
            user.start_agent()
            user.configure((800, 600), (640, 480))
            self._see(vm, clients, (640, 480), 1)
            user.configure((800, 600))
            self._see_nothing(clients, 1)
            self._see(vm, clients, (800, 600), 0)

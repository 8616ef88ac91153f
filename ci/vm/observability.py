# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU reports about how its clients are served."""

import os
import re

from support import stack
from support.video import wait_for_video
from support.vmtest import VmTest
from support.waiting import wait_until

CODEC, ELEMENT, FALLBACK = "vp8", "vp8enc", "mjpeg"


class Observability(VmTest):

    def _changes(self, vm):
        """The trace's path changes: [(from, to, codec, reason)]"""
        return re.findall(r"qemu_spice_egl_path \d+ client \d+: (\w+) -> (\w+), ([\w ]+): (.*)",
                          vm.stderr())

    def test_a_path_change_is_one_event_in_the_trace(self):
        with self.machine(preload=[stack.encoder_fault()], guest={"pattern": "motion"},
                          environment={"ENCODER_FAULT": "error@15:" + ELEMENT},
                          extra=["-trace", "qemu_spice_egl_path"]) as vm:
            client = vm.client("tcp", options=["--codec", CODEC])
            client.wait_for_frames(1)
            vm.tell("flips forever")

            def failed():
                return [c for c in self._changes(vm) if c[3] == "the encoder failed"]

            wait_until(failed, "the encoder fails", timeout=60)
            wait_for_video(vm, FALLBACK)
            vm.tell("stop")
            self.assertEqual(failed(), [("software", "software", FALLBACK, "the encoder failed")])
            self.assertEqual(self._changes(vm)[0][:3], ("none", "image", "no video"))
            # each event begins where the one before ended
            changes = self._changes(vm)
            self.assertEqual([c for c in changes if c[:3] == ("image", "image", "no video")], [])
            self.assertEqual([c[0] for c in changes[1:]], [c[1] for c in changes[:-1]])

            wait_until(lambda: vm.display()["clients"][0]["path-changes"] ==
                       len(self._changes(vm)), "as many changes as events")
            self.assertEqual(vm.display()["clients"][0]["path-reason"], self._changes(vm)[-1][3])

    def test_what_is_sent_in_a_report_names_the_version(self):
        with open(os.path.join(stack.TOP, "VERSION"), encoding="utf-8") as version, self.machine() as vm:
            self.assertEqual(vm.display()["server-version"], version.read().strip())

    def test_how_long_a_draw_keeps_the_main_loop_is_measured(self):
        with self.machine(unix=True, guest={"pattern": "motion"}) as vm:
            vm.flips(30)
            unseen = vm.display()
            self.assertGreater(unseen["longest-block-ns"], 0)
            # the sum of all, none of which was longer than that
            self.assertGreater(unseen["block-ns"], unseen["longest-block-ns"])
            self.assertLessEqual(unseen["block-ns"],
                                 unseen["longest-block-ns"] * (unseen["draws"] + unseen["scanouts"]))
            client = vm.client("unix")
            client.wait_for_frames(1)
            vm.flips(30)
            before = vm.display()["draws-late"]
            client.ask("withhold")
            vm.flips(30)
            late = vm.display()
            # The client does not answer any more: one draw waits for it, but not the main loop
            self.assertGreater(late["draws-late"], before)
            self.assertLess(late["draws-late"], before + 10)
            self.assertLess(late["longest-block-ns"], late["longest-draw-ns"])

    def test_a_guest_that_is_done_is_in_the_statistics_with_all_its_frames(self):
        with self.machine(unix=True, guest={"pattern": "counter", "rate": 0}) as vm:
            vm.flips(5)
            client = vm.client("unix")
            client.wait_for_frames(1)
            # The first draw waits; meanwhile later flips are in the guest's queue
            client.ask("withhold")
            before = vm.display()["draws"]
            vm.flips(3)
            self.assertEqual(vm.display()["draws"], before + 3)

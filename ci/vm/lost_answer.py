# SPDX-License-Identifier: GPL-2.0-or-later
"""A draw that spice-server answers too late, or never, as with ci/faults/lost-answer."""

import os

from support import orders, stack
from support.vmtest import VmTest
from support.waiting import wait_until


class LostAnswer(VmTest):
    """:avocado: tags=beside"""

    def _display_goes_on(self, how):
        order = os.path.join(self.workdir, "order")
        with self.machine(preload=[stack.lost_answer()], environment={"LOST_ANSWER_FILE": order},
                          guest={"pattern": "counter", "size": "640x360"}) as vm:
            client = vm.client("tcp", options=["--counter"])
            client.wait_for_frames(1)
            vm.tell("flips forever")
            for lost in 1, 2:
                orders.write(order, how)
                wait_until(lambda: not os.path.exists(order), "an answer has been lost")
                vm.wait_for_display(lambda d, n=lost: d["draws-unanswered"] == n,
                                    "the draw without an answer is counted")
                seen = client.display()["counter"]
                client.wait(lambda d, n=seen: d["counter"] > n + 10, "later frames")
            self.assertEqual(vm.display()["draws-unanswered"], 2)

    def test_a_lost_answer_does_not_darken_the_display(self):
        self._display_goes_on("lost")

    def test_an_answer_that_comes_too_late_does_not_darken_the_display(self):
        self._display_goes_on("late")

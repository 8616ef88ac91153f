# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own desktops in the guest (ci/desktop), in remote-viewer and in a browser."""

import os

from support import desktop
from support.browser import Browser
from support.desktop import Desktop, Viewer, wrong_desktop
from support.vmtest import VmTest
from support.waiting import SCALE


class ADesktop(VmTest):
    """:avocado: tags=desktop"""

    # A boot, and two clients that begin slowly
    timeout = 600 * SCALE

    def setUp(self):
        super().setUp()
        if desktop.missing():
            self.cancel(desktop.missing())

    def _see(self, session):
        def wrong(picture):
            return wrong_desktop(session, picture)

        with Desktop(self.logdir, session) as vm:
            with Viewer("spice://127.0.0.1:{}".format(vm.port), self.logdir) as viewer:
                viewer.wait_for_picture(wrong, 180)
            with Browser(vm.port, os.path.join(self.workdir, "profile")) as client:
                client.wait_for_picture(wrong, 120)

    def test_xorg_is_seen_in_remote_viewer_and_in_a_browser(self):
        self._see("xorg")

    def test_a_compositor_of_wlroots_is_seen_in_remote_viewer_and_in_a_browser(self):
        self._see("wayland")

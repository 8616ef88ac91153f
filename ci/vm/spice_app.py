# SPDX-License-Identifier: GPL-2.0-or-later
"""-display spice-app,gl=on: QEMU calls the desktop's viewer, which is a local client."""

import os
import tempfile

from support.machine import free_port
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import Late, wait_until

# A double of a desktop's viewer: it only records its argument
VIEWER = """#!/bin/sh
echo "$1" >"$0.called"
"""
DESKTOP = """[Desktop Entry]
Type=Application
Name=Viewer
Exec={} %u
MimeType=x-scheme-handler/spice+unix;
"""
DEFAULTS = """[Default Applications]
x-scheme-handler/spice+unix=viewer.desktop
"""


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class SpiceApp(VmTest):
    """:avocado: tags=beside"""

    def _desktop(self, folder):
        """A user's desktop with the viewer in it: the environment, and the file for the URI"""
        viewer = os.path.join(folder, "viewer")
        _write(viewer, VIEWER)
        os.chmod(viewer, 0o755)
        applications = os.path.join(folder, "data", "applications")
        _write(os.path.join(applications, "viewer.desktop"), DESKTOP.format(viewer))
        _write(os.path.join(applications, "mimeapps.list"), DEFAULTS)
        return {"XDG_DATA_HOME": os.path.join(folder, "data"),
                "XDG_CONFIG_HOME": os.path.join(folder, "config"),
                "XDG_RUNTIME_DIR": folder}, viewer + ".called"

    def test_the_viewer_that_spice_app_starts_is_a_local_client(self):
        with tempfile.TemporaryDirectory(prefix="spicegl-") as folder:
            environment, called = self._desktop(folder)
            with self.machine(display="spice-app,gl=on", environment=environment,
                              extra=["-name", "guest"]) as vm:
                uri = wait_until(lambda: os.path.exists(called) and open(called).read().strip(),
                                 "the viewer is called")
                self.assertEqual(uri, "spice+unix://{}/qemu/guest/spice.sock".format(folder))
                for _ in range(2):
                    with vm.client(uri) as client:
                        client.wait_for_picture(
                            lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
                        vm.flips(60)
                        client.wait_for_picture(
                            lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
                        self.assertTrue(client.display()["gl"])
                        self.assertEqual([served["path"] for served in vm.display()["clients"]],
                                         ["local"])
                    wait_until(lambda: not vm.display()["clients"], "the viewer is gone")
                self.assertEqual(vm.display()["readbacks"], 0)

    def test_a_port_beside_spice_app_is_served_or_refused_by_name(self):
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="spicegl-") as folder:
            environment, _ = self._desktop(folder)
            vm = self.machine(display="spice-app,gl=on", environment=environment, exits=(0, 1),
                              extra=["-spice", "addr=127.0.0.1,port={}".format(port)])
            try:
                vm.start()
            except Late as error:
                self.assertIn("port=", str(error))
                return
            with vm, vm.client("spice://127.0.0.1:{}".format(port)) as client:
                client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))

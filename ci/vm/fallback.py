# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU that can serve remote clients with gl=on itself, with a spice-server that takes no EGL images."""

import os
import re
import subprocess

from support import stack
from support.picture import LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest


class Fallback(VmTest):
    """:avocado: tags=beside,line"""

    def setUp(self):
        super().setUp()
        said = subprocess.check_output([stack.qemu(), "--version"], text=True)
        version = re.search(r"version (\d+)\.(\d+)", said)
        if tuple(int(number) for number in version.groups()) < (10, 1):
            self.cancel("a QEMU before 10.1 serves no remote clients with gl=on by itself")

    def test_remote_clients_get_the_video_that_qemu_makes(self):
        """QEMU passes dma-bufs on, and GStreamer in spice-server encodes them"""
        library = stack.built("install/stock/lib/libspice-server.so.1", "scripts/build stock-spice")
        with self.machine(environment={"LD_LIBRARY_PATH": os.path.dirname(library)}) as vm:
            client = vm.client("tcp")
            # Without a change nothing is sent
            vm.tell("flips forever")
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            display = client.display()
            self.assertEqual((display["codec"], display["streams"] > 0), ("h264", True))
            self.assertFalse(display["gl"])

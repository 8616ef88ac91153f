# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU that can serve remote clients with gl=on itself, with a spice-server that takes no EGL images."""

import os

from support import stack
from support.picture import LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest


class Fallback(VmTest):
    """:avocado: tags=beside,line"""

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

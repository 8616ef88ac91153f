# SPDX-License-Identifier: GPL-2.0-or-later
"""GPUs that encode, simulated by ci/doubles/va and ci/doubles/egl-card, since there are none here."""

import os
import re

from . import orders, stack

# Nodes that can be opened and distinguished; they have no encoders.
CARD, OTHER_CARD = "/dev/null", "/dev/zero"
H264 = {"vah264enc": CARD}


class Card:
    """QEMU's environment, a test's orders to the encoders, and their log"""

    def __init__(self, folder, encoders, card=CARD):
        self._log = os.path.join(folder, "encoders.log")
        self._control = os.path.join(folder, "encoders.orders")
        self.order("")
        self.environment = {
            "EGL_CARD_DOUBLE": card,
            "VA_DOUBLE": ",".join("{}={}".format(*item) for item in encoders.items()),
            "VA_DOUBLE_LOG": self._log,
            "VA_DOUBLE_CONTROL": self._control,
            "GST_PLUGIN_PATH": os.path.dirname(stack.va_double()),
            "GST_REGISTRY": os.path.join(stack.BUILD, "gst-registry-vm.bin"),
        }
        self.preload = [stack.egl_card_double()]

    def order(self, words):
        """See ci/doubles/va/va-double.c"""
        orders.write(self._control, words)

    def log(self, word):
        """The encoders' lines that begin with word"""
        if not os.path.exists(self._log):
            return []
        with open(self._log, encoding="ascii") as file:
            return [line.strip() for line in file if line.startswith(word)]

    def inodes(self):
        """The inodes of all buffers that were encoded"""
        return {int(inode) for line in self.log("frame ")
                for inode in re.findall(r"inode=(\d+)", line)}

# SPDX-License-Identifier: GPL-2.0-or-later
"""Which EGL platform QEMU renders on, and what it says when it cannot."""

import glob
import subprocess

from support import stack
from support.picture import LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest


class Platform(VmTest):
    """:avocado: tags=beside"""

    def _shows_the_guest_on(self, platform):
        with self.machine(environment={"QEMU_EGL_PLATFORM": platform}) as vm:
            self.assertEqual(vm.display()["egl-platform"], platform)
            client = vm.client("tcp")
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))

    def test_the_egl_device_platform_shows_the_guest(self):
        self._shows_the_guest_on("device")

    def test_the_surfaceless_platform_shows_the_guest(self):
        self._shows_the_guest_on("surfaceless")

    def test_rendering_in_software_is_said_once(self):
        if glob.glob("/dev/dri/renderD*"):
            self.cancel("this host has a render node: rendering is not in software")
        with self.machine() as vm:
            vm.flips(10)
            said = [line for line in vm.stderr().splitlines() if "rendering in software" in line]
        self.assertEqual(len(said), 1, said)

    def _refusal(self, rendernode):
        """What QEMU says, which must not start"""
        done = subprocess.run(
            [stack.qemu(), "-S", "-display", "none", "-nodefaults", "-vga", "none",
             "-device", "virtio-gpu-gl-pci", "-monitor", "none",
             "-spice", "gl=on,port=0,unix=on,addr={}/spice.sock,disable-ticketing=on,"
                       "rendernode={}".format(self.workdir, rendernode)],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_a_named_render_node_that_is_missing_is_an_error_that_says_what_was_tried(self):
        said = self._refusal("/dev/dri/renderD255")
        for word in ("/dev/dri/renderD255", "gbm:", "device:", "No such file"):
            self.assertIn(word, said)

    def test_a_named_file_that_is_no_render_node_is_an_error_that_says_what_was_tried(self):
        said = self._refusal("/dev/null")
        for word in ("/dev/null", "gbm:", "device:", "not a DRM node"):
            self.assertIn(word, said)

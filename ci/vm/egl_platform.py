# SPDX-License-Identifier: GPL-2.0-or-later
"""Which EGL platform QEMU renders on, and what it says when it cannot."""

import glob
import os
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

    def test_gbm_on_a_render_node_shows_the_guest(self):
        """:avocado: tags=nested"""
        if not glob.glob("/dev/dri/renderD*"):
            self.cancel("this host has no render node (scripts/test nested runs where there is one)")
        self._shows_the_guest_on("gbm")

    def _started(self, **options):
        """A machine whose guest does not matter"""
        return self.machine(**options).start(ready=False)

    def test_rendering_in_software_is_said_once(self):
        if glob.glob("/dev/dri/renderD*"):
            self.cancel("this host has a render node: rendering is not in software")
        with self._started() as vm:
            self.assertNotIn("egl-node", vm.display())
            self._one_warning(vm, "gbm: there is no DRM render node", "device: ")

    def _one_warning(self, vm, *words):
        said = [line for line in vm.stderr().splitlines() if "rendering in software" in line]
        self.assertEqual(len(said), 1, said)
        for word in words:
            self.assertIn(word, said[0])

    def _gpus(self, nodes, platform=None, device_node=None):
        """A machine's options for simulated GPUs, see ci/doubles/gpu; nodes: {name: the link's target}"""
        folder = os.path.join(self.workdir, "dri")
        os.mkdir(folder)
        for name, target in nodes.items():
            os.symlink(target, os.path.join(folder, name))
        environment = {"GPU_DOUBLE_NODES": folder}
        if platform:
            environment["GPU_DOUBLE_PLATFORM"] = platform
        if device_node:
            environment["GPU_DOUBLE_DEVICE_NODE"] = "/dev/dri/" + device_node
        return {"environment": environment, "preload": [stack.gpu_double()]}

    def _is_on(self, vm, platform, renderer, node):
        display = vm.display()
        self.assertEqual(display["egl-platform"], platform)
        self.assertIn(renderer, display["egl-renderer"])
        self.assertEqual(display.get("egl-node"), node)

    def test_a_gpu_without_gbm_is_used_through_its_egl_device(self):
        gpu = self._gpus({"renderD128": "/dev/null"}, "device", "renderD128")
        for spice in [], ["rendernode=/dev/dri/renderD128"]:
            with self._started(spice=spice, **gpu) as vm:
                self._is_on(vm, "device", "a double of a GPU", "/dev/dri/renderD128")
                self.assertNotIn("in software", vm.stderr())

    def test_a_gpu_without_any_drm_node_comes_before_software(self):
        with self._started(**self._gpus({}, "device")) as vm:
            self._is_on(vm, "device", "a double of a GPU", None)
            self.assertNotIn("in software", vm.stderr())

    def test_each_render_node_is_tried(self):
        with self._started(**self._gpus({"renderD128": "/missing", "renderD129": "/dev/null"},
                                        "gbm")) as vm:
            self._is_on(vm, "gbm", "a double of a GPU", "/dev/dri/renderD129")
            self.assertNotIn("in software", vm.stderr())

    def test_nodes_without_a_driver_leave_software_and_a_warning_that_says_why(self):
        with self._started(**self._gpus({"renderD128": "/missing", "renderD129": "/dev/null",
                                         "renderD130": "/dev/zero"})) as vm:
            # Not on one of them: Mesa's software renderer crashes there when it draws a guest's dma-buf
            self._is_on(vm, "device", "llvmpipe", None)
            self._one_warning(
                vm, "gbm: /dev/dri/renderD128: open failed: No such file",
                "gbm: /dev/dri/renderD129: no hardware driver, only a software renderer",
                "gbm: /dev/dri/renderD130: no hardware driver, only a software renderer",
                "device: no hardware EGL device found")

    def _refusal(self, rendernode, environment=None, preload=(), display="none"):
        """QEMU's messages; it must not start"""
        done = subprocess.run(
            [stack.qemu(), "-S", "-display", display, "-nodefaults", "-vga", "none",
             "-device", "virtio-gpu-gl-pci", "-monitor", "none",
             "-spice", "gl=on,port=0,unix=on,addr={}/spice.sock,disable-ticketing=on,"
                       "rendernode={}".format(self.workdir, rendernode)],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            env=dict(os.environ, LD_PRELOAD=":".join(preload), **(environment or {})))
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_egl_headless_beside_it_has_no_render_node_of_its_own(self):
        said = self._refusal("/dev/dri/renderD128", display="egl-headless,rendernode=/dev/dri/renderD129")
        self.assertIn("set rendernode=/dev/dri/renderD129 there and not for -display", said)

    def test_a_named_render_node_that_is_missing_is_an_error_that_says_what_was_tried(self):
        said = self._refusal("/dev/dri/renderD255")
        for word in ("/dev/dri/renderD255", "gbm:", "device:", "No such file"):
            self.assertIn(word, said)

    def test_a_named_file_that_is_no_render_node_is_an_error_that_says_what_was_tried(self):
        said = self._refusal("/dev/null")
        for word in ("/dev/null", "gbm:", "device:", "not a DRM node"):
            self.assertIn(word, said)

    def test_a_named_node_without_a_driver_is_an_error_and_not_software(self):
        said = self._refusal("/dev/dri/renderD128", **self._gpus({"renderD128": "/dev/null"}))
        for word in ("gbm: /dev/dri/renderD128: no hardware driver", "llvmpipe",
                     "device: no EGL device belongs to this node"):
            self.assertIn(word, said)

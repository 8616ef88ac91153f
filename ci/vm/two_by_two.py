# SPDX-License-Identifier: GPL-2.0-or-later
"""Old or new QEMU with old or new spice-server, at build time and at run time."""

import os
import re
import signal
import subprocess
import tempfile

from support import stack
from support.picture import LOSSLESS, wrong_corners
from support.vmtest import SIZE, VmTest

# QEMUs by their source and by what they were built against, with the spice-server found at run time
BUILDS = ("patched", "stock", "qemu-patched-spice-stock", "qemu-stock-spice-patched")
SERVERS = ("patched", "stock")


def qemu_of(build):
    return stack.built("install/{}/bin/qemu-system-x86_64".format(build),
                       "scripts/build stock matrix")


def finding(server):
    """The environment in which QEMU finds that spice-server"""
    return {"LD_LIBRARY_PATH": os.path.dirname(stack.built(
        "install/{}/lib/libspice-server.so.1".format(server), "scripts/build stock"))}


def refusal(build, server, spice, preload=()):
    """Exit status and messages of a QEMU that does not start; None if it starts"""
    with tempfile.TemporaryDirectory(prefix="spicegl-") as folder:
        process = subprocess.Popen(
            [qemu_of(build), "-S", "-display", "none", "-nodefaults", "-vga", "none",
             "-device", "virtio-gpu-gl-pci", "-monitor", "stdio",
             "-spice", "disable-ticketing=on," + spice.format(folder=folder)],
            env=dict(os.environ, LD_PRELOAD=":".join(preload), **finding(server)), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # A QEMU that gets as far as its monitor is ended through it
        try:
            _, errors = process.communicate("quit\n", timeout=60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            raise
    if process.returncode == 0:
        return None
    return process.returncode, re.sub(re.escape(folder), "FOLDER", errors)


class TwoByTwo(VmTest):
    """:avocado: tags=beside,stock"""

    def _serves(self, build, server, way, gl, **options):
        name = "{}-with-{}".format(build, server)
        with self.machine(name=name, qemu=qemu_of(build), environment=finding(server), gl=gl,
                          tcp=way == "tcp", unix=way == "unix", **options) as vm:
            with open("/proc/{}/maps".format(vm.process.pid), encoding="utf-8") as maps:
                used = set(re.findall(r"\S*libspice-server\S*", maps.read()))
            folder = os.path.realpath(finding(server)["LD_LIBRARY_PATH"])
            self.assertEqual({os.path.dirname(os.path.realpath(path)) for path in used}, {folder})
            client = vm.client(way)
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
            vm.flips(30)
            client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
            return client.display()

    def test_every_pair_serves_a_guest_without_gl(self):
        for build in BUILDS:
            for server in SERVERS:
                self._serves(build, server, "tcp", gl=False)

    def test_patched_qemu_serves_local_clients_with_stock_spice_as_stock_does(self):
        for build, server in (("patched", "stock"), ("qemu-patched-spice-stock", "stock")):
            display = self._serves(build, server, "unix", gl=True)
            self.assertTrue(display["gl"])

    def test_patched_qemu_with_stock_spice_says_why_it_serves_no_remote_clients(self):
        for build, server in (("patched", "stock"), ("qemu-patched-spice-stock", "stock")):
            status, errors = refusal(build, server, "gl=on,addr=127.0.0.1,port=5999")
            self.assertEqual(status, 1)
            self.assertIn("spice_qxl_gl_init", errors)
            self.assertIn("remote", errors)
            status, errors = refusal(build, server,
                                     "gl=on,unix=on,addr={folder}/spice.sock,dmabuf=off",
                                     stack.dmabuf_preload())
            self.assertEqual(status, 1)
            self.assertIn("dmabuf=off needs a", errors)

    def test_management_software_sees_whether_qemu_was_built_to_serve_remote_clients(self):
        for build, known in (("patched", True), ("qemu-patched-spice-stock", False)):
            with self.machine(name=build, qemu=qemu_of(build), environment=finding("stock"), gl=False) as vm:
                types = {entry["name"]: entry for entry in vm.qmp("query-qmp-schema")}
                answer = types[types["query-spice"]["ret-type"]]
                self.assertEqual("displays" in [member["name"] for member in answer["members"]], known, build)

    def test_stock_qemu_behaves_alike_with_either_spice_server(self):
        for spice in ("gl=on,unix=on,addr={folder}/spice.sock",
                      "gl=on,addr=127.0.0.1,port=5999"):
            stock = refusal("stock", "stock", spice)
            for build, server in (("stock", "patched"), ("qemu-stock-spice-patched", "patched"),
                                  ("qemu-stock-spice-patched", "stock")):
                self.assertEqual(refusal(build, server, spice), stock, (build, server))
        # Any QEMU must refuse the second one
        self.assertIn("SPICE GL support is local-only", stock[1])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients whose sockets are passed to QEMU through its monitor: virt-manager's console, Boxes and
virt-viewer --attach get theirs from libvirt, which makes one for each channel and calls add_client."""

import contextlib
import os
import socket
import tempfile
import threading

from support import stack
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until


class Broker:
    """Passes connections to PATH on to QEMU, through a monitor of its own"""

    def __init__(self, path, monitor):
        self._monitor = stack.import_qmp().QEMUMonitorProtocol(monitor)
        self._monitor.connect()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(16)
        self._thread = threading.Thread(target=self._hand_over, daemon=True)
        self._thread.start()

    def _hand_over(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return # closed
            with connection:
                self._monitor.send_fd_scm(connection.fileno())
                self._monitor.cmd("getfd", fdname="client")
                self._monitor.cmd("add_client", protocol="spice", fdname="client", skipauth=True)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(20)
        self._monitor.close()


class AddClient(VmTest):
    """:avocado: tags=beside"""

    @contextlib.contextmanager
    def _machine(self, extra_options=(), **options):
        """A machine, and the URI of the socket whose connections are passed on to it"""
        with tempfile.TemporaryDirectory(prefix="spicegl-") as folder:
            monitor, path = (os.path.join(folder, name) for name in ("monitor", "clients"))
            extra = ["-chardev", "socket,id=handing,path={},server=on,wait=off".format(monitor),
                     "-mon", "chardev=handing,mode=control", *extra_options]
            with self.machine(extra=extra, **options) as vm:
                broker = Broker(path, monitor)
                try:
                    yield vm, "spice+unix://" + path
                finally:
                    broker.close()

    def _sees(self, client, tolerance):
        client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=tolerance))

    def test_a_client_that_is_handed_over_is_a_local_one(self):
        with self._machine(auth=["password-secret=ticket"],
                           extra_options=["-object", "secret,id=ticket,data=nobody-knows"]) as (vm, uri):
            for _ in range(2):
                with vm.client(uri) as client:
                    self._sees(client, LOSSLESS)
                    vm.flips(60)
                    self._sees(client, LOSSLESS)
                    display = vm.display()
                    self.assertEqual([c["path"] for c in display["clients"]], ["local"])
                    self.assertEqual(display["readbacks"], 0)
                    self.assertTrue(client.display()["gl"])
                wait_until(lambda: not vm.display()["clients"], "the client is gone")

    def test_it_stands_beside_remote_ones(self):
        with self._machine(spice=["multiple-clients=on"]) as (vm, uri):
            remote, local = vm.client("tcp", "remote"), vm.client(uri, "local")
            self._sees(remote, LOSSY)
            self._sees(local, LOSSLESS)
            vm.flips(60)
            self._sees(remote, LOSSY)
            self._sees(local, LOSSLESS)
            paths = sorted(c["path"] for c in vm.display()["clients"])
            self.assertIn(paths, (["local", "software"], ["image", "local"]))

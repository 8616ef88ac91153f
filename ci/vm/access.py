# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that authenticate, and encrypted ones: each gets the path that it should."""

import os
import resource
import socket
import tempfile
import time

from support import keys
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import Late, wait_until

REMOTE = ("hardware", "software", "image")


class Access(VmTest):
    """:avocado: tags=beside"""

    def setUp(self):
        super().setUp()
        # spice-server cuts the names of certificates' files off at 255 bytes: not in the workdir
        folder = tempfile.TemporaryDirectory(prefix="spicegl-")
        self.addCleanup(folder.cleanup)
        self._folder = folder.name

    def _certificates(self, name="server"):
        return keys.certificates(os.path.join(self._folder, name))

    def _served(self, vm, way, options=(), local=None):
        """A client that is accepted sees the guest's picture, and is on its path"""
        local = way == "unix" if local is None else local
        client = vm.client(way, options=options)
        tolerance = LOSSLESS if local else LOSSY
        client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=tolerance))
        vm.flips(30)
        client.wait_for_picture(lambda p: wrong_corners(p, *SIZE, tolerance=tolerance))
        paths = [served["path"] for served in vm.display()["clients"]]
        self.assertEqual(len(paths), 1, paths)
        self.assertIn(paths[0], ("local",) if local else REMOTE)
        return client

    def _moves(self, vm, client):
        frames = client.display()["frames"]
        vm.tell("set pattern=motion")
        vm.tell("flips forever")
        client.wait(lambda d: d["frames"] > frames + 10, "frames of a moving picture")
        vm.tell("stop")
        vm.tell("set pattern=corners")

    def _leaves(self, vm, client):
        client.close()
        wait_until(lambda: not vm.display()["clients"], "the client is gone")

    def _refused(self, vm, way, options=()):
        """A client that is refused, by the server or by the display channel, is told so"""
        client = vm.client(way, options=options)
        client.lose_server("{{}}, a {} client with {}, is refused".format(way, options))
        self.assertIsNone(client.ask("save /dev/null")["saved"])
        client.close()
        self.assertEqual(vm.display()["clients"], [])

    def test_a_password_lets_local_and_remote_clients_in_and_nobody_else(self):
        tls = self._certificates()
        ca = "--ca=" + keys.ca_file(tls)
        with self.machine(unix=True, tls=tls, auth=["password-secret=ticket"],
                          extra=["-object", "secret,id=ticket,data=first"]) as vm:
            for way in ("tcp", "unix", "tls"):
                for wrong in ([], ["--password=wrong"]):
                    self._refused(vm, way, [ca] + wrong)
                self._leaves(vm, self._served(vm, way, [ca, "--password=first"]))
            vm.qmp("set_password", protocol="spice", password="second")
            for way in ("tcp", "unix"):
                self._refused(vm, way, ["--password=first"])
                self._leaves(vm, self._served(vm, way, ["--password=second"]))
            client = self._served(vm, "unix", ["--password=second"])
            vm.qmp("expire_password", protocol="spice", time="now")
            client.report()
            self._leaves(vm, client)
            self._refused(vm, "unix", ["--password=second"])
            self._refused(vm, "tcp", ["--password=second"])
            vm.qmp("expire_password", protocol="spice", time="never")
            for way in ("tcp", "unix"):
                self._leaves(vm, self._served(vm, way, ["--password=second"]))

    def test_a_password_that_is_refused_changes_nothing(self):
        with self.machine(auth=["password-secret=ticket"],
                          extra=["-object", "secret,id=ticket,data=first"]) as vm:
            client = self._served(vm, "tcp", ["--password=first"])
            with self.assertRaisesRegex(Exception, "Could not set password|Unable to set SPICE server ticket"):
                vm.qmp("set_password", protocol="spice", password="second", connected="fail")
            self._leaves(vm, client)
            # This gives the server its present password again
            vm.qmp("expire_password", protocol="spice", time="never")
            self._refused(vm, "tcp", ["--password=second"])
            self._leaves(vm, self._served(vm, "tcp", ["--password=first"]))

    def test_a_password_guards_a_unix_socket_that_is_the_only_way_in(self):
        with self.machine(tcp=False, unix=True, auth=["password-secret=ticket"],
                          extra=["-object", "secret,id=ticket,data=right"]) as vm:
            self._refused(vm, "unix", ["--password=wrong"])
            self._leaves(vm, self._served(vm, "unix", ["--password=right"]))

    def _tls_channels(self, vm):
        """For each of a client's channels: whether it is encrypted"""
        types = {1: "main", 2: "display", 3: "inputs", 4: "cursor"}
        return {types[channel["channel-type"]]: channel["tls"]
                for channel in vm.qmp("query-spice")["channels"]}

    def test_encrypted_clients_are_served_as_remote_ones(self):
        """:avocado: tags=sanitized_long"""
        tls = self._certificates()
        ca = "--ca=" + keys.ca_file(tls)
        with self.machine(unix=True, tls=tls) as vm:
            client = self._served(vm, "tls", [ca])
            self.assertEqual(self._tls_channels(vm),
                             {"main": True, "display": True, "inputs": True, "cursor": True})
            self._moves(vm, client)
            self._leaves(vm, client)
            # The ports without TLS serve as before
            self._leaves(vm, self._served(vm, "unix"))
            self._leaves(vm, self._served(vm, "tcp"))
            self._leaves(vm, self._served(vm, "tls", [ca]))

    def test_a_client_with_another_ca_refuses_the_server(self):
        tls = self._certificates()
        other = self._certificates("other")
        with self.machine(tls=tls) as vm:
            self._refused(vm, "tls", ["--ca=" + keys.ca_file(other)])
            self._leaves(vm, self._served(vm, "tls", ["--ca=" + keys.ca_file(tls)]))

    def test_a_display_that_needs_tls_is_shown_with_tls_only(self):
        tls = self._certificates()
        ca = "--ca=" + keys.ca_file(tls)
        with self.machine(unix=True, tls=tls, spice=["tls-channel=display"]) as vm:
            client = self._served(vm, "both", [ca])
            channels = self._tls_channels(vm)
            self.assertEqual((channels["main"], channels["display"]), (False, True))
            self._leaves(vm, client)
            for way in ("tcp", "unix"):
                self._refused(vm, way)
            self._leaves(vm, self._served(vm, "tls", [ca]))

    def test_sasl_users_are_served_and_nobody_else(self):
        """:avocado: tags=sanitized_long"""
        tls = self._certificates()
        # Without TLS, spice-server asks for a mechanism that encrypts
        users = keys.sasl_users(os.path.join(self._folder, "sasl"),
                                "DIGEST-MD5 SCRAM-SHA-256 PLAIN", {"ann": "right"})
        ca = "--ca=" + keys.ca_file(tls)
        with self.machine(unix=True, tls=tls, auth=["sasl=on"], environment=users) as vm:
            for way in ("tcp", "unix", "tls"):
                for wrong in (["--user=ann", "--password=wrong"],
                              ["--user=bob", "--password=right"]):
                    self._refused(vm, way, [ca] + wrong)
                # Without TLS SASL encrypts, and no file descriptor goes through that
                client = self._served(vm, way, [ca, "--user=ann", "--password=right"],
                                      local=False)
                self._moves(vm, client)
                self._leaves(vm, client)

    def _does_not_start(self, path):
        """QEMU's messages"""
        vm = self.machine(spice=["unix-path=" + path], exits=(1,))
        with self.assertRaises(Late):
            vm.start(ready=False)
        vm.close()
        return vm.stderr()

    def test_a_unix_socket_has_a_name_and_takes_no_files_place(self):
        self.assertIn("needs the path of a socket", self._does_not_start(""))
        path = os.path.join(self._folder, "precious")
        with open(path, "w", encoding="ascii") as file:
            file.write("data")
        self.assertIn("exists and is not a socket", self._does_not_start(path))
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "data")

    def _cpu_seconds(self, vm):
        with open("/proc/{}/stat".format(vm.process.pid), encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_a_client_that_finds_no_descriptor_left_waits_and_costs_nothing(self):
        pid_limits = resource.RLIMIT_NOFILE
        # The guest is not run, so that it takes no CPU
        with self.machine(unix=True, extra=["-S"]).start(ready=False) as vm:
            before = resource.prlimit(vm.process.pid, pid_limits)
            full = max(vm.open_files()) + 1
            self.assertEqual(sorted(vm.open_files()), list(range(full)))
            resource.prlimit(vm.process.pid, pid_limits, (full, before[1]))
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(vm.socket_path())
                wait_until(lambda: "accept on unix-path failed" in vm.stderr(), "it is said")
                began = self._cpu_seconds(vm)
                time.sleep(3)
                self.assertLess(self._cpu_seconds(vm) - began, 0.6)
                resource.prlimit(vm.process.pid, pid_limits, before)
                wait_until(lambda: len(vm.open_files()) > full, "the client is let in")

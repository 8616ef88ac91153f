# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients follow a guest to another QEMU, and stay if the guest stays."""

import os

from support import orders
from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.video import gone_back
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until

# virgl's state cannot be migrated; a 2D guest is shown through GL all the same
DEVICE = "virtio-gpu-pci"
SEAMLESS = ["seamless-migration=on"]

# A message that spice-gtk 0.42 sometimes prints when it switches servers, and then dies
SPICE_GTK_DEFECT = "g_pollable_input_stream_read_nonblocking: assertion"
ATTEMPTS = 3


def right(tolerance):
    return lambda picture: wrong_corners(picture, *SIZE, tolerance=tolerance)


class Migration(VmTest):
    """:avocado: tags=beside"""

    def _source(self, **options):
        options.setdefault("device", DEVICE)
        return self.machine(name="source", **options)

    def _destination(self, **options):
        options.setdefault("device", DEVICE)
        vm = self.machine(name="destination", extra=["-incoming", "defer"], **options)
        vm.start(ready=False)
        address = "unix:" + os.path.join(vm.rundir, "migration")
        vm.qmp("migrate-incoming", uri=address)
        return vm, address

    def _point_clients(self, source, destination):
        channels = len(source.qmp("query-spice")["channels"])
        source.qmp("client_migrate_info", protocol="spice", hostname="127.0.0.1",
                   port=destination.port)
        wait_until(lambda: len(destination.qmp("query-spice")["channels"]) == channels,
                   "the client has connected to the destination too")

    def _migrate(self, source, address):
        source.qmp("migrate", uri=address)

        def status():
            info = source.qmp("query-migrate")
            self.assertNotEqual(info.get("status"), "failed", info)
            return info.get("status") == "completed"

        wait_until(status, "the guest has moved", timeout=60)

    def _wait_for_server(self, client, vm):
        def there():
            report = client.report()
            return report["port"] == vm.port and not report["migrating"]

        wait_until(there, "the client is {}'s".format(vm.name))

    def _moved(self, way="tcp", moving=False, spice=()):
        """The destination, and a client that was the source's"""
        source = self._source(unix=True, spice=spice).start()
        destination, address = self._destination(unix=True, spice=spice)
        client = source.client(way, options=["--direct"])
        client.wait_for_picture(right(LOSSLESS if way == "unix" else LOSSY))
        if moving:
            source.tell("set pattern=motion")
            source.tell("flips forever")
            client.wait_for_frames(30)
        self._point_clients(source, destination)
        self._migrate(source, address)
        self._wait_for_server(client, destination)
        source.quit()
        return destination, client

    def _lives_on(self, vm, client, tolerance=LOSSY):
        """The guest draws on its present host, and the client sees it"""
        vm.tell("resize 801x601")
        client.wait_for_size(801, 601)
        frames = client.display()["frames"]
        vm.tell("set pattern=motion")
        vm.tell("flips forever")
        client.wait(lambda d: d["frames"] > frames + 30, "frames of a moving picture")
        vm.tell("set pattern=corners")
        client.wait_for_picture(lambda p: wrong_corners(p, 801, 601, tolerance=tolerance))
        self.assertEqual(len(vm.display()["clients"]), 1)

    def _follows(self, **options):
        for attempt in range(ATTEMPTS):
            try:
                self._follows_once(**options)
                return
            except AssertionError:
                if not any(machine.clients_log_has(SPICE_GTK_DEFECT) for machine in self._machines):
                    raise
            self.log.info("spice-gtk has read from a stream that it had freed: once more")
            self._forget_machines("-died{}".format(attempt))
        self.fail("the client has died of spice-gtk's defect each time")

    def _forget_machines(self, suffix):
        for machine in self._machines:
            machine.end()
            os.rename(machine.logdir, machine.logdir + suffix)
        self._machines.clear()

    def _follows_once(self, **options):
        destination, client = self._moved(**options)
        if options.get("moving"):
            frames = client.display()["frames"]
            client.wait(lambda d: d["frames"] > frames + 30, "the guest's frames go on")
        else:
            client.wait_for_picture(right(LOSSLESS))
        self._lives_on(destination, client)
        for machine in self._machines:
            machine.close()

    def test_a_client_follows_a_still_guest_seamlessly(self):
        self._follows(spice=SEAMLESS)

    def test_a_client_follows_a_moving_guest_seamlessly(self):
        self._follows(spice=SEAMLESS, moving=True)

    def test_a_client_follows_a_moving_guest_by_connecting_again(self):
        """:avocado: tags=sanitized_long"""
        self._follows(moving=True)

    def test_a_moving_guest_is_saved_whole_while_its_display_keeps_it_waiting(self):
        """Commands that have not been executed yet are executed later, and none is lost

        :avocado: tags=sanitized
        """
        with self._source(guest={"pattern": "counter", "rate": 0, "size": "640x360"},
                          **orders.slow_gpu(200)) as vm:
            client = vm.client("tcp", options=["--no-video", "--counter"])
            client.wait_for_frames(1)
            vm.tell("flips forever")
            for _ in range(5):
                self._migrate(vm, "exec:cat >/dev/null")
                self.assertEqual(vm.qmp("query-status")["status"], "postmigrate")
                vm.qmp("cont")
                before = client.display()["counter"]
                client.wait(lambda d: d["counter"] > before + 10, "later frames")
            self.assertEqual(gone_back(client.seen()), [])

    def _stays(self, vm, client, tolerance):
        client.wait_for_picture(right(tolerance))
        vm.flips(30)
        client.wait_for_picture(right(tolerance))
        wait_until(lambda: not client.report()["migrating"], "the client has given up")
        self.assertEqual(len(vm.display()["clients"]), 1)

    def test_clients_are_sent_nowhere_where_virgl_refuses_to_migrate(self):
        with self.machine(name="source", unix=True, many_clients=True, spice=SEAMLESS) as source:
            destination, address = self._destination(spice=SEAMLESS, device="virtio-gpu-gl-pci")
            clients = [(source.client(way, options=["--direct"]), tolerance)
                       for way, tolerance in (("tcp", LOSSY), ("unix", LOSSLESS))]
            for client, tolerance in clients:
                client.wait_for_picture(right(tolerance))
            for command, arguments in (
                    ("client_migrate_info", {"protocol": "spice", "hostname": "127.0.0.1",
                                             "port": destination.port}),
                    ("migrate", {"uri": address})):
                with self.assertRaisesRegex(Exception, "virgl is not yet migratable"):
                    source.qmp(command, **arguments)
            source.flips(30)
            self.assertEqual(destination.qmp("query-spice")["channels"], [])
            for client, tolerance in clients:
                client.wait_for_picture(right(tolerance))
                self.assertFalse(client.report()["migrating"])

    def test_two_clients_can_be_pointed_to_a_destination_though_seamless_was_asked_for(self):
        """spice-server ends the process when two of them are to migrate seamlessly"""
        several = SEAMLESS + ["multiple-clients=on"]
        with self._source(spice=several) as source:
            destination, _ = self._destination(spice=several)
            clients = [source.client("tcp", name, options=["--direct"]) for name in ("one", "two")]
            for client in clients:
                client.wait_for_picture(right(LOSSY))
            self._point_clients(source, destination)
            source.tell("resize 801x601")
            for client in clients:
                client.wait_for_picture(lambda p: wrong_corners(p, 801, 601, tolerance=LOSSY))

    def test_clients_stay_where_the_migration_fails(self):
        with self._source(unix=True, spice=SEAMLESS) as source:
            destination, _ = self._destination(spice=SEAMLESS)
            client = source.client("tcp", options=["--direct"])
            client.wait_for_picture(right(LOSSLESS))
            self._point_clients(source, destination)
            source.qmp("migrate", uri="unix:/nobody/listens/here")
            wait_until(lambda: source.qmp("query-migrate")["status"] == "failed",
                       "the migration has failed")
            self._stays(source, client, LOSSLESS)

    def test_a_local_client_is_let_go_and_finds_the_guest_at_its_destination(self):
        """:avocado: tags=sanitized_long"""
        # spice-gtk keeps using the Unix socket when it is told of another server
        with self._source(unix=True, spice=SEAMLESS) as source:
            destination, address = self._destination(unix=True, spice=SEAMLESS)
            with source.client("unix", options=["--direct"]) as client:
                client.wait_for_picture(right(LOSSLESS))
                source.qmp("client_migrate_info", protocol="spice", hostname="127.0.0.1",
                           port=destination.port)
                self._migrate(source, address)
                client.lose_server()
            client = destination.client("unix", options=["--direct"])
            client.wait_for_picture(right(LOSSLESS))
            self._lives_on(destination, client, LOSSLESS)
            self.assertEqual(destination.display()["clients"][0]["path"], "local")

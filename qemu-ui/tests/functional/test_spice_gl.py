#!/usr/bin/env python3
#
# SPICE displays that scan out EGL images (-spice gl=on)
#
# Copyright 2026 Seed 6d55f7ea maintainers
#
# SPDX-License-Identifier: GPL-2.0-or-later

import os

from qemu.machine.machine import VMLaunchFailure
from qemu_test import QemuSystemTest
from qemu_test.ports import Ports


class SpiceGL(QemuSystemTest):
    """What QEMU does and reports before a guest has drawn anything"""

    def setUp(self):
        super().setUp()
        self.set_machine('pc')
        self.vm.add_args('-nodefaults', '-S', '-display', 'none')

    def launch(self, spice):
        """The virtual machine with -spice gl=on,SPICE, or the test ends"""
        self.vm.add_args('-spice', 'gl=on,disable-ticketing=on,' + spice)
        try:
            self.vm.launch()
        except VMLaunchFailure as failure:
            for reason in ('-spice: invalid option', 'no OpenGL', 'egl:',
                           'spice_qxl_gl_init', 'is not a valid device'):
                if reason in failure.output:
                    self.skipTest('QEMU has no SPICE with GL here: ' + reason)
            raise

    def displays(self):
        """The displays of query-spice, or the test ends"""
        names = {entry.get('name') for entry in
                 self.vm.cmd('query-qmp-schema')}
        self.assertIn('query-spice', names)
        info = self.vm.cmd('query-spice')
        if 'displays' not in info:
            self.skipTest('the spice-server in use takes no EGL images')
        return info['displays']

    def test_nothing_is_exported_before_a_client_comes(self):
        self.vm.add_args('-device', 'virtio-gpu-pci,max_outputs=2')
        socket = os.path.join(self.socket_dir().name, 'spice')
        self.launch('unix=on,addr=' + socket)
        displays = self.displays()
        self.assertEqual([display['head'] for display in displays], [0, 1])
        for display in displays:
            self.assertIn(display['egl-platform'],
                          ('gbm', 'device', 'surfaceless'))
            self.assertEqual(display['egl-initialized'], 1)
            self.assertEqual(display['prime-exports'], 0)
            self.assertEqual(display['readbacks'], 0)
            self.assertEqual(display['clients'], [])

    def test_remote_clients_are_served_on_tcp_ports(self):
        self.vm.add_args('-device', 'virtio-gpu-pci')
        with Ports() as ports:
            port = ports.find_free_port()
            self.launch('addr=127.0.0.1,port=%d' % port)
            self.assertEqual(len(self.displays()), 1)
            self.assertEqual(self.vm.cmd('query-spice')['port'], port)

    def test_a_node_that_cannot_render_is_an_error(self):
        self.vm.add_args('-device', 'virtio-gpu-pci')
        node = os.path.join(self.socket_dir().name, 'node')
        with open(node, 'w', encoding='ascii'):
            pass
        self.vm.add_args('-spice', 'gl=on,disable-ticketing=on,unix=on,addr=' +
                         node + '.socket,rendernode=' + node)
        with self.assertRaises(VMLaunchFailure) as failed:
            self.vm.launch()
        if '-spice: invalid option' in failed.exception.output:
            self.skipTest('QEMU has no SPICE here')
        self.assertIn(node, failed.exception.output)


if __name__ == '__main__':
    QemuSystemTest.main()

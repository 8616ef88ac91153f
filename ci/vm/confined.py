# SPDX-License-Identifier: GPL-2.0-or-later
"""EGL is opened before QEMU gives up its root directory and its user."""

import os
import pwd

from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest


class Confined(VmTest):
    """:avocado: tags=beside"""

    def test_clients_are_served_after_chroot_and_change_of_user(self):
        if os.geteuid() != 0:
            self.cancel("-run-with chroot=…,user=… needs root")
        jail = os.path.join(self.workdir, "jail")
        os.makedirs(jail)
        with self.machine(unix=True, many_clients=True, extra=[
                "-run-with", "chroot={},user=nobody".format(jail)]) as vm:
            with open("/proc/{}/status".format(vm.process.pid), encoding="ascii") as status:
                uids = [line.split()[1:] for line in status if line.startswith("Uid:")][0]
            self.assertEqual(set(uids), {str(pwd.getpwnam("nobody").pw_uid)})
            self.assertEqual(os.readlink("/proc/{}/root".format(vm.process.pid)),
                             os.path.realpath(jail))
            vm.client("tcp").wait_for_picture(
                lambda p: wrong_corners(p, *SIZE, tolerance=LOSSY))
            vm.client("unix").wait_for_picture(
                lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS))
            self.assertLess(vm.flips(60)["maxgap"], 2000000)

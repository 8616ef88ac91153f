# SPDX-License-Identifier: GPL-2.0-or-later
"""EGL is opened before QEMU gives up its root directory and its user."""

import glob
import os
import pwd
import stat

from support.picture import LOSSLESS, LOSSY, wrong_corners
from support.vmtest import SIZE, VmTest


class Confined(VmTest):
    """:avocado: tags=beside"""

    def _make_devices(self, folder):
        """The devices that NVIDIA's driver, if it renders, opens whenever it needs memory"""
        os.makedirs(folder)
        for device in glob.glob("/dev/nvidia[0-9]*") + glob.glob("/dev/nvidiactl"):
            made = os.path.join(folder, os.path.basename(device))
            os.mknod(made, stat.S_IFCHR | 0o666, os.stat(device).st_rdev)
            os.chmod(made, 0o666)

    def test_clients_are_served_after_chroot_and_change_of_user(self):
        if os.geteuid() != 0:
            self.cancel("-run-with chroot=…,user=… needs root")
        jail = os.path.join(self.workdir, "jail")
        self._make_devices(os.path.join(jail, "dev"))
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

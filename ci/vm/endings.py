# SPDX-License-Identifier: GPL-2.0-or-later
"""A test does not pass when QEMU, the guest's kernel or a client has come to a bad end."""

import os
import signal

from support.vmtest import VmTest
from support.waiting import Late, wait_until


class Endings(VmTest):
    """:avocado: tags=beside"""

    def test_a_qemu_that_dies_fails_the_test(self):
        with self.assertRaisesRegex(AssertionError, "QEMU of vm0 was ended by SIGSEGV"):
            with self.machine().start(ready=False) as vm:
                os.kill(vm.process.pid, signal.SIGSEGV)
                vm.process.wait()

    def test_a_qemu_that_dies_is_named_beside_what_the_test_said(self):
        with self.assertRaisesRegex(AssertionError, "^Late: too late; besides: QEMU.*SIGSEGV"):
            with self.machine().start(ready=False) as vm:
                os.kill(vm.process.pid, signal.SIGSEGV)
                vm.process.wait()
                raise Late("too late")

    def test_a_qemu_may_end_as_the_test_says(self):
        with self.machine(exits=(-signal.SIGKILL,)).start(ready=False) as vm:
            vm.process.kill()

    def test_a_qemu_that_does_not_end_as_the_test_says_fails_it(self):
        with self.assertRaisesRegex(AssertionError, "QEMU of vm0 ended with status 0"):
            with self.machine(exits=(-signal.SIGKILL,)).start(ready=False):
                pass

    def test_a_complaint_of_glib_in_qemus_log_fails_the_test(self):
        with self.assertRaisesRegex(AssertionError, "complaint of GLib.*g_object_ref"):
            with self.machine().start(ready=False) as vm:
                with open(vm.stderr_path(), "a", encoding="utf-8") as log:
                    log.write("\n(qemu:1): GLib-GObject-CRITICAL **: 10:00:00.000: g_object_ref: "
                              "assertion 'G_IS_OBJECT (object)' failed\n")

    def test_a_kernel_that_panics_fails_the_test(self):
        with self.assertRaisesRegex(AssertionError, "the kernel of vm0 failed: .*panic"):
            with self.machine(append="rdinit=/missing").start(ready=False) as vm:
                vm.serial.wait("Kernel panic", 60)

    def test_a_client_that_dies_fails_the_test(self):
        with self.assertRaisesRegex(AssertionError, "client0 was ended by SIGSEGV"):
            with self.machine() as vm:
                client = vm.client()
                client.wait_for_frames(1)
                client.process.send_signal(signal.SIGSEGV)
                client.process.wait()

    def test_a_client_that_has_died_is_gone_with_its_status_and_its_log(self):
        with self.machine() as vm:
            client = vm.client()
            client.wait_for_frames(1)
            vm.quit()
            client.lose_server()
            client.kill()
            with self.assertRaisesRegex(Late, "is gone: it was ended by SIGKILL.*127.0.0.1"):
                client.report()

    def test_a_client_that_loses_its_server_unawares_fails_the_test(self):
        with self.assertRaisesRegex(AssertionError, "client0 ended with status 1"):
            with self.machine() as vm:
                client = vm.client()
                client.wait_for_frames(1)
                vm.quit()
                wait_until(lambda: client.ask("report")["error"], "the server is gone")

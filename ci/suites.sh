# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by scripts/build and scripts/test, which source this
#
# Which of QEMU's own tests are built and run. VM tests have Avocado's tags instead.

# QEMU's own tests that reach what the queue touches: every display device, the monitor's
# commands and QAPI; and the queue's, in QEMU's form
QEMU_TESTS=(qtest-x86_64/display-vga-test qtest-x86_64/test-hmp qtest-x86_64/qmp-cmd-test
            qtest-x86_64/qmp-test qtest-x86_64/device-introspect-test qtest-x86_64/qos-test
            test-qmp-cmds test-qapi-util test-egl-candidates
            qtest-x86_64/screendump-test func-x86_64-spice_gl)
QEMU_TEST_TARGETS=(tests/qtest/display-vga-test tests/qtest/test-hmp tests/qtest/qmp-cmd-test
                   tests/qtest/qmp-test tests/qtest/device-introspect-test tests/qtest/qos-test
                   tests/unit/test-qmp-cmds tests/unit/test-qapi-util tests/unit/test-egl-candidates
                   tests/qtest/screendump-test)

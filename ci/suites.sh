# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by scripts/build and scripts/test, which source this
#
# Which of QEMU's own tests are built and run. VM tests have Avocado's tags instead.

# QEMU's own tests of code that the queue touches: all display devices, the monitor's commands and
# QAPI; and the queue's tests in QEMU's tree
QEMU_TESTS=(qtest-x86_64/display-vga-test qtest-x86_64/test-hmp qtest-x86_64/qmp-cmd-test
            qtest-x86_64/qmp-test qtest-x86_64/device-introspect-test qtest-x86_64/qos-test
            test-qmp-cmds test-qapi-util test-egl-candidates test-spice-draws
            qtest-x86_64/screendump-test func-x86_64-spice_gl)

# qemu_tests VARIANT: a line for each of these that this QEMU's build has, by meson's own list: its name, and the
# files in the build directory that it needs. Names are upstream's, and not the same in every QEMU.
qemu_tests() {
    in_component "$1" qemu python3 -c '
import json, os, subprocess, sys
known = json.loads(subprocess.check_output(["meson", "introspect", "--targets", "--tests"]))
files = {target["id"]: target["filename"] for target in known["targets"]}
for test in known["tests"]:
    if test["name"] in sys.argv[1:]:
        print(test["name"], *sorted(os.path.relpath(file) for id in test["depends"] for file in files[id]))' \
        "${QEMU_TESTS[@]}"
}

# SPDX-License-Identifier: GPL-2.0-or-later
"""Other graphics devices than virtio-gpu-gl, alone and beside it, with gl=on."""

from support import console, stack
from support.foreign import AGENT
from support.inputs import DEVICES
from support.picture import LOSSLESS, wrong_corners
from support.vmtest import SIZE, VmTest
from support.waiting import wait_until

# The kernel's numbers of VESA's modes of 1024x768, and the only mode of some devices
BITS_16, BITS_24, FIXED = 0x317, 0x318, 0x340
# Five bits of eight
ROUNDED = 4


def options(mode):
    return {"kernel": stack.compressed_kernel(), "append": "vga={} {}".format(mode, console.OPTIONS)}


class Devices(VmTest):
    """:avocado: tags=beside"""

    def _see(self, vm, clients, device, channel=0, tolerance=0):
        for client in clients:
            client.wait_for_picture(
                lambda p: console.wrong_console(p, vm.screenshot(device=device), tolerance), channel,
                timeout=60)

    def _is_shown(self, device, mode):
        """From the firmware's text, or its equivalent, to the kernel's mode"""
        with self.machine(name="{}-{:x}".format(device, mode), unix=True, many_clients=True,
                          device=device, extra=["-S"], **options(mode)).start(ready=False) as vm:
            clients = [vm.client("tcp", "remote"), vm.client("unix", "local")]
            for client in clients:
                client.wait(lambda d: d["width"], "the machine that has not begun")
            vm.qmp("cont")
            if mode == BITS_16:
                # Its texture has 16 bits as well, and a client that maps it knows the format by this name
                clients.pop().wait(lambda d: d["gl"] and d["gl"]["fourcc"] == "RG16", "a buffer of 16 bits")
            self._see(vm, clients, "gpu", tolerance=ROUNDED if mode == BITS_16 else 0)

    def test_a_std_vga_is_shown_in_its_colours(self):
        for mode in (BITS_16, BITS_24):
            self._is_shown("VGA", mode)

    def test_a_cirrus_and_a_vmware_vga_are_shown_in_their_colours(self):
        for device in ("cirrus-vga", "vmware-svga"):
            self._is_shown(device, BITS_24)

    def test_a_bochs_display_and_a_ramfb_are_shown_in_their_colours(self):
        for device in ("bochs-display", "ramfb"):
            self._is_shown(device, FIXED)

    def _stand_side_by_side(self, first, second, drawn, **more):
        """The guest's program draws on the virtio-gpu with the number drawn, 0 or 1; the kernel's console
        is on the other"""
        with self.machine(name=second, unix=True, many_clients=True, device=first,
                          extra=["-device", second + ",id=other", *DEVICES, *AGENT], **more) as vm:
            clients = [vm.client("tcp", "remote"), vm.client("unix", "local")]
            for _ in range(2):
                for client in clients:
                    client.wait_for_picture(
                        lambda p: wrong_corners(p, *SIZE, tolerance=LOSSLESS), channel=drawn)
                self._see(vm, clients, ("other", "gpu")[drawn], 1 - drawn)
                vm.tell("set pattern=motion")
                vm.flips(10)
                vm.tell("set pattern=corners")
            # Through the guest's agent: a tablet alone belongs to no device
            clients[0].ask("inputs")
            wait_until(lambda: clients[0].report()["places_pointer"], "the client places the pointer")

    def test_a_std_vga_beside_a_virtio_gpu_has_its_own_picture(self):
        self._stand_side_by_side("virtio-gpu-gl-pci", "VGA", 0, **options(BITS_24))

    def test_a_qxl_beside_a_virtio_gpu_has_its_own_picture(self):
        self._stand_side_by_side("qxl-vga", "virtio-gpu-gl-pci", 1, **options(BITS_24))

    def test_two_virtio_gpus_have_each_its_own_picture(self):
        self._stand_side_by_side("virtio-vga-gl", "virtio-gpu-pci", 0,
                                 append="fbcon=map:1 " + console.OPTIONS)

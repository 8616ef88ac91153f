# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's kernel shows its own console, which needs no program in the guest."""

from .picture import is_same

# Grey on blue, which shows if red and blue are exchanged; nothing blinks
OPTIONS = "console=tty0 loglevel=7 vt.color=0x17 vt.global_cursor_default=0"
BLUE, GREY = (0, 0, 170), (170, 170, 170)


def alone(heads=1):
    """Options of ci/guest with which it leaves the screen to the kernel, on a device with this number
    of heads"""
    return {"heads": heads + 1}


def wait_alone(vm):
    vm.serial.wait("SPICEGL error the card has", 60)


def wrong_console(picture, right, tolerance=0):
    """What is wrong with a picture of the console; None if it is right

    right: the picture that QEMU reports
    tolerance: how far colours may be off, as those of 16 bits a pixel are
    """
    if not is_same(picture, right):
        return "{}x{}, another than QEMU's, {}x{}".format(picture.width, picture.height, right.width,
                                                         right.height)
    for colour, share in ((BLUE, 0.03), (GREY, 0.001)):
        near = (abs(picture.pixels - colour) <= tolerance).all(axis=2).mean()
        if near < share:
            return "{:.2%} of it have the colour {}".format(near, colour)
    return None

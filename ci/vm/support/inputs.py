# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's keyboard and tablet, and the names of their events."""

DEVICES = ["-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci"]
# The key A, as a scancode of set 1 and as Linux has it
SCANCODE_A, KEY_A = 0x1e, 30
TABLET_RANGE = 0x7fff

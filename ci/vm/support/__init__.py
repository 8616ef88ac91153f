# SPDX-License-Identifier: GPL-2.0-or-later
"""What the VM tests and the demo share: machine, serial console, client, pictures."""
